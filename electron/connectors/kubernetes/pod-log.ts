import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { Clock } from '../../core/ports.ts'
import type { ClusterAccess } from './access.ts'
import { createClient } from './client.ts'
import { connectionFailure, type KubernetesFailure } from './failure.ts'
import { createLogSeam, stampedLines } from './log-seam.ts'

export interface PodLogRequest {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** Lines from this time on; null: the newest `tailLines`. */
  readonly sinceTime: EpochMs | null
  readonly tailLines?: number
  /** Told when the log could not be followed for a while, and null when it is followed again. */
  interrupted?(failure: KubernetesFailure | null): void
  /** Told each time when the cluster sends the log, or took the request and has no lines to answer with yet. */
  followed?(): void
}

const firstWaitMs = 250
const longestWaitMs = 10_000
const usualTail = 1000
/** A log that was followed this long was followed well, also when nothing was written. */
const steadyMs = 5000

/**
 * The log of one container as it is written, whole lines with their line breaks and without the kubelet's time stamps. When the
 * connection ends it goes on where it was: nothing lost, nothing twice, as far as the kubelet still has the lines (it throws
 * away those of a container that was replaced). Ends with `KubernetesFailure` when the pod is gone (status 404) or its log
 * may not be read (403), and with the signal's reason.
 */
export async function* followPodLog(
  access: ClusterAccess,
  request: PodLogRequest,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const client = createClient(access, clock.now)
  const seam = createLogSeam(request.sinceTime)
  const place = { namespace: request.namespace, pod: request.pod, container: request.container }
  let failures = 0
  for (;;) {
    let failure: KubernetesFailure | null = null
    let followedAt: EpochMs | null = null
    try {
      const since = seam.since()
      const tailLines = since === null ? (request.tailLines ?? usualTail) : null
      const hadFailed = failures > 0
      const follows = (): void => {
        if (followedAt !== null) return
        followedAt = clock.now()
        if (hadFailed) request.interrupted?.(null)
        request.followed?.()
      }
      const log = await client.log({ ...place, since, tailLines, quiet: follows }, signal)
      follows()
      seam.resume()
      for await (const lines of stampedLines(log, (stamp) => seam.isNew(stamp))) {
        failures = 0
        yield lines
      }
    } catch (error) {
      signal.throwIfAborted()
      failure = connectionFailure(error, `log of ${place.namespace}/${place.pod}`)
      if (failure.status === 404 || failure.status === 403) throw failure
    }
    signal.throwIfAborted()
    const wasSteady = followedAt !== null && clock.now() - followedAt >= steadyMs
    failures = wasSteady ? 1 : failures + 1
    // A log that just ended is usual: the container was replaced, or the kubelet cut an old stream.
    if (failure !== null && failures > 1) request.interrupted?.(failure)
    const wait = Math.min(firstWaitMs * 2 ** (failures - 1), longestWaitMs)
    await clock.sleep(failure?.retryAfterMs ?? wait, signal)
  }
}
