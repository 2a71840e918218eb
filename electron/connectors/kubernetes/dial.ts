import { createHash, randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import type { Clock } from '../../core/ports.ts'
import type { ClusterAccess } from './access.ts'
import { createClient } from './client.ts'
import { connectionFailure, KubernetesFailure } from './failure.ts'
import { portStream } from './port-stream.ts'

/** A port of a pod, whatever it listens on: also on its loopback address only. */
export interface ClusterTarget {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

/** Opens a byte stream to a port of a pod. Rejects with `KubernetesFailure`, or with the signal's reason. */
export type ClusterDial = (target: ClusterTarget, signal: AbortSignal) => Promise<Duplex>

export interface DialLimits {
  /** Streams that are open to one pod at the same time; further ones wait. */
  readonly perPod: number
  readonly inAll: number
}

const usualLimits: DialLimits = { perPod: 4, inAll: 64 }
const firstPauseMs = 250
const longestPauseMs = 5000
const protocol = 'v4.channel.k8s.io'

interface Pause {
  readonly failures: number
  readonly until: EpochMs
  readonly failure: KubernetesFailure
}

/**
 * Streams through the API server's port-forward, one WebSocket each; nothing listens on this machine. After a failure a pod is
 * left alone for a while, longer with each: dialling it then fails at once with the words of the last try.
 */
export function createClusterDial(
  access: ClusterAccess,
  clock: Pick<Clock, 'now'>,
  limits: DialLimits = usualLimits,
): ClusterDial {
  const client = createClient(access, clock.now)
  const slots = createSlots(limits)
  const pauses = new Map<string, Pause>()

  return async (target, signal) => {
    const pod = `${target.namespace}/${target.pod}`
    const place = `${pod}:${target.port}`
    const paused = pauses.get(place)
    if (paused !== undefined && clock.now() < paused.until) throw again(paused, clock.now())
    const leave = await slots.enter(pod, signal)
    try {
      const stream = await opened(target, place, signal)
      pauses.delete(place)
      stream.once('close', leave)
      // The refusal of the port itself comes after the handshake, on the stream.
      stream.once('error', (error) => {
        if (error instanceof KubernetesFailure) pauses.set(place, pauseAfter(pauses.get(place), error, clock.now()))
      })
      return stream
    } catch (error) {
      leave()
      signal.throwIfAborted()
      const failure = beforeThePod(connectionFailure(error, `port-forward to ${place}`))
      pauses.set(place, pauseAfter(paused, failure, clock.now()))
      throw failure
    }
  }

  async function opened(target: ClusterTarget, place: string, signal: AbortSignal): Promise<Duplex> {
    const key = randomBytes(16).toString('base64')
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      'sec-websocket-protocol': protocol,
    }
    const result = await client.forward(target, target.port, headers, signal)
    if (result.kind === 'refused') throw new KubernetesFailure('invalid', `port-forward to ${place}: no upgrade`)
    const { answer, stream, head } = result
    const expected = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    const wrong =
      answer.headers['sec-websocket-accept'] !== expected
        ? 'what answered is not a WebSocket server'
        : answer.headers['sec-websocket-protocol'] !== protocol
          ? `the cluster does not speak ${protocol}`
          : null
    if (wrong !== null) {
      stream.destroy()
      throw new KubernetesFailure('unsupported', `port-forward to ${place}: ${wrong}`)
    }
    return portStream({ place, connection: stream, head })
  }
}

/** Without an answer of the API server nothing is known of the pod: it was not asked. */
function beforeThePod(failure: KubernetesFailure): KubernetesFailure {
  const isUnasked = failure.status === null && failure.reason !== 'forbidden' && failure.reason !== 'unsupported'
  return isUnasked ? new KubernetesFailure('no-way', failure.message) : failure
}

function pauseAfter(before: Pause | undefined, failure: KubernetesFailure, now: EpochMs): Pause {
  const failures = (before?.failures ?? 0) + 1
  const wait: DurationMs = failure.retryAfterMs ?? Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs)
  return { failures, until: now + wait, failure }
}

function again({ failure, until }: Pause, now: EpochMs): KubernetesFailure {
  return new KubernetesFailure(failure.reason, `${failure.message} (tried again in ${until - now} ms at the soonest)`)
}

interface Slots {
  /** Resolves with the way to leave, which may be called more than once. */
  enter(pod: string, signal: AbortSignal): Promise<() => void>
}

function createSlots({ perPod, inAll }: DialLimits): Slots {
  const open = new Map<string, number>()
  let all = 0
  let waiting: readonly { readonly pod: string; readonly go: () => void }[] = []

  const isFree = (pod: string): boolean => all < inAll && (open.get(pod) ?? 0) < perPod

  function take(pod: string): () => void {
    all += 1
    open.set(pod, (open.get(pod) ?? 0) + 1)
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      all -= 1
      const left = (open.get(pod) ?? 1) - 1
      if (left === 0) open.delete(pod)
      else open.set(pod, left)
      const next = waiting.find((one) => isFree(one.pod))
      if (next === undefined) return
      waiting = waiting.filter((one) => one !== next)
      next.go()
    }
  }

  return {
    enter(pod, signal) {
      signal.throwIfAborted()
      if (isFree(pod)) return Promise.resolve(take(pod))
      return new Promise((resolve, reject) => {
        const go = (): void => {
          signal.removeEventListener('abort', stop)
          resolve(take(pod))
        }
        const place = { pod, go }
        const stop = (): void => {
          waiting = waiting.filter((one) => one !== place)
          reject(signal.reason)
        }
        waiting = [...waiting, place]
        signal.addEventListener('abort', stop, { once: true })
      })
    },
  }
}
