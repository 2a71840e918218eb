import { isPreview } from '../../shared/contract/environment-setup.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { SystemInfo } from '../../shared/contract/system.ts'
import { createEnvironmentHandlers, type EnvironmentParts } from '../core/environment-handlers.ts'
import { withPreviews } from '../core/environment-previews.ts'
import { type EnvironmentFolder, type EnvironmentRegistry, watchEnvironments } from '../core/environments.ts'
import { createGraphHandlers } from '../core/graph.ts'
import { liveTopics } from '../core/live.ts'
import { createLogStores, type LogStores } from '../core/log-keeping.ts'
import type { LogStore } from '../core/log-store.ts'
import { createLogsHandlers } from '../core/logs.ts'
import type { OpenLastKnown } from '../core/ports.ts'
import type { SecretsStore } from '../core/secrets.ts'
import { type BindModel, createSessions, type Sessions } from '../core/sessions.ts'
import type { SettingsHandlers } from '../core/settings.ts'
import type { Connectors, ObservationPorts } from '../core/source-tasks.ts'
import type { DiagnosisParts, RecordReading } from '../diagnosis/parts.ts'
import { diagnosisOf, diagnosisPartsOf } from './diagnosis.ts'
import type { PlaygroundService } from './playground.ts'
import type { PolicyNeighbours, PolicyService } from './policy.ts'
import { type ProbingPorts, probingOf } from './probing.ts'
import { createRouter, type ServiceRouter } from './router.ts'

/** The core behind the contract, ready for any door. */
export interface Service {
  readonly router: ServiceRouter
  readonly registry: EnvironmentRegistry
  /** The log stores of the environments: the receiver puts into them too. */
  readonly logStores: LogStores
  /** What is read now, and what a diagnosis is made of: tests keep both, and diagnose again with less. */
  readonly sessions: Sessions
  readonly diagnosis: DiagnosisParts
  /** Stops every reading, and resolves when the log stores are closed. Doors are closed by whoever opened them. */
  stop(): Promise<void>
}

export interface ServiceParts {
  readonly info: SystemInfo
  readonly ports: ObservationPorts
  readonly folder: EnvironmentFolder
  readonly connectors: Connectors
  readonly bindModel: BindModel
  readonly openLogStore: (environment: string) => Promise<LogStore>
  /** Where the last known facts of an environment are kept; without it nowhere. */
  readonly openLastKnown?: OpenLastKnown
  readonly secrets: SecretsStore
  readonly settings: SettingsHandlers
  readonly policy: (neighbours: PolicyNeighbours) => PolicyService
  readonly playground: (neighbours: PlaygroundNeighbours) => PlaygroundService
  /** The playground starts by itself when nobody has written an environment down. */
  readonly startsPlayground: boolean
  /** How log records are understood. */
  readonly records: RecordReading
  readonly probing: ProbingPorts
  readonly setup: Pick<EnvironmentParts, 'machine' | 'writer' | 'shippedRights'>
}

/** What the rest of the service gives to the playground. */
export interface PlaygroundNeighbours {
  readonly folder: EnvironmentFolder
  readonly refresh: () => Promise<void>
  readonly forget: () => Promise<void>
  /** The playground's environment is read for somebody. */
  readonly isRead: () => boolean
  /** Path of opa; null: there is none. */
  readonly opa: () => Promise<string | null>
}

/** Milliseconds. */
const signOutMs = 1500

export function createService(parts: ServiceParts): Service {
  const { ports, connectors } = parts
  const ended = new AbortController()
  const playground = parts.playground({
    folder: parts.folder,
    refresh: () => watched.refresh(),
    forget: () => logStores.forget(playgroundEnvironment),
    isRead: () => sessions.isRead(playgroundEnvironment),
    opa: () => policy.opaProgram(),
  })
  const { folder } = playground
  const watched = watchEnvironments({ ...ports, folder }, ended.signal)
  const registry = withPreviews(watched, { ...ports, folder }, ended.signal)
  const logStores = createLogStores(parts.openLogStore, ports)
  const sessions = createSessions(
    registry,
    connectors,
    ports,
    parts.bindModel,
    (name) => (isPreview(name) ? null : logStores.sinkOf(name)),
    (name) => (isPreview(name) || name === playgroundEnvironment ? null : (parts.openLastKnown?.(name) ?? null)),
  )
  const graph = createGraphHandlers(sessions)
  const logs = createLogsHandlers(sessions, logStores, ports.clock)
  const policy = parts.policy({ registry, sessions, graph, logs })
  const diagnosis = diagnosisPartsOf({
    clock: ports.clock,
    log: ports.log,
    records: parts.records,
    sessions,
    logStores,
    policy: policy.asked,
    probing: probingOf(parts.probing, ports, sessions, registry, policy.actions),
  })
  const router = createRouter({
    system: { info: async () => parts.info },
    environments: createEnvironmentHandlers({
      ...parts.setup,
      watched,
      registry,
      folder,
      sessions,
      connectors,
      ports,
    }),
    graph,
    logs,
    diagnosis: diagnosisOf(diagnosis),
    changes: policy.changes,
    policy: policy.policy,
    playground: playground.handlers,
    secrets: parts.secrets,
    settings: parts.settings,
    live: {
      topics: ({ environment }, signal) => liveTopics(environment, { sessions, registry, clock: ports.clock }, signal),
    },
  })
  if (parts.startsPlayground) void playground.startIfAlone()
  return {
    router,
    registry,
    logStores,
    sessions,
    diagnosis,
    async stop() {
      sessions.stop()
      ended.abort()
      // Whoever signed in signs out; a server that does not answer is not waited for.
      const late = new AbortController()
      await Promise.race([sessions.ended(), ports.clock.sleep(signOutMs, late.signal).catch(() => {})])
      late.abort()
      parts.secrets.stop()
      await playground.close()
      await policy.close()
      await logStores.close()
    },
  }
}
