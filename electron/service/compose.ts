import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { isPreview } from '../../shared/contract/environment-setup.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { NotKept, SystemInfo } from '../../shared/contract/system.ts'
import type { Shell } from '../../shared/shell.ts'
import { envoyConnector } from '../connectors/envoy/index.ts'
import {
  createClusterDial,
  followPodLog,
  kubernetesConnector,
  openCluster as openAccess,
  serviceAccountToken,
} from '../connectors/kubernetes/index.ts'
import { kubeconfigPaths } from '../connectors/kubernetes/kubeconfig.ts'
import { opaConnector } from '../connectors/opa/index.ts'
import { createJwtSvids, createX509Svids, spireConnector } from '../connectors/spire/index.ts'
import { createVaultConnector } from '../connectors/vault/index.ts'
import { bindGraphModel } from '../core/graph-model.ts'
import type { LogStore } from '../core/log-store.ts'
import type { Clock, Log, OpenCluster } from '../core/ports.ts'
import { createReceivedLogs } from '../core/received.ts'
import { createSecrets } from '../core/secrets.ts'
import { createSettings } from '../core/settings.ts'
import { observeLog, observeLogStream, testLog } from '../logs/index.ts'
import { accessDetails, decisionDetails } from '../logs/intake/record-details.ts'
import { readPastedLine } from '../logs/pasted-line.ts'
import { createReceivedLog } from '../logs/receiver/received-log.ts'
import { type Receiver, type ReceiverOptions, startReceiver } from '../logs/receiver/receiver.ts'
import { lokiConnector } from '../logs/stores/loki/index.ts'
import { createMemoryStore } from '../logs/stores/memory-store.ts'
import { openLogStore } from '../logs/stores/open-log-store.ts'
import { understoodLine } from '../logs/stores/understood-line.ts'
import { systemClock } from '../platform/clock.ts'
import { dial } from '../platform/dial.ts'
import { createFiles } from '../platform/files.ts'
import { createHttpExchange } from '../platform/http-exchange.ts'
import { createHttpGet } from '../platform/http-get.ts'
import { createLineFiles } from '../platform/line-files.ts'
import { createProcessLog } from '../platform/log.ts'
import { createSealing } from '../platform/passphrase.ts'
import { passphraseOfFile, passphraseVariable } from '../platform/passphrase-file.ts'
import { placelessShell } from '../platform/shell.ts'
import { openLastKnown } from '../platform/state-facts.ts'
import { createStateFile } from '../platform/state-file.ts'
import { tlsHandshake } from '../platform/tls-handshake.ts'
import { removeLeftFolders } from '../playground/private-folder.ts'
import type { DataFolder } from './data-folder.ts'
import { environmentSetup } from './environment-setup.ts'
import { environmentFolder, homeFolder, thisMachine } from './home.ts'
import { openHistories } from './opening-histories.ts'
import { openingSeals } from './opening-seals.ts'
import { createPlaygroundService, type StartPlayground } from './playground.ts'
import { composePolicy } from './policy.ts'
import { createService, type Service } from './service.ts'
import { toolPlaces } from './tool-places.ts'

/** The root of the checkout or the installed package. */
export const packageFolder = join(import.meta.dirname, '..', '..')

/** Records in memory: as many as the store holds, of the last hour. */
const inMemory = { maxAgeMs: 3_600_000, maxBytes: 64 * 1024 ** 2 }
/** Kept by default, so little enough for a laptop: the newest week, in at most 2 GB for each environment. */
const onDisk = { maxAgeMs: 7 * 86_400_000, maxBytes: 2 * 1024 ** 3 }

export interface PlaygroundChoice {
  /** Started by itself when no environment is written down, unless EVERYHOP_PLAYGROUND is `off`. */
  readonly byItself?: boolean
  /** Instead of the real one. */
  readonly start?: StartPlayground
}

export interface Composed extends Service {
  readonly clock: Clock
  readonly log: Log
  readonly info: SystemInfo
  /** Listens for decision logs and audit events, which become records of one environment. */
  receive(environment: string, options: Pick<ReceiverOptions, 'listen' | 'tokenFile' | 'forward'>): Promise<Receiver>
}

/**
 * Wires the real parts together, by hand: the only place that knows everyone.
 * @param data where log records and last known facts are kept on the disk; null: in memory, until the service ends.
 * @param shell what the place can do; without a desktop nothing.
 * @param playground how it is started, and whether by itself when no environment is written down.
 * @param notKept why there is no data folder, where somebody expects one.
 */
export function composeService(
  host: SystemInfo['host'],
  home = homeFolder(thisMachine()),
  data: DataFolder | null = null,
  shell: Shell = placelessShell(host === 'web' ? 'web' : 'terminal'),
  playground: PlaygroundChoice = {},
  notKept: NotKept | null = null,
): Composed {
  const clock = systemClock
  const log = createProcessLog(clock)
  const files = createFiles()
  const info: SystemInfo = { version: packageVersion(), host, home, notKept }
  const settings = createSettings(createStateFile(join(home, 'settings.json')), log)
  const secrets = createSecrets({
    file: createStateFile(join(home, 'secrets.json')),
    sealing: createSealing(),
    shell,
    clock,
    givenPassphrase: () => passphraseOfFile(process.env[passphraseVariable]),
    async lockAfterMs() {
      const minutes = (await settings.get()).settings.lockSecretsAfterMinutes
      return minutes === null ? null : minutes * 60_000
    },
  })
  const receivedLogs = createReceivedLogs()
  const service = createService({
    info,
    secrets,
    settings,
    ports: {
      clock,
      log,
      dial,
      get: createHttpGet(dial),
      files,
      openCluster,
      httpGetOver: createHttpGet,
      received: receivedLogs,
      // Reading only: no connector can put a secret in.
      secrets: { read: (name) => secrets.read(name) },
      jwtSvids: createJwtSvids(dial),
    },
    folder: environmentFolder(home),
    connectors: {
      kubernetes: kubernetesConnector,
      spire: spireConnector,
      envoy: envoyConnector,
      opa: opaConnector,
      vault: createVaultConnector(createHttpExchange),
      history: lokiConnector,
      logs: { kind: 'logs', observe: observeLog, observeStream: observeLogStream, test: testLog },
    },
    probing: { handshake: tlsHandshake, x509Svids: createX509Svids(dial) },
    lineFiles: createLineFiles(),
    records: { line: readPastedLine, accessDetails, decisionDetails },
    bindModel: bindGraphModel,
    policy: (neighbours) =>
      composePolicy(
        {
          clock,
          log,
          files,
          secrets: { read: (name) => secrets.read(name) },
          toolPlaces: async () => toolPlaces(process.env, (await settings.get()).settings, packageFolder),
          folder: data === null ? null : join(data.path, 'policy'),
        },
        neighbours,
      ),
    playground: (neighbours) =>
      createPlaygroundService({
        clock,
        log,
        start: playground.start ?? startPlayground,
        sweep: removeLeftFolders,
        ...neighbours,
      }),
    startsPlayground: playground.byItself === true && process.env['EVERYHOP_PLAYGROUND'] !== 'off',
    openLastKnown: (environment) =>
      data === null
        ? null
        : openLastKnown({ path: data.lastKnownOf(environment), mark: factsMark(), now: () => clock.now(), log }),
    openSeals: openingSeals({ data, clock, log, isKept: (name) => name !== playgroundEnvironment }),
    openHistory: openHistories({ data, now: () => clock.now(), log, isKept: (name) => name !== playgroundEnvironment }),
    evidence: {
      console: `everyhop ${info.version}`,
      operator: userInfo().username,
      folderOf: (environment) => data?.evidenceOf(environment) ?? null,
      madeBefore: async () => data?.madeEvidence() ?? [],
      understand: understoodLine,
    },
    setup: environmentSetup(home, packageFolder, kubeconfigPaths({ id: 'any' }, '.', process.env)),
    openLogStore: async (environment) =>
      data === null || isPreview(environment) || environment === playgroundEnvironment
        ? createMemoryStore(inMemory)
        : openLogStore({ folder: data.logsOf(environment), retention: onDisk }),
  })
  const stopPower = shell.onPower((event) => service.sessions.power(event))
  return {
    ...service,
    async stop() {
      stopPower()
      await service.stop()
    },
    clock,
    log,
    info,
    async receive(environment, options) {
      const store = received(await service.logStores.of(environment))
      const { windowSeconds } = service.registry.get(environment).environment
      const own = createReceivedLog({ place: placeOf(options.listen), windowSeconds, clock })
      const receiver = await startReceiver({ ...options, store, took: own.took, ports: { clock, log, files } })
      own.begin(receiver.state)
      const remove = receivedLogs.add(environment, own)
      return {
        ...receiver,
        async close() {
          remove()
          own.stop()
          await receiver.close()
        },
      }
    },
  }
}

function placeOf(listen: ReceiverOptions['listen']): string {
  return `the receiver at ${listen.kind === 'unix' ? listen.path : `${listen.host}:${listen.port}`}`
}

/** Ids of the receiver's sources in the store begin with it: no followed log has the same. */
const receivedPrefix = 'receiver.'

/** Loaded only now: most runs never need it. */
const startPlayground: StartPlayground = async (options) => {
  const { startPlayground: start } = await import('../playground/index.ts')
  return start(options)
}

/** The store as the receiver sees it: its sources have names of their own. */
function received(store: LogStore): Pick<LogStore, 'append'> {
  return { append: (upload) => store.append({ ...upload, source: `${receivedPrefix}${upload.source}` }) }
}

/** A cluster with the credentials that its kubeconfig has now; outdated when that changes. */
const openCluster: OpenCluster = async (source, settings, { clock, files }) => {
  const outdated = new AbortController()
  for (const path of kubeconfigPaths(source, settings.baseDirectory, process.env)) {
    files.watch(path, () => outdated.abort(new Error('the kubeconfig changed')), outdated.signal)
  }
  try {
    const access = await openAccess(source, settings, { files })
    return {
      dial: createClusterDial(access, clock),
      followPodLog: ({ told, ...request }, signal) =>
        followPodLog(access, { ...request, interrupted: told, followed: () => told(null) }, clock, signal),
      serviceAccountToken: (account, audience, signal) => serviceAccountToken(access, clock, account, audience, signal),
      outdated: outdated.signal,
      close() {
        outdated.abort(new Error('the cluster is no longer read'))
        access.close()
      },
    }
  } catch (reason) {
    outdated.abort(new Error('the cluster could not be opened'))
    throw reason
  }
}

/** What facts look like: their version, and while Everyhop runs from its sources these themselves, which change more often. */
function factsMark(): string {
  const model = join(packageFolder, 'shared', 'domain', 'model')
  const hash = createHash('sha256').update(packageVersion())
  const names = existsSync(model) ? readdirSync(model).filter((name) => name.endsWith('.ts')) : []
  for (const name of names.sort()) hash.update(readFileSync(join(model, name)))
  return hash.digest('hex')
}

export function packageVersion(): string {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}
