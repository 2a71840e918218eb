import type { SourceHealth, SourceTest } from '../../shared/contract/environments.ts'
import type { EnvoySource, LogSource, OpaSource, SpireSource } from '../../shared/domain/model/environment.ts'
import type { SourceKind } from '../../shared/domain/model/fact.ts'
import type { LoadedEnvironment } from './environments.ts'
import { createFactStore, type FactStore } from './fact-store.ts'
import { createPace, type SharedPace } from './pace.ts'
import type { Connector, ConnectorPorts, ObserveSettings } from './ports.ts'
import { createHealth } from './source-health.ts'

/** How each kind of source is read. Composition passes them in: the core knows no connector. */
export interface Connectors {
  readonly spire: Connector<SpireSource>
  readonly envoy: Connector<EnvoySource>
  readonly opa: Connector<OpaSource>
  readonly logs: Connector<LogSource>
}

export type ObservationPorts = Omit<ConnectorPorts, 'pace'>

/** The running reading of one environment. */
export interface Observation {
  readonly store: FactStore
  health(): readonly SourceHealth[]
  /** The environment's file changed: sources that stay as they are keep running. */
  update(loaded: LoadedEnvironment): void
  /** `<kind>/<instance>` of the sources that are looked at. */
  attend(sources: ReadonlySet<string>): void
  stop(): void
}

interface SourceTask {
  readonly source: string
  readonly kind: SourceKind
  readonly instance: string
  /** Changes when the reader has to be started anew. */
  readonly definition: string
  readonly observe: (ports: ConnectorPorts, signal: AbortSignal) => ReturnType<Connector<never>['observe']>
  readonly test: (ports: ConnectorPorts, signal: AbortSignal) => Promise<SourceTest>
}

const firstRestartMs = 1_000
const longestRestartMs = 30_000

export function startObservation(
  loaded: LoadedEnvironment,
  connectors: Connectors,
  ports: ObservationPorts,
): Observation {
  const store = createFactStore()
  const pace = createPace(ports.clock, loaded.environment.requestBudget)
  const health = createHealth(store, (source) => pace.turnsOf(source))
  const running = new Map<string, { readonly definition: string; readonly controller: AbortController }>()
  update(loaded)

  function update(next: LoadedEnvironment): void {
    pace.setBudget(next.environment.requestBudget)
    const tasks = new Map(sourceTasks(next, connectors).map((task) => [task.source, task]))
    for (const [source, { definition, controller }] of running) {
      if (tasks.get(source)?.definition === definition) continue
      controller.abort()
      running.delete(source)
      pace.forget(source)
      store.forget(source)
    }
    health.configure([...tasks.values()])
    for (const task of tasks.values()) {
      if (running.has(task.source)) continue
      const controller = new AbortController()
      running.set(task.source, { definition: task.definition, controller })
      void keepObserving(task, store, pace, ports, controller.signal)
    }
  }

  return {
    store,
    health: () => health.read(),
    update,
    attend: (sources) => pace.attend(sources),
    stop() {
      for (const { controller } of running.values()) controller.abort()
      running.clear()
    },
  }
}

/** Asks every source once, side by side; nothing of it enters a fact store. */
export async function testSources(
  loaded: LoadedEnvironment,
  connectors: Connectors,
  ports: ObservationPorts,
  signal: AbortSignal,
): Promise<readonly SourceTest[]> {
  const pace = createPace(ports.clock, loaded.environment.requestBudget)
  return Promise.all(
    sourceTasks(loaded, connectors).map(async (task) => {
      const startedAt = ports.clock.now()
      try {
        return await task.test({ ...ports, pace: pace.forSource(task.source) }, signal)
      } catch (reason) {
        signal.throwIfAborted()
        ports.log.error('a connection test failed in an unexpected way', {
          source: task.source,
          reason: String(reason),
        })
        return brokenTest(task, ports.clock.now() - startedAt)
      }
    }),
  )
}

function brokenTest(task: SourceTask, tookMs: number): SourceTest {
  const detail = 'the test itself failed; the log of Everyhop has the details'
  return {
    source: task.kind,
    instance: task.instance,
    address: '',
    outcome: 'unusable',
    version: null,
    tookMs,
    steps: [{ what: 'test', locator: '', outcome: 'invalid', detail }],
  }
}

/** A reader that ends or throws is a defect of ours: it becomes a gap, and it is started again, later and later. */
async function keepObserving(
  task: SourceTask,
  store: FactStore,
  pace: SharedPace,
  ports: ObservationPorts,
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
          store.statesOf(task.source).some((state) => !state.current),
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

function sourceTasks(loaded: LoadedEnvironment, connectors: Connectors): readonly SourceTask[] {
  const { sources, windowSeconds } = loaded.environment
  const settings: ObserveSettings = { baseDirectory: loaded.baseDirectory, windowSeconds }
  function tasksOf<Source extends { readonly id: string }>(
    kind: SourceKind,
    connector: Connector<Source>,
    configured: readonly Source[],
  ): readonly SourceTask[] {
    return configured.map((source) => ({
      source: `${kind}/${source.id}`,
      kind,
      instance: source.id,
      definition: JSON.stringify([source, settings]),
      observe: (ports, signal) => connector.observe(source, settings, ports, signal),
      test: (ports, signal) => connector.test(source, settings, ports, signal),
    }))
  }
  return [
    ...tasksOf('spire', connectors.spire, sources.spire),
    ...tasksOf('envoy', connectors.envoy, sources.envoy),
    ...tasksOf('opa', connectors.opa, sources.opa),
    ...tasksOf('logs', connectors.logs, sources.logs),
  ]
}
