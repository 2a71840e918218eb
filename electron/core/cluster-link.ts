import type { Duplex } from 'node:stream'
import type { KubernetesSource } from '../../shared/domain/model/environment.ts'
import type { GapReason } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { createGate, type Gate } from './gate.ts'
import {
  type Cluster,
  type ConnectorPorts,
  type Dial,
  HttpFailure,
  type HttpGet,
  type ObserveSettings,
  type OpenCluster,
  type PodLogRequest,
} from './ports.ts'

/** Why something in a cluster is not asked. `reason` becomes that of the gap. */
export class ClusterFailure extends Error {
  readonly reason: GapReason
  constructor(reason: GapReason, message: string) {
    super(message)
    this.name = 'ClusterFailure'
    this.reason = reason
  }
}

/** Each is a port-forward of its own through the API server and a kubelet. Fewer at once are sooner answered, all in all. */
const questionLimits = { inAll: 16, perKind: 3 }
/** A cluster that cannot be opened is left alone for so long. Milliseconds. */
const reopenMs = 1000

/** The way into one cluster, opened when it is needed and anew when it is outdated; shared by all that is read there. */
export interface ClusterLink {
  /** Each question waits here for its turn, so that its deadline begins when it can be answered. */
  readonly questions: Gate
  dial: Cluster['dial']
  followPodLog(request: PodLogRequest, signal: AbortSignal): AsyncIterable<Uint8Array>
  readonly serviceAccountToken: Cluster['serviceAccountToken']
  close(): void
}

export function createClusterLink(
  source: KubernetesSource,
  settings: ObserveSettings,
  ports: Pick<ConnectorPorts, 'clock' | 'files'>,
  open: OpenCluster,
): ClusterLink {
  let opening: Promise<Cluster> | null = null
  let failedAt: EpochMs | null = null
  let isClosed = false

  async function current(): Promise<Cluster> {
    if (isClosed) throw new ClusterFailure('no-way', `the cluster ${source.id} is no longer read`)
    if (failedAt !== null && ports.clock.now() - failedAt >= reopenMs) opening = null
    if (opening === null) opening = opened()
    const mine = opening
    const cluster = await mine
    if (!cluster.outdated.aborted) return cluster
    cluster.close()
    if (opening === mine) opening = null
    return current()
  }

  async function opened(): Promise<Cluster> {
    failedAt = null
    try {
      const cluster = await open(source, settings, ports)
      if (isClosed) cluster.close()
      return cluster
    } catch (thrown) {
      failedAt = ports.clock.now()
      throw unopened(thrown)
    }
  }

  return {
    questions: createGate(questionLimits),
    async dial(target, signal): Promise<Duplex> {
      return (await current()).dial(target, signal)
    },
    async *followPodLog(request, signal) {
      const cluster = await current()
      yield* cluster.followPodLog(request, AbortSignal.any([signal, cluster.outdated]))
    },
    async serviceAccountToken(account, audience, signal) {
      return (await current()).serviceAccountToken(account, audience, signal)
    },
    close() {
      isClosed = true
      opening?.then(
        (cluster) => cluster.close(),
        () => {}, // it never was open
      )
    },
  }
}

/** A cluster that cannot be opened says nothing about what is in it, but that a right is missing is worth its own word. */
function unopened(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || ('reason' in thrown && thrown.reason === 'forbidden')) return thrown
  return new ClusterFailure('no-way', thrown.message)
}

/** A port of a pod that may be dialled now. */
export interface PodPort {
  readonly namespace: string
  readonly pod: string
  /** null: the port that the address names. */
  readonly port: number | null
}

/**
 * A dial that leads to one place in a cluster, whatever it is given. `find` is asked each time, and throws `ClusterFailure` when
 * there is nothing to dial now.
 */
export function dialThrough(link: Pick<ClusterLink, 'dial'>, find: () => PodPort): Dial {
  return async (target, signal) => {
    if (target.kind !== 'tcp') throw new ClusterFailure('unsupported', 'a socket cannot be reached through a cluster')
    const { namespace, pod, port } = find()
    return link.dial({ namespace, pod, port: port ?? target.port }, signal)
  }
}

/** What a connector asks one pod with, its questions in turn with those to other pods. */
export function portsThrough(
  link: ClusterLink,
  pod: string,
  find: () => PodPort,
  httpGetOver: (dial: Dial) => HttpGet,
): Pick<ConnectorPorts, 'dial' | 'get'> {
  const dial = dialThrough(link, find)
  const get: HttpGet = async (url, options) => {
    let isOpen = false
    const noted: Dial = async (target, signal) => {
      const stream = await dial(target, signal)
      isOpen = true
      return stream
    }
    try {
      return await httpGetOver(noted)(url, options)
    } catch (thrown) {
      // A cluster that is slow to open the way says nothing about the pod, which never heard the question.
      const isUnheard = thrown instanceof HttpFailure && thrown.kind === 'timed-out' && !isOpen
      throw isUnheard
        ? new HttpFailure('timed-out', `${thrown.message}: the way to the pod was not open`, true)
        : thrown
    }
  }
  return { dial, get: (url, options) => link.questions.pass(pod, options.signal, () => get(url, options)) }
}
