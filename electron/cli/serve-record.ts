import { join } from 'node:path'
import { countOf } from '../../shared/words/durations.ts'
import { historyKeptWords } from '../../shared/words/moments.ts'
import { Failure } from '../core/failure.ts'
import { historyRetention } from '../core/history-retention.ts'
import type { HistoryRetention } from '../core/history-store.ts'
import type { SharedService } from '../service/shared-service.ts'
import { UsageError } from './command.ts'

/** Environments to record without a window; `names: null`: all. */
export interface ToRecord {
  readonly names: readonly string[] | null
}

/** null: nothing is recorded but what a window looks at. Throws `UsageError`. */
export function recordFrom(values: {
  readonly record?: boolean | undefined
  readonly env?: readonly string[] | undefined
  readonly 'decision-logs'?: string | undefined
}): ToRecord | null {
  const names = values.env ?? []
  if (values['decision-logs'] !== undefined && names.length > 1) {
    throw new UsageError('decision logs belong to one environment: give --env once')
  }
  if (values.record !== true) {
    if (names.length > 0 && values['decision-logs'] === undefined) {
      throw new UsageError('--env needs --decision-logs or --record')
    }
    return null
  }
  return { names: names.length === 0 ? null : names }
}

/** Rejects with `locked` when another Everyhop owns the data folder: only that one can write there. */
export async function startRecordingIn(
  shared: Pick<SharedService, 'composed' | 'dataFolder'>,
  { names }: ToRecord,
): Promise<{ sentence(): string; stop(): void }> {
  const { startRecording } = await import('../service/recording.ts')
  const composed = shared.composed()
  if (composed === null) {
    const sentence = `Another Everyhop keeps its records in ${shared.dataFolder}: only that one can record there.`
    throw new Failure('locked', shared.dataFolder, sentence, 'Stop that one, or give another folder with --data.')
  }
  const recording = await startRecording({ service: composed.service, log: composed.service.log }, names)
  return {
    sentence() {
      const kept = recording.environments().map((name) => ({
        name,
        retention: historyRetention(composed.service.registry.get(name).environment),
      }))
      return recordingSentence(kept, join(composed.folder.path, 'history'))
    },
    stop: () => recording.stop(),
  }
}

export interface RecordedEnvironment {
  readonly name: string
  readonly retention: HistoryRetention
}

export function recordingSentence(environments: readonly RecordedEnvironment[], folder: string): string {
  if (environments.length === 0) {
    return `Nothing is recorded yet: no environment is written down. What is known when will be kept in ${folder}.`
  }
  const names = environments.map(({ name }) => name).join(', ')
  const what = `Recording ${countOf(environments.length, 'environment')} (${names})`
  return `${what}. What was known when is kept in ${folder}: ${keptWords(environments)}.`
}

function keptWords(environments: readonly RecordedEnvironment[]): string {
  const words = environments.map(({ name, retention }) => ({ name, kept: historyKeptWords(retention) }))
  const [first] = words
  if (first !== undefined && words.every(({ kept }) => kept === first.kept)) {
    return words.length === 1 ? first.kept : `${first.kept} for each`
  }
  return words.map(({ name, kept }) => `${name} ${kept}`).join('; ')
}
