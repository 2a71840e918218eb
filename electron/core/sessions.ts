import type { GraphSettings } from '../../shared/domain/graph/build.ts'
import type { WatchGapWhy } from '../../shared/domain/history/model.ts'
import type { EnvironmentRegistry, LoadedEnvironment } from './environments.ts'
import type { FactStore } from './fact-store.ts'
import { type GraphKeeper, keepGraph } from './graph-keeper.ts'
import { type BindModel, graphSettingsOf } from './graph-model.ts'
import { type HistoryRecorder, recordHistory } from './history-recording.ts'
import type { HistoryStore } from './history-store.ts'
import { keepLastKnown, type LastKnownKeeper } from './last-known.ts'
import { type Observation, startObservation } from './observation.ts'
import type { LogSink, OpenLastKnown } from './ports.ts'
import type { Connectors, ObservationPorts } from './source-tasks.ts'

/** One environment that is being read. */
export interface Session {
  readonly name: string
  readonly observation: Observation
  readonly keeper: GraphKeeper
  /** What a window looks at. Holds as long as that window asks something now and then. */
  attend(viewer: string, sources: ReadonlySet<string>): void
  seen(viewer: string): void
  /** Aborted when the environment is gone. */
  readonly gone: AbortSignal
}

/** Starts reading an environment when somebody asks for it, and stops a while after nobody does. */
export interface Sessions {
  /** For one question: keeps the environment alive for a while. Throws `not-found` or `invalid`. */
  use(name: string): Promise<Session>
  /** For a stream of updates: alive until released, and a while longer. */
  hold(name: string): Promise<{ readonly session: Session; release(): void }>
  /** Somebody asks for it, or did a while ago. */
  isRead(name: string): boolean
  /** The computer goes to sleep, or woke: nothing is read meanwhile, and everything at once afterwards. */
  power(event: 'suspend' | 'resume'): void
  stop(): void
  /** Resolves when everything that was read has ended. */
  ended(): Promise<void>
}

interface Running extends Session {
  holders: number
  linger: AbortController | null
  readonly end: AbortController
  readonly lastKnown: LastKnownKeeper | null
  readonly recorder: HistoryRecorder | null
  readonly attended: Map<string, { readonly sources: ReadonlySet<string>; readonly until: number }>
}

const lingerMs = 60_000
/** A window that asked nothing for so long has gone away without a word. */
const attentionMs = 60_000

export function createSessions(
  registry: EnvironmentRegistry,
  connectors: Connectors,
  ports: ObservationPorts,
  bindModel: BindModel,
  sinkOf: (environment: string) => LogSink | null = () => null,
  openLastKnown: OpenLastKnown = () => null,
  historyOf: (environment: string) => HistoryStore | null = () => null,
): Sessions {
  const running = new Map<string, Running>()
  const endings = new Set<Promise<void>>()

  const unsubscribe = registry.subscribe((event) => {
    const session = running.get(event.name)
    if (session === undefined) return
    if (event.type === 'removed') end(session)
    if (event.type === 'loaded') {
      session.observation.update(registry.get(event.name))
      session.keeper.invalidate()
      session.recorder?.configured()
    }
  })

  function start(name: string): Running {
    let latest = registry.get(name)
    const loaded = (): LoadedEnvironment => {
      try {
        latest = registry.get(name)
      } catch {
        // The file is gone or broken at this moment: the registry announces it; until then the last content holds.
      }
      return latest
    }
    const observation = startObservation(latest, connectors, ports, sinkOf(name))
    const lastKnown = restore(name, observation)
    const keeper = keepGraph(observation.store, bindModel(observation.store, loaded), ports.clock, ports.log)
    if (observation.store.restored.size > 0) tryRestored(name, observation.store, keeper)
    const recorder = record(name, observation, keeper, () => graphSettingsOf(loaded()))
    const gone = new AbortController()
    const attended: Running['attended'] = new Map()
    const session: Running = {
      name,
      observation,
      keeper,
      gone: gone.signal,
      holders: 0,
      linger: null,
      end: gone,
      lastKnown,
      recorder,
      attended,
      attend(viewer, sources) {
        attended.set(viewer, { sources, until: ports.clock.now() + attentionMs })
        attendAll(session)
      },
      seen(viewer) {
        const entry = attended.get(viewer)
        if (entry !== undefined) attended.set(viewer, { ...entry, until: ports.clock.now() + attentionMs })
      },
    }
    running.set(name, session)
    return session
  }

  /** Before the first report comes, so that a window has something to show at once. */
  function restore(name: string, observation: Observation): LastKnownKeeper | null {
    try {
      const kept = openLastKnown(name)
      if (kept === null) return null
      observation.restore(kept.load())
      return keepLastKnown(observation.store, kept, ports.clock, ports.log)
    } catch (reason) {
      ports.log.warn('what was last known of an environment is not there', {
        environment: name,
        reason: String(reason),
      })
      return null
    }
  }

  function record(
    name: string,
    { store }: Observation,
    keeper: GraphKeeper,
    settings: () => GraphSettings,
  ): HistoryRecorder | null {
    const history = historyOf(name)
    return history === null
      ? null
      : recordHistory({ store, keeper, settings, history, clock: ports.clock, log: ports.log })
  }

  /** Facts that we wrote ourselves must not keep an environment from being shown, whatever is in them. */
  function tryRestored(name: string, store: FactStore, keeper: GraphKeeper): void {
    try {
      keeper.current()
    } catch (reason) {
      ports.log.error('the last known facts made no graph', { environment: name, reason: String(reason) })
      for (const scope of store.restored) store.drop(scope)
      keeper.invalidate()
    }
  }

  function attendAll({ attended, observation }: Running): void {
    const now = ports.clock.now()
    for (const [viewer, { until }] of attended) if (until <= now) attended.delete(viewer)
    observation.attend(new Set([...attended.values()].flatMap(({ sources }) => [...sources])))
  }

  function end(session: Running, why: WatchGapWhy = 'not-watched'): void {
    session.linger?.abort()
    session.recorder?.stop(why)
    session.keeper.stop()
    session.lastKnown?.stop()
    session.observation.stop()
    if (running.get(session.name) === session) running.delete(session.name)
    session.end.abort()
    const ending = session.observation.ended()
    endings.add(ending)
    void ending.finally(() => endings.delete(ending))
  }

  function lingerOn(session: Running): void {
    session.linger?.abort()
    session.linger = null
    if (session.holders > 0 || session.end.signal.aborted) return
    const controller = new AbortController()
    session.linger = controller
    ports.clock.sleep(lingerMs, controller.signal).then(
      () => end(session),
      () => {}, // somebody asked again
    )
  }

  async function find(name: string): Promise<Running> {
    await registry.ready()
    return running.get(name) ?? start(name)
  }

  return {
    async use(name) {
      const session = await find(name)
      lingerOn(session)
      const now = ports.clock.now()
      if ([...session.attended.values()].some(({ until }) => until <= now)) attendAll(session)
      return session
    },
    async hold(name) {
      const session = await find(name)
      session.holders += 1
      lingerOn(session)
      let isHeld = true
      return {
        session,
        release() {
          if (!isHeld) return
          isHeld = false
          session.holders -= 1
          lingerOn(session)
        },
      }
    },
    isRead: (name) => running.has(name),
    power(event) {
      for (const { observation, recorder } of running.values()) {
        observation.power(event)
        recorder?.power(event)
      }
    },
    stop() {
      unsubscribe()
      for (const session of running.values()) end(session, 'not-running')
    },
    async ended() {
      await Promise.allSettled(endings)
    },
  }
}
