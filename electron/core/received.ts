import type { ReceivedLog } from './ports.ts'

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
