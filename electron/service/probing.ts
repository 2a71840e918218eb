import { resolve } from 'node:path'
import type { EnvironmentRegistry } from '../core/environments.ts'
import type { Clock, Dial, Log, TlsHandshake, X509Svids } from '../core/ports.ts'
import type { Sessions } from '../core/sessions.ts'
import type { ProbeParts } from '../diagnosis/probe.ts'
import type { PolicyService } from './policy.ts'

/** How a live handshake is made: given by the composition. */
export interface ProbingPorts {
  readonly handshake: TlsHandshake
  readonly x509Svids: X509Svids
}

/** Joins the ways that readings take with what an action has to ask first. */
export function probingOf(
  { handshake, x509Svids }: ProbingPorts,
  { clock, dial, log }: { readonly clock: Clock; readonly dial: Dial; readonly log: Log },
  sessions: Sessions,
  registry: EnvironmentRegistry,
  actions: PolicyService['actions'],
): ProbeParts {
  return {
    clock,
    demandChangeMode: actions.demandChangeMode,
    journal: actions.journal,
    async handshake(environment, target, options, signal) {
      const { observation } = await sessions.use(environment)
      const stream =
        target.kind === 'pod'
          ? await observation.dialPod(target.cluster, target, signal)
          : await dial({ kind: 'tcp', host: target.host, port: target.port }, signal)
      return handshake(stream, options, signal)
    },
    async identity(environment, signal) {
      const { environment: read, baseDirectory } = registry.get(environment)
      for (const source of read.sources.spire) {
        if (!('identity' in source) || !('workloadApi' in source.identity)) continue
        const { workloadApi, spiffeId = null } = source.identity
        const socket = workloadApi.startsWith('unix:') ? workloadApi : resolve(baseDirectory, workloadApi)
        try {
          return await x509Svids.fetch(socket, spiffeId, signal)
        } catch (reason) {
          signal.throwIfAborted()
          // The probe goes on without one, and says so.
          log.warn('a probe has no client certificate', { environment, reason: String(reason) })
          return null
        }
      }
      return null
    },
  }
}
