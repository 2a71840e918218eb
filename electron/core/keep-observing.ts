import type { FactStore } from './fact-store.ts'
import type { SharedPace } from './pace.ts'
import type { ConnectorPorts } from './ports.ts'
import type { SourceTask } from './source-tasks.ts'

const firstRestartMs = 1_000
const longestRestartMs = 30_000

/** A reader that ends or throws is a defect of ours: it becomes a gap, and it is started again, later and later. */
export async function keepObserving(
  task: SourceTask,
  store: FactStore,
  pace: SharedPace,
  ports: Omit<ConnectorPorts, 'pace'>,
  signal: AbortSignal,
): Promise<void> {
  const readerScope = `${task.source}/reader`
  let wait = firstRestartMs
  while (!signal.aborted) {
    let problem = 'the reader of this source ended'
    try {
      for await (const report of task.observe({ ...ports, pace: pace.forSource(task.source) }, signal)) {
        if (signal.aborted) return
        wait = firstRestartMs
        store.drop(readerScope)
        store.accept(report)
        pace.setFailing(
          task.source,
          store.statesOf(task.source).some(({ current, scope }) => !current && !store.restored.has(scope)),
        )
      }
    } catch (reason) {
      if (signal.aborted) return
      problem = 'the reader of this source failed in an unexpected way'
      ports.log.error(problem, { source: task.source, reason: String(reason) })
    }
    if (signal.aborted) return
    const at = ports.clock.now()
    const detail = `${problem}; it starts again in ${Math.round(wait / 1000)} s, and the log of Everyhop has the details`
    const gap = { source: task.kind, instance: task.instance, what: 'reader', reason: 'invalid', detail, at } as const
    store.accept({ scope: readerScope, at, facts: null, gaps: [gap] })
    await ports.clock.sleep(wait, signal).catch(() => {}) // the loop's condition ends it
    wait = Math.min(wait * 2, longestRestartMs)
  }
}
