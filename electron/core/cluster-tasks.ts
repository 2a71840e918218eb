import type { Gap, SourceKind } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { discoverySentence } from '../../shared/words/discovery.ts'
import { ClusterFailure, portsThrough } from './cluster-link.ts'
import type { Findings } from './discovery.ts'
import type { LoadedEnvironment } from './environments.ts'
import type { ConnectorPorts, FollowedRecord, LogStream, ObserveSettings } from './ports.ts'
import {
  type Connectors,
  type KnownCluster,
  type ObservationPorts,
  type SourceTask,
  settingsOf,
  taskOf,
  through,
} from './source-tasks.ts'
import type { DiscoveredSource } from './targets.ts'

/** Lines of a container's log that are read when it is followed: some minutes of a busy Envoy. */
const tailLines = 4000
/** Of a Vault's: leases of hours ago may still be held. */
const vaultTailLines = 20_000

/** `<kind>/<id>` of what environment.yaml names itself, and of what clusters got before. */
export type TakenIds = Set<string>

interface Context {
  readonly cluster: string
  readonly known: KnownCluster
  readonly connectors: Connectors
  readonly ports: Pick<ObservationPorts, 'httpGetOver'>
  readonly settings: ObserveSettings
  readonly taken: TakenIds
  /** Several clusters may have a pod of the same name. */
  readonly isOneOfSeveral: boolean
  /** Final ids of what was found, by `<kind>/<id>` of the finding. */
  readonly named: Map<string, string>
  /** Id of the Vault that environment.yaml names in this cluster; null: none. */
  readonly vault: string | null
}

/** The sources that were found in one cluster, and the logs of their containers. */
export function clusterTasks(
  loaded: LoadedEnvironment,
  cluster: string,
  known: KnownCluster,
  connectors: Connectors,
  ports: Pick<ObservationPorts, 'httpGetOver'>,
  taken: TakenIds,
): readonly SourceTask[] {
  const findings = known.findings()
  if (findings === null) return []
  const { sources } = loaded.environment
  const vault = sources.vault.find((source) => 'cluster' in source && source.cluster === cluster)?.id ?? null
  const context: Context = {
    cluster,
    known,
    connectors,
    ports,
    settings: settingsOf(loaded),
    taken,
    isOneOfSeveral: sources.kubernetes.length > 1,
    named: new Map(),
    vault,
  }
  const hasSpireEntry = loaded.environment.sources.spire.some(
    (spire) => 'cluster' in spire && spire.cluster === cluster,
  )
  return [
    ...findings.sources.flatMap((found) =>
      askedTask(found, hasSpireEntry, context).map((task) => withReason(task, found)),
    ),
    ...logTasks(findings, context),
  ]
}

/** Whoever tests it is told first why it was taken for what it is. */
function withReason(task: SourceTask, { source, pod, container, reason }: DiscoveredSource): SourceTask {
  const step = {
    what: 'discovery',
    locator: `container ${container} of pod ${pod.namespace}/${pod.name}`,
    outcome: 'read',
    detail: discoverySentence(source, reason),
  } as const
  return {
    ...task,
    async test(ports, signal) {
      const test = await task.test(ports, signal)
      return { ...test, steps: [step, ...test.steps] }
    },
  }
}

function askedTask(found: DiscoveredSource, hasSpireEntry: boolean, context: Context): readonly SourceTask[] {
  const { connectors, settings, ports, known } = context
  if (found.source === 'spire') return hasSpireEntry ? [] : [withoutIdentity(found, context)]
  if (found.source === 'vault') return context.vault === null ? [vaultWithoutSignIn(found, context)] : []
  if (found.source !== 'envoy' && found.source !== 'opa') return []
  const id = freeId(found.source, found.id, context)
  if (found.port === null) return [withoutPort(found.source, id, found)]
  const { namespace, name } = found.pod
  // The name is for words only: every dial leads to the pod.
  const address = `http://${name}.${namespace}:${found.port}`
  const task =
    found.source === 'envoy'
      ? taskOf('envoy', connectors.envoy, { id, admin: address }, settings)
      : taskOf('opa', connectors.opa, { id, api: address }, settings)
  const find = () => {
    const isReady = known.findings()?.isReady(`${namespace}/${name}`)
    if (isReady === true) return { namespace, pod: name, port: null }
    const how = isReady === undefined ? 'is not there' : 'is not ready'
    throw new ClusterFailure('unreachable', `the pod ${namespace}/${name} ${how}: it is not dialled`)
  }
  const ways = portsThrough(known.link, `${namespace}/${name}`, find, ports.httpGetOver)
  const place = `pod ${namespace}/${name} port ${found.port}`
  return [{ ...through(task, ways, place), definition: `${context.cluster} ${task.definition}` }]
}

/**
 * Where an environment has several clusters, each id says which, whichever was looked through first: ids must not change between
 * runs. `@` stands in no id of environment.yaml and in no name of Kubernetes, so nothing else can be called so.
 */
function freeId(kind: SourceKind, id: string, { taken, cluster, isOneOfSeveral, named }: Context): string {
  const free = isOneOfSeveral || taken.has(`${kind}/${id}`) ? `${id}@${cluster}` : id
  taken.add(`${kind}/${free}`)
  named.set(`${kind}/${id}`, free)
  return free
}

/** What a finding is called, once it was given its id. */
function nameOf(kind: DiscoveredSource['source'], id: string, { named }: Context): string {
  return named.get(`${kind}/${id}`) ?? id
}

function withoutIdentity(found: DiscoveredSource, context: Context): SourceTask {
  const { namespace, name } = found.pod
  const detail =
    `the SPIRE server of pod ${namespace}/${name} answers only to an SVID that may read: give one under sources.spire ` +
    `with cluster: ${context.cluster} (docs/rights/spire.md)`
  return gapTask('spire', freeId('spire', found.id, context), 'entries', 'registration-entries', found, detail)
}

function vaultWithoutSignIn(found: DiscoveredSource, context: Context): SourceTask {
  const { namespace, name } = found.pod
  const detail =
    `the Vault of pod ${namespace}/${name} answers only to a token: say how to sign in, under sources.vault with ` +
    `cluster: ${context.cluster} (docs/rights/vault.md)`
  return gapTask('vault', freeId('vault', found.id, context), 'server', 'sign-in', found, detail)
}

function withoutPort(kind: 'envoy' | 'opa', id: string, found: DiscoveredSource): SourceTask {
  const { namespace, name } = found.pod
  const what = kind === 'envoy' ? 'admin-port' : 'api-port'
  const detail =
    `container ${found.container} of pod ${namespace}/${name} is found, but no declared port says where it is asked: ` +
    `name one ${kind === 'envoy' ? 'admin' : 'api'}, or name the source by address`
  return gapTask(kind, id, 'discovery', what, found, detail)
}

/** Something that is there and that cannot be read as things are: said once, and nothing is dialled. */
function gapTask(
  kind: SourceKind,
  instance: string,
  part: string,
  what: string,
  found: DiscoveredSource,
  detail: string,
): SourceTask {
  return {
    source: `${kind}/${instance}`,
    kind,
    instance,
    definition: detail,
    async *observe({ clock }, signal) {
      const at = clock.now()
      const gap: Gap = { source: kind, instance, what, reason: 'not-configured', detail, at }
      yield { scope: `${kind}/${instance}/${part}`, at, facts: null, gaps: [gap] }
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    },
    test: async () => ({
      source: kind,
      instance,
      address: `pod ${found.pod.namespace}/${found.pod.name}`,
      outcome: 'unusable',
      version: null,
      tookMs: 0,
      steps: [{ what, locator: `container ${found.container}`, outcome: 'not-configured', detail }],
    }),
  }
}

const recordOf: Readonly<Partial<Record<DiscoveredSource['source'], FollowedRecord>>> = {
  envoy: 'envoy-access',
  opa: 'opa-decisions',
  spire: 'spire-audit',
  vault: 'vault-audit',
}

function logTasks(findings: Findings, context: Context): readonly SourceTask[] {
  const containers = [
    ...findings.sources.flatMap((found) => {
      const record = recordOf[found.source]
      const writtenBy = (found.source === 'vault' ? context.vault : null) ?? nameOf(found.source, found.id, context)
      return record === undefined ? [] : [{ ...found, record, writtenBy }]
    }),
    ...findings.applications.map((found) => ({ ...found, record: 'integrity-events' as const, writtenBy: null })),
  ]
  const inPod = Map.groupBy(findings.sources, ({ pod }) => `${pod.namespace}/${pod.name}`)
  return containers.map((container) => {
    const { namespace, name } = container.pod
    const beside = inPod.get(`${namespace}/${name}`) ?? []
    return logTask(
      container,
      beside.map(({ source, id }) => `${source}/${nameOf(source, id, context)}`),
      context,
    )
  })
}

interface LoggingContainer {
  readonly id: string
  readonly pod: DiscoveredSource['pod']
  readonly container: string
  readonly record: FollowedRecord
  readonly writtenBy: string | null
}

function logTask(found: LoggingContainer, beside: readonly string[], context: Context): SourceTask {
  const { connectors, settings } = context
  const id = freeId('logs', found.id, context)
  const stream = streamOf(found, id, context)
  return {
    source: `logs/${id}`,
    kind: 'logs',
    instance: id,
    definition: JSON.stringify([
      context.cluster,
      found.pod.uid,
      found.container,
      found.record,
      found.writtenBy,
      settings,
    ]),
    observe: (ports, signal) => connectors.logs.observeStream(stream, settings, ports, signal),
    test: (ports, signal) => testStream(stream, connectors, settings, ports, signal),
    // What Vault issued while nobody looked would be unknown for as long as it lasts: its log waits for no turn.
    ...(found.record === 'vault-audit' ? { auditOf: found.writtenBy ?? id } : { streamOf: [`logs/${id}`, ...beside] }),
  }
}

function streamOf({ pod, container, record, writtenBy }: LoggingContainer, id: string, context: Context): LogStream {
  const { namespace, name } = pod
  const newestLines = record === 'vault-audit' ? vaultTailLines : tailLines
  return {
    id,
    record,
    place: `log of container ${container} of pod ${namespace}/${name}`,
    writtenBy,
    newestLines,
    open: (told, signal) => {
      const request = { namespace, pod: name, container, sinceTime: null, tailLines: newestLines, told }
      return context.known.link.followPodLog(request, signal)
    },
  }
}

/** A log of which nothing came so long is quiet. Milliseconds. */
const quietMs = 1500
/** A cluster that has not begun to send a log so long is not waited for. Milliseconds. */
const slowestMs = 10_000

/** Detail of a log that is read and has nothing that is understood. */
export const noRecordsYet = 'no record among its newest lines'

/** Follows it until it is read or refused. */
async function testStream(
  stream: LogStream,
  connectors: Connectors,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  signal: AbortSignal,
): ReturnType<SourceTask['test']> {
  const began = ports.clock.now()
  const enough = new AbortController()
  const until = AbortSignal.any([signal, enough.signal])
  let gaps: readonly Gap[] = []
  let accepted: number | null = null
  let readSince: EpochMs | null = null
  try {
    for await (const report of connectors.logs.observeStream(stream, settings, ports, until)) {
      if (report.scope.endsWith('/activity')) gaps = report.gaps
      const now = ports.clock.now()
      const isSlow = report.gaps[0]?.reason === 'timed-out' && now - began < slowestMs
      if (report.facts === null && !isSlow) break
      const intake = report.facts?.find((fact) => fact.kind === 'log-intake')
      if (intake === undefined) continue
      accepted = intake.accepted
      readSince ??= now
      // The first lines may still be on their way.
      if (accepted > 0 || now - readSince >= quietMs) break
    }
  } finally {
    enough.abort(new Error('it was tested'))
  }
  signal.throwIfAborted()
  const [gap] = gaps
  const detail = accepted === null || accepted === 0 ? noRecordsYet : `${accepted} records among its newest lines`
  return {
    source: 'logs',
    instance: stream.id,
    address: stream.place,
    outcome: accepted === null ? 'unusable' : gap === undefined ? 'usable' : 'partly',
    version: null,
    tookMs: ports.clock.now() - began,
    steps: [
      { what: stream.record, locator: stream.place, outcome: gap?.reason ?? 'read', detail: gap?.detail ?? detail },
    ],
  }
}
