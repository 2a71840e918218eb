import { join } from 'node:path'
import { countOf, formatDuration } from '../../shared/words/durations.ts'
import { Failure } from '../core/failure.ts'
import { historyRetention } from '../service/opening-histories.ts'
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
    sentence: () => recordingSentence(recording.environments(), join(composed.folder.path, 'history')),
    stop: () => recording.stop(),
  }
}

export function recordingSentence(environments: readonly string[], folder: string): string {
  const { maxAgeMs, maxBytes } = historyRetention
  const what =
    environments.length === 0
      ? 'Nothing is recorded yet: no environment is written down'
      : `Recording ${countOf(environments.length, 'environment')} (${environments.join(', ')})`
  return `${what}. What was known when is kept in ${folder}: the last ${formatDuration(maxAgeMs)}, at most ${maxBytes / 1024 ** 3} GB for each.`
}
