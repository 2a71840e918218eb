import type { EnvironmentSummary } from '../../shared/contract/environments.ts'
import type { LiveEvent } from '../../shared/contract/live.ts'
import type { RefusedAnswer } from '../../shared/contract/logs.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { formatMoment } from '../../shared/words/durations.ts'
import type { EnvironmentRegistry } from './environments.ts'
import { Failure } from './failure.ts'
import { graphSettingsOf } from './graph-model.ts'
import type { HistoryHandlers } from './history.ts'
import { type Past, type Pasts, pastOf } from './past.ts'
import { createPastGraphs } from './past-graphs.ts'
import { pastHealth } from './past-view.ts'
import { type Clock, LineFileFailure, type LineFiles } from './ports.ts'
import type { Sessions } from './sessions.ts'
import { readSnapshot, type SnapshotContent, snapshotLines } from './snapshot-format.ts'

/** Each holds all of its facts: of more, the one that was opened first goes. */
const mostOpen = 4

/** Snapshot files that were opened, each an environment that has one time. */
export interface OpenSnapshots {
  /** null: no open snapshot is called so. */
  past(environment: string): Past | null
  summaries(): readonly EnvironmentSummary[]
  open(file: string): Promise<{ readonly environment: string; readonly at: EpochMs; readonly of: string }>
}

interface Opened {
  readonly file: string
  readonly of: string
  readonly past: Past
}

export function createSnapshots(
  files: LineFiles,
  clock: Clock,
  /** Names that environments have. */
  taken: () => readonly string[],
): OpenSnapshots {
  const opened = new Map<string, Opened>()

  function freeName(): string {
    const names = new Set([...taken(), ...opened.keys()])
    for (let number = 1; ; number += 1) if (!names.has(`snapshot-${number}`)) return `snapshot-${number}`
  }

  async function pastIn(file: string, name: string, content: SnapshotContent): Promise<Past> {
    const { at, states, gap, settings, refused } = content
    try {
      const past = await pastOf(name, { at, states, gap }, { ...settings, environment: name }, createPastGraphs(clock))
      return { ...past, logs: { refused } }
    } catch {
      // Facts of another program may be anything.
      throw new Failure('invalid', file, `${file} makes no graph.`, 'It was changed, or written by another program.')
    }
  }

  return {
    past: (environment) => opened.get(environment)?.past ?? null,
    summaries: () =>
      [...opened].map(([name, { file, of, past }]) => ({
        name,
        production: false,
        playground: false,
        file,
        problem: null,
        sourceCounts: Object.fromEntries(pastHealth(past).map(({ source, configured }) => [source, configured])),
        snapshot: { of, at: past.at },
      })),
    async open(file) {
      absolute(file)
      const content = await readSnapshot(file, files.read(file)).catch((reason: unknown) => {
        throw fileFailure(reason, file)
      })
      const name = freeName()
      const past = await pastIn(file, name, content)
      opened.set(name, { file, of: content.of, past })
      const [oldest] = opened.keys()
      if (opened.size > mostOpen && oldest !== undefined) opened.delete(oldest)
      return { environment: name, at: past.at, of: content.of }
    },
  }
}

/** The environments, open snapshots among them: these are listed, and whatever needs more than they hold is refused. */
export function withSnapshots<Registry extends EnvironmentRegistry>(
  registry: Registry,
  snapshots: Pick<OpenSnapshots, 'past' | 'summaries'>,
): Registry {
  return {
    ...registry,
    summaries: () => [...registry.summaries(), ...snapshots.summaries()],
    get(name: string) {
      const past = snapshots.past(name)
      if (past === null) return registry.get(name)
      throw new Failure(
        'read-only',
        name,
        `${name} is a snapshot of ${formatMoment(past.at)}: no server is behind it.`,
        'Choose the environment itself for what is so now, and for changing anything.',
      )
    },
  }
}

export interface SavingParts {
  readonly files: LineFiles
  readonly clock: Pick<Clock, 'now'>
  readonly version: string
  readonly sessions: Pick<Sessions, 'use'>
  readonly registry: Pick<EnvironmentRegistry, 'get'>
  readonly pasts: Pick<Pasts, 'asked'>
  readonly refused: (environment: string, at: EpochMs) => Promise<RefusedAnswer>
}

/** Writes what is known of an environment at a time into a file. Rejects with a `Failure`: `conflict` where the file is there. */
export function snapshotSaver(parts: SavingParts): HistoryHandlers['saveSnapshot'] {
  const { files, clock, version, sessions, registry, pasts } = parts

  async function contentOf(environment: string, at: EpochMs | null): Promise<Omit<SnapshotContent, 'refused'>> {
    const past = await pasts.asked(environment, at)
    if (past !== null) {
      const { gap, settings, states } = past
      return { of: environment, at: past.at, gap, settings, states: [...states.values()] }
    }
    const { observation } = await sessions.use(environment)
    const states = [...observation.store.states.values()]
    return { of: environment, at: clock.now(), gap: null, settings: graphSettingsOf(registry.get(environment)), states }
  }

  return async ({ environment, at, file }) => {
    absolute(file)
    const content = await contentOf(environment, at)
    const refused = await parts.refused(environment, content.at)
    const lines = snapshotLines({ ...content, refused }, version)
    const { bytes } = await files.write(file, lines).catch((reason: unknown) => {
      throw fileFailure(reason, file)
    })
    return { file, bytes, at: content.at }
  }
}

const clockMs = 10_000

/** What a window is told of a snapshot: how it is, once; and that time passes. */
export async function* snapshotTopics(past: Past, clock: Clock, signal: AbortSignal): AsyncGenerator<LiveEvent, void> {
  yield { topic: 'clock', now: clock.now() }
  yield { topic: 'sources', health: pastHealth(past) }
  yield { topic: 'graph', revision: past.at }
  while (!signal.aborted) {
    await clock.sleep(clockMs, signal).catch(() => {}) // nobody listens any more
    if (!signal.aborted) yield { topic: 'clock', now: clock.now() }
  }
}

/** Whoever asks may be in another folder than the service. */
function absolute(file: string): void {
  if (/^(\/|[A-Za-z]:[\\/]|\\\\)/.test(file)) return
  throw new Failure('invalid', file, 'The path of a snapshot has to be absolute.', 'Write the whole path.')
}

function fileFailure(reason: unknown, file: string): unknown {
  if (!(reason instanceof LineFileFailure)) return reason
  const { code, message } = reason
  switch (code) {
    case 'exists':
      return new Failure('conflict', file, message, 'Choose another name: no file is written over.')
    case 'not-found':
      return new Failure('not-found', file, message, 'Correct the path.')
    case 'full':
      return new Failure('exhausted', file, message, 'Make room on the disk and try again.')
    case 'damaged':
      return new Failure('invalid', file, message, 'Ask for the file again.')
    case 'too-large':
      return new Failure('exhausted', file, message, 'It was not saved by Everyhop, or is of more than it can show.')
    default:
      return new Failure('forbidden', file, message, 'Let this user read and write there.')
  }
}
