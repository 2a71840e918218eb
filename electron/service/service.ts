import { isPreview } from '../../shared/contract/environment-setup.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { SystemInfo } from '../../shared/contract/system.ts'
import { createEnvironmentHandlers, type EnvironmentParts } from '../core/environment-handlers.ts'
import { withPreviews } from '../core/environment-previews.ts'
import { type EnvironmentFolder, type EnvironmentRegistry, watchEnvironments } from '../core/environments.ts'
import { Failure } from '../core/failure.ts'
import { createGraphHandlers } from '../core/graph.ts'
import { createDifferences } from '../core/graph-differences.ts'
import type { BindModel } from '../core/graph-model.ts'
import { createHistories, type Histories } from '../core/histories.ts'
import { historyRetentionOf } from '../core/history-retention.ts'
import type { OpenHistory } from '../core/history-store.ts'
import { liveTopics } from '../core/live.ts'
import { createLogStores, type LogStores } from '../core/log-keeping.ts'
import type { LogStore } from '../core/log-store.ts'
import { createLogsHandlers } from '../core/logs.ts'
import { createPasts, type Pasts } from '../core/past.ts'
import { pastHealth } from '../core/past-view.ts'
import type { LineFiles, OpenLastKnown } from '../core/ports.ts'
import { createSealing, type OpenSeals, type Sealing } from '../core/sealing.ts'
import type { SecretsStore } from '../core/secrets.ts'
import { createSessions, type Sessions } from '../core/sessions.ts'
import type { SettingsHandlers } from '../core/settings.ts'
import { createSnapshots, snapshotSaver, snapshotTopics, withSnapshots } from '../core/snapshots.ts'
import type { Connectors, ObservationPorts } from '../core/source-tasks.ts'
import type { DiagnosisParts, RecordReading } from '../diagnosis/parts.ts'
import { diagnosisOf, diagnosisPartsOf } from './diagnosis.ts'
import { type EvidencePlace, evidenceOf } from './evidence.ts'
import { evidenceSigning } from './evidence-signing.ts'
import { historyOf } from './history.ts'
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
  /** What is remembered of the environments. */
  readonly histories: Histories
  /** The same as graphs: what was known at a time. */
  readonly pasts: Pasts
  /** What is sealed of the environments. */
  readonly seals: Pick<Sealing, 'of'>
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
  /** Snapshots are such files. */
  readonly lineFiles: LineFiles
  readonly openLogStore: (environment: string) => Promise<LogStore>
  /** Where the last known facts of an environment are kept; without it nowhere. */
  readonly openLastKnown?: OpenLastKnown
  /** What is remembered of an environment; without it nothing is. */
  readonly openHistory?: OpenHistory
  /** How what is collected is sealed; without it nothing is. */
  readonly openSeals?: OpenSeals
  /** Where packs of evidence are made, and by whom. */
  readonly evidence: EvidencePlace
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

const notSealed: OpenSeals = async (environment) => {
  throw new Failure('not-found', environment, 'Nothing is sealed here.', 'Start Everyhop with a data folder.')
}

/** Milliseconds. */
const signOutMs = 1500

export function createService(parts: ServiceParts): Service {
  const { ports, connectors } = parts
  const ended = new AbortController()
  const playground = parts.playground({
    folder: parts.folder,
    refresh: () => watched.refresh(),
    async forget() {
      await sealing.forget(playgroundEnvironment)
      histories.forget(playgroundEnvironment)
      await logStores.forget(playgroundEnvironment)
    },
    isRead: () => sessions.isRead(playgroundEnvironment),
    opa: () => policy.opaProgram(),
  })
  const { folder } = playground
  const watched = watchEnvironments({ ...ports, folder }, ended.signal)
  const snapshots = createSnapshots(parts.lineFiles, ports.clock, () => watched.summaries().map(({ name }) => name))
  const registry = withSnapshots(withPreviews(watched, { ...ports, folder }, ended.signal), snapshots)
  const logStores = createLogStores((name) => {
    if (!isPreview(name) && parts.openSeals !== undefined) sealing.keep(name)
    return parts.openLogStore(name)
  }, ports)
  const histories = createHistories(
    (name, retention) =>
      isPreview(name)
        ? { store: null, why: 'preview' }
        : snapshots.past(name) !== null
          ? { store: null, why: 'snapshot' }
          : (parts.openHistory?.(name, retention) ?? { store: null, why: 'no-data-folder' }),
    { ...ports, retentionOf: (name) => historyRetentionOf(watched, name) },
  )
  const sessions = createSessions(
    registry,
    connectors,
    ports,
    parts.bindModel,
    (name) => (isPreview(name) ? null : logStores.sinkOf(name)),
    (name) => (isPreview(name) || name === playgroundEnvironment ? null : (parts.openLastKnown?.(name) ?? null)),
    (name) => histories.writable(name),
  )
  const pasts = createPasts({ histories, registry, clock: ports.clock, snapshot: (name) => snapshots.past(name) })
  const graph = createGraphHandlers(sessions, pasts, registry)
  const logs = createLogsHandlers(sessions, logStores, ports.clock, pasts)
  const policy = parts.policy({ registry, sessions, graph, logs })
  const sealing = createSealing({
    open: parts.openSeals ?? notSealed,
    sourcesOf: async (name) => ({
      logs: await logStores.of(name),
      history: histories.of(name),
      journal: policy.actions.journal,
    }),
    settle: (name) => logStores.settle(name),
    clock: ports.clock,
    log: ports.log,
  })
  const diagnosis = diagnosisPartsOf({
    clock: ports.clock,
    log: ports.log,
    records: parts.records,
    sessions,
    logStores,
    policy: policy.asked,
    pasts,
    probing: probingOf(parts.probing, ports, sessions, registry, policy.actions),
  })
  const environments = createEnvironmentHandlers({
    ...parts.setup,
    watched,
    registry,
    folder,
    sessions,
    connectors,
    ports,
  })
  const router = createRouter({
    system: { info: async () => parts.info },
    environments: {
      ...environments,
      async health(input) {
        const past = snapshots.past(input.environment)
        return past === null ? environments.health(input) : pastHealth(past)
      },
    },
    graph,
    history: historyOf(
      {
        difference: createDifferences({ sessions, pasts, histories, clock: ports.clock }),
        saveSnapshot: snapshotSaver({
          files: parts.lineFiles,
          clock: ports.clock,
          version: parts.info.version,
          sessions,
          registry,
          pasts,
          refused: (environment, at) => logs.refused({ environment, at, minutes: 60, limit: 1000 }),
        }),
        openSnapshot: ({ file }) => snapshots.open(file),
      },
      {
        histories,
        registry,
        isRead: (name) => sessions.isRead(name),
        logsOf: (name) => (snapshots.past(name) === null ? logStores.of(name) : null),
        journal: policy.actions.journal,
        log: ports.log,
      },
    ),
    evidence: evidenceOf({
      ...parts.evidence,
      clock: ports.clock,
      log: ports.log,
      registry,
      histories,
      logStores,
      seals: sealing,
      pasts,
      journal: policy.actions.journal,
      keptBundle: policy.keptBundle,
      signing: evidenceSigning({
        registry,
        sessions,
        files: ports.files,
        secrets: { read: (name) => parts.secrets.read(name) },
        variables: process.env,
      }),
    }),
    logs,
    diagnosis: diagnosisOf(diagnosis, policy.actions, (name) => !isPreview(name) && snapshots.past(name) === null),
    changes: policy.changes,
    policy: policy.policy,
    playground: playground.handlers,
    secrets: parts.secrets,
    settings: parts.settings,
    live: {
      topics({ environment }, signal) {
        const past = snapshots.past(environment)
        if (past !== null) return snapshotTopics(past, ports.clock, signal)
        return liveTopics(environment, { sessions, registry, clock: ports.clock }, signal)
      },
    },
  })
  if (parts.startsPlayground) void playground.startIfAlone()
  return {
    router,
    registry,
    logStores,
    sessions,
    histories,
    pasts,
    seals: sealing,
    diagnosis,
    async stop() {
      sessions.stop()
      ended.abort()
      // Whoever signed in signs out; a server that does not answer is not waited for.
      const late = new AbortController()
      await Promise.race([sessions.ended(), ports.clock.sleep(signOutMs, late.signal).catch(() => {})])
      late.abort()
      parts.secrets.stop()
      // While what it seals, and the journal that it stands in, are open.
      await sealing.close()
      histories.close()
      await playground.close()
      await policy.close()
      await logStores.close()
    },
  }
}
