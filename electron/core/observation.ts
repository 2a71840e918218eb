import type { Duplex } from 'node:stream'
import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { Fact, ScopeState } from '../../shared/domain/model/fact.ts'
import { ClusterFailure } from './cluster-link.ts'
import { clusterTasks } from './cluster-tasks.ts'
import { createClusterLinks } from './clusters.ts'
import { configuredTasks } from './configured-tasks.ts'
import { startDiscovery } from './discovery.ts'
import type { LoadedEnvironment } from './environments.ts'
import { createFactStore, type FactStore, sourceOf } from './fact-store.ts'
import { Failure } from './failure.ts'
import { keepObserving } from './keep-observing.ts'
import type { LogHistory } from './log-store.ts'
import { chooseStreams, mostStreams, turnMs } from './log-turns.ts'
import { createPace } from './pace.ts'
import type { LoadedModule, LogSink, VaultLoan } from './ports.ts'
import { createHealth } from './source-health.ts'
import { type Connectors, type FindCluster, type ObservationPorts, type SourceTask } from './source-tasks.ts'
import { vaultLogOf } from './vault-audits.ts'

/** Of the time that the computer is awake. Milliseconds. */
const longestSleepMs = 30_000

export interface PodAddress {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

/** The running reading of one environment. */
export interface Observation {
  readonly store: FactStore
  health(): readonly SourceHealth[]
  /** The environment's file changed: sources that stay as they are keep running. */
  update(loaded: LoadedEnvironment): void
  /** Puts back what was known before this start, of sources that still are there. */
  restore(states: readonly ScopeState[]): void
  /** `<kind>/<instance>` of the sources that are looked at. */
  attend(sources: ReadonlySet<string>): void
  /** Opens a stream to a port of a pod of one of its clusters. Rejects with an error whose `reason` is a `GapReason`. */
  dialPod(cluster: string, target: PodAddress, signal: AbortSignal): Promise<Duplex>
  /** What one OPA has loaded, `opa/<id>`: asked now, through the way that its readings take. Rejects with a `Failure`. */
  modules(source: string, signal: AbortSignal): Promise<readonly LoadedModule[]>
  /**
   * Signs in at a Vault, lends that to `use`, and signs out. Rejects with what `use` rejects with, with `not-found`, or with an
   * error whose `reason` is a `GapReason`.
   */
  lendVault<Result>(vault: string, use: (loan: VaultLoan) => Promise<Result>, signal: AbortSignal): Promise<Result>
  /** Logs of this environment that are kept elsewhere. */
  histories(): readonly LogHistory[]
  /**
   * `suspend`: ends every reader, and what they told stays as it was read. `resume`: reads everything anew, at once; also a while
   * after `suspend` when nobody says that the computer woke.
   */
  power(event: 'suspend' | 'resume'): void
  stop(): void
  /** Resolves when every reader has ended: one that signed in signs out first. */
  ended(): Promise<void>
}

/**
 * Reads the sources that environment.yaml names, and those that are found in its clusters: these come and go with their pods.
 * `sink` gets the lines of all logs that are followed.
 */
export function startObservation(
  first: LoadedEnvironment,
  connectors: Connectors,
  ports: ObservationPorts,
  sink: LogSink | null = null,
): Observation {
  const store = createFactStore()
  const pace = createPace(ports.clock, first.environment.requestBudget)
  const health = createHealth(store, (source) => pace.turnsOf(source))
  const running = new Map<string, { readonly definition: string; readonly controller: AbortController }>()
  const links = createClusterLinks(ports)
  const discovery = startDiscovery(store, ports.clock, reconcile)
  const ended = new AbortController()
  const vaultLog = vaultLogOf(store)
  const readings = new Set<Promise<void>>()
  let loaded = first
  let attended: ReadonlySet<string> = new Set()
  let turn = 0
  let isTurning = false
  let paused = new Set<string>()
  let asleep: AbortController | null = null

  const clusterOf: FindCluster = (id) => {
    const link = links.linkOf(id)
    return link === null ? null : { link, findings: () => discovery.findings(id) }
  }
  const unsubscribe = ports.received?.subscribe(reconcile)
  reconcile()

  function tasksNow(): readonly SourceTask[] {
    const configured = configuredTasks(loaded, connectors, ports, clusterOf)
    const taken = new Set(configured.map(({ source }) => source))
    const found = links.ids().flatMap((id) => {
      const known = clusterOf(id)
      return known === null ? [] : clusterTasks(loaded, id, known, connectors, ports, taken)
    })
    return [...configured, ...found]
  }

  /** Starts what is new, ends what is gone or changed, and leaves the rest alone. */
  function reconcile(): void {
    if (ended.signal.aborted || asleep !== null) return
    links.update(loaded)
    const tasks = new Map(tasksNow().map((task) => [task.source, task]))
    for (const [source, { definition }] of running) {
      if (tasks.get(source)?.definition !== definition) end(source)
    }
    for (const source of paused) if (!tasks.has(source)) store.forget(source)
    forgetRestored(tasks)
    paused = new Set()
    health.configure([...tasks.values()], isLookedThrough)
    const streams = [...tasks.values()].filter(({ streamOf }) => streamOf !== undefined)
    const chosen = chooseStreams(streams.map(standing), turn)
    for (const task of tasks.values()) {
      if (task.streamOf !== undefined && !chosen.has(task.source)) pause(task, streams.length)
      else if (!running.has(task.source)) start(task)
    }
    if (streams.length > mostStreams) void keepTurning()
  }

  function start(task: SourceTask): void {
    const controller = new AbortController()
    running.set(task.source, { definition: task.definition, controller })
    const { openCluster: _open, httpGetOver: _over, ...plain } = ports
    const own = {
      ...plain,
      ...(task.kind === 'logs' && sink !== null ? { logSink: sink } : {}),
      ...(task.kind === 'vault' ? { vaultLog } : {}),
    }
    const reading = keepObserving(task, store, pace, own, controller.signal)
    readings.add(reading)
    void reading.finally(() => readings.delete(reading))
  }

  function end(source: string): void {
    running.get(source)?.controller.abort(new Error('this source is no longer read'))
    running.delete(source)
    pace.forget(source)
    store.forget(source)
  }

  /** What was known before this start of sources that are no longer there; as long as a cluster was not looked through they may be. */
  function forgetRestored(tasks: ReadonlyMap<string, SourceTask>): void {
    if (store.restored.size === 0 || links.ids().some((id) => discovery.findings(id) === null)) return
    const sources = new Set([...store.restored].map(sourceOf))
    for (const source of sources) if (!tasks.has(source)) store.forget(source)
  }

  /** Its facts stay as the last known ones, and the gap says why. */
  function pause({ source, instance }: SourceTask, streams: number): void {
    paused.add(source)
    const wasRunning = running.get(source)
    wasRunning?.controller.abort(new Error('other logs take their turn'))
    running.delete(source)
    if (wasRunning === undefined && store.statesOf(source).length > 0) return
    const at = ports.clock.now()
    const detail = `${streams} logs could be followed and ${mostStreams} are at once: this one takes turns of ${turnMs / 1000} s; select its workload to follow it now`
    const gap = { source: 'logs', instance, what: 'log-turn', reason: 'not-configured', detail, at } as const
    for (const part of ['activity', 'intake']) {
      store.accept({ scope: `${source}/${part}`, at, facts: null, gaps: [gap] })
    }
  }

  /** What is open leads nowhere after a sleep, and is noticed only when a deadline passed. */
  function power(event: 'suspend' | 'resume'): void {
    asleep?.abort()
    asleep = null
    if (ended.signal.aborted) return
    for (const [source, { controller }] of running) {
      controller.abort(new Error('this computer sleeps'))
      pace.forget(source)
    }
    running.clear()
    links.close()
    if (event === 'resume') {
      reconcile()
      return
    }
    const waking = new AbortController()
    asleep = waking
    // Not every system says that it woke, and some say that they sleep and do not.
    ports.clock.sleep(longestSleepMs, AbortSignal.any([waking.signal, ended.signal])).then(
      () => power('resume'),
      () => {}, // it woke, or nothing is read any more
    )
  }

  async function keepTurning(): Promise<void> {
    if (isTurning) return
    isTurning = true
    await ports.clock.sleep(turnMs, ended.signal).catch(() => {}) // stopped: reconcile does nothing then
    isTurning = false
    turn += 1
    reconcile()
  }

  function standing({ source, streamOf = [] }: SourceTask) {
    const states = streamOf.flatMap((one) => (one === source ? [] : store.statesOf(one)))
    const told = store.statesOf(source).flatMap(({ facts }) => facts)
    return {
      id: source,
      attended: streamOf.some((one) => attended.has(one)),
      failing: states.some(({ current }) => !current) || told.some(tellsOfFailure),
    }
  }

  /** Until a cluster was looked through nobody knows what else is to be read. */
  function isLookedThrough(source: string): boolean {
    const [kind, id = ''] = source.split('/', 2)
    return kind !== 'kubernetes' || discovery.findings(id) !== null
  }

  return {
    store,
    health: () => health.read(),
    update(next) {
      loaded = next
      pace.setBudget(next.environment.requestBudget)
      reconcile()
    },
    restore(states) {
      store.restore(states)
      reconcile()
    },
    attend(sources) {
      pace.attend(sources)
      attended = sources
      if (paused.size > 0) reconcile()
    },
    async dialPod(cluster, target, signal) {
      const link = links.linkOf(cluster)
      if (link === null) throw new ClusterFailure('no-way', `the cluster ${cluster} is no longer read`)
      return link.dial(target, signal)
    },
    async modules(source, signal) {
      const task = tasksNow().find((each) => each.source === source)
      if (task?.modules === undefined)
        throw new Failure('not-found', source, `${source} is no OPA of this environment.`)
      const { openCluster: _open, httpGetOver: _over, ...plain } = ports
      try {
        return await task.modules({ ...plain, pace: pace.forSource(source) }, signal)
      } catch (reason) {
        if (signal.aborted) throw reason
        const words = reason instanceof Error ? reason.message : String(reason)
        throw new Failure('unreachable', source, `${source} did not tell its policies: ${words}`)
      }
    },
    async lendVault(vault, use, signal) {
      const source = `vault/${vault}`
      const task = tasksNow().find((each) => each.source === source)
      if (task?.lend === undefined) {
        throw new Failure(
          'not-found',
          vault,
          `environment.yaml names no Vault ${vault}.`,
          'Add it to sources.vault, or correct policy.bundles.signing.key.',
        )
      }
      const { openCluster: _open, httpGetOver: _over, ...plain } = ports
      return task.lend({ ...plain, pace: pace.forSource(source) }, use, signal)
    },
    histories() {
      const { openCluster: _open, httpGetOver: _over, ...plain } = ports
      return tasksNow().flatMap(({ source, history }) => history?.({ ...plain, pace: pace.forSource(source) }) ?? [])
    },
    power,
    stop() {
      ended.abort()
      unsubscribe?.()
      discovery.stop()
      for (const { controller } of running.values()) controller.abort()
      running.clear()
      links.close()
    },
    async ended() {
      await Promise.allSettled(readings)
    },
  }
}

function tellsOfFailure(fact: Fact): boolean {
  switch (fact.kind) {
    case 'hop-activity':
      return (
        fact.authorisationErrors + fact.failedOpen + fact.upstreamFailures + fact.handshakeFailures + fact.plaintext > 0
      )
    case 'decision-activity':
      return fact.errors > 0
    case 'identity-claims':
      return fact.contradicted > 0
    case 'integrity-activity':
      return fact.lastFailure !== null
    default:
      return false
  }
}
