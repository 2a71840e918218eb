import type { SourceTest } from '../../shared/contract/environments.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import type { ObserveSettings } from './ports.ts'

/** Id of the source `logs/…` that what a receiver takes is read as. With its space no source of environment.yaml can be called so. */
export const receivedLogId = 'everyhop serve'

/** What the receiver of `everyhop serve` takes for one environment, read like a log that is followed. */
export interface ReceivedLog {
  /** Where it listens, for people. */
  readonly place: string
  observe(settings: ObserveSettings, signal: AbortSignal): AsyncIterable<Report>
  test(settings: ObserveSettings): SourceTest
}

export interface ReceivedLogs {
  /** null: nothing is received for that environment. */
  of(environment: string): ReceivedLog | null
  /** Gives what ends it. */
  subscribe(changed: () => void): () => void
}

export interface ReceivedLogsRegister extends ReceivedLogs {
  /** Gives what takes it away. */
  add(environment: string, log: ReceivedLog): () => void
}

export function createReceivedLogs(): ReceivedLogsRegister {
  const logs = new Map<string, ReceivedLog>()
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  return {
    of: (environment) => logs.get(environment) ?? null,
    subscribe(changed) {
      listeners.add(changed)
      return () => void listeners.delete(changed)
    },
    add(environment, log) {
      logs.set(environment, log)
      tell()
      return () => {
        if (logs.get(environment) === log) logs.delete(environment)
        tell()
      }
    },
  }
}
