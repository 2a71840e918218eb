import type { ConnectorPorts } from '../../core/ports.ts'
import { SpireFailure } from './failure.ts'
import { identityPaths, loadFileIdentity, resolve } from './file-identity.ts'
import type { OwnIdentity } from './own-identity.ts'
import type { FileSource, TcpSource } from './source-kinds.ts'
import { socketPath, watchX509Svids } from './workload-api.ts'

/** Where the own identity comes from. */
export interface IdentitySource {
  /** The present one. Throws SpireFailure with what to do, or the signal's reason. */
  load(signal: AbortSignal): Promise<OwnIdentity>
  /** Calls back when there is another one, until the signal. Without it each `load` asks anew. */
  watch(changed: () => void, signal: AbortSignal): void
}

const firstRetryMs = 500
const longestRetryMs = 10_000

export function identitySource(source: TcpSource, baseDirectory: string, ports: ConnectorPorts): IdentitySource {
  const { identity } = source
  if ('workloadApi' in identity) {
    const socket = resolve(baseDirectory, socketPath(identity.workloadApi))
    return fromWorkloadApi(socket, identity.spiffeId ?? null, ports)
  }
  const inFiles: FileSource = { ...source, identity }
  return {
    load: () => loadFileIdentity(inFiles, baseDirectory, ports.files),
    watch(changed, signal) {
      for (const path of identityPaths(inFiles, baseDirectory)) ports.files.watch(path, changed, signal)
    },
  }
}

/** The stream stays open and brings the next SVID before this one ends; while the agent is gone, the last one is used until its end. */
function fromWorkloadApi(socket: string, spiffeId: string | null, ports: ConnectorPorts): IdentitySource {
  let latest: OwnIdentity | null = null
  let problem: unknown = null
  let isWatching = false
  const waiting = new Set<() => void>()

  function tell(): void {
    for (const wake of waiting) wake()
    waiting.clear()
  }

  async function follow(changed: () => void, signal: AbortSignal): Promise<void> {
    let wait = firstRetryMs
    while (!signal.aborted) {
      try {
        for await (const identity of watchX509Svids(socket, spiffeId, ports.dial, signal)) {
          const before = latest
          latest = identity
          problem = null
          wait = firstRetryMs
          tell()
          if (before !== null && !isSame(before, identity)) changed()
        }
      } catch (thrown) {
        if (signal.aborted) break
        const wasHealthy = problem === null
        problem = thrown
        // An identity that was taken away is no longer used, although it has not run out.
        if (thrown instanceof SpireFailure && thrown.reason === 'forbidden') {
          latest = null
          if (wasHealthy) changed()
        }
        tell()
      }
      await ports.clock.sleep(wait, signal).catch(() => {}) // the loop's condition ends it
      wait = Math.min(wait * 2, longestRetryMs)
    }
    isWatching = false
    latest = null
    tell()
  }

  async function once(signal: AbortSignal): Promise<OwnIdentity> {
    const ended = new AbortController()
    for await (const identity of watchX509Svids(
      socket,
      spiffeId,
      ports.dial,
      AbortSignal.any([signal, ended.signal]),
    )) {
      return identity
    }
    throw new SpireFailure('unreachable', `the Workload API at ${socket} ended without an X509-SVID`)
  }

  return {
    async load(signal) {
      if (!isWatching) return once(signal)
      while (latest === null && problem === null && !signal.aborted && isWatching) await oneNews(waiting, signal)
      signal.throwIfAborted()
      if (latest !== null) return latest
      throw problem ?? new SpireFailure('unreachable', `the Workload API at ${socket} is no longer followed`)
    },
    watch(changed, signal) {
      isWatching = true
      void follow(changed, signal)
    },
  }
}

function oneNews(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((fulfil) => {
    const wake = (): void => {
      signal.removeEventListener('abort', wake)
      waiting.delete(wake)
      fulfil()
    }
    waiting.add(wake)
    signal.addEventListener('abort', wake, { once: true })
  })
}

function isSame(one: OwnIdentity, other: OwnIdentity): boolean {
  return one.certificate === other.certificate && one.bundle === other.bundle
}
