import type { TrafficControl } from '../parts.ts'
import { post, toJson } from '../pipeline/http-exchange.ts'
import { contextHeaders, newRequestId, newTraceId } from '../pipeline/request-context.ts'
import { startTraffic, type TrafficCounts } from '../pipeline/traffic.ts'
import { deadlineMs } from './stage-services.ts'

export interface MeshTraffic extends TrafficControl {
  counts(): TrafficCounts
  stop(): Promise<void>
}

export interface TrafficParts {
  readonly perSecond: number
  /** Decides the order of prompts and users. */
  readonly seed: number
  /** Port of the application's service on 127.0.0.1. */
  readonly entryPort: number
  /** Port of the egress of a stage's sidecar on 127.0.0.1. */
  readonly egressPort: (stage: string) => number
}

const address = '127.0.0.1'
const lateralEveryMs = 500
/** On a busy machine fewer requests are made, so that these are answered in time: each waits for a second at most. */
const maximumOpenAt = (perSecond: number): number => Math.max(8, Math.round(0.8 * perSecond))
const timeoutMs = 2 * deadlineMs

/** Users' requests at the application, and calls over ways that the topology lacks. */
export function startMeshTraffic({ perSecond, seed, entryPort, egressPort }: TrafficParts): MeshTraffic {
  const maximumOpen = maximumOpenAt(perSecond)
  const traffic = startTraffic({ entry: { address, port: entryPort }, seed, perSecond, timeoutMs, maximumOpen })
  const stopped = new AbortController()
  const lateral = new Set<NodeJS.Timeout>()

  return {
    normal: perSecond,
    rate: (next) => traffic.rate(next, maximumOpenAt(next)),
    askedAt: traffic.askedAt,
    counts: traffic.counts,
    lateral: (from, to, path) => {
      const call = (): void => {
        const context = { requestId: newRequestId(), traceId: newTraceId(), classification: 'internal' } as const
        post({
          address,
          port: egressPort(from),
          path: `/to/${to}${path}`,
          headers: contextHeaders(context),
          body: toJson({ prompt: 'What do you know about salaries?', passages: [] }),
          timeoutMs: 5000,
          signal: stopped.signal,
        }).catch(() => {}) // refused or not: the sidecars log it
      }
      call()
      const timer = setInterval(call, lateralEveryMs)
      lateral.add(timer)
      return () => {
        clearInterval(timer)
        lateral.delete(timer)
      }
    },
    stop: async () => {
      for (const timer of lateral) clearInterval(timer)
      stopped.abort()
      await traffic.stop()
    },
  }
}
