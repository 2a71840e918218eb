import type { Reason } from '../../../model/graph.ts'
import type { RequestCause } from '../../model.ts'
import { tell } from '../../reasons.ts'
import { endLine, ofDetails } from '../evidence.ts'
import type { RequestView } from '../view.ts'
import { found, type RequestRule } from './rule.ts'

/** Envoy's own filters and router name themselves in %RESPONSE_CODE_DETAILS%: one entry each, all read the same way. */
function named(
  id: RequestCause,
  faults: RequestRule['faults'],
  matches: (details: string, flags: readonly string[], status: number | null) => boolean,
  reason: (view: RequestView, details: string) => Reason,
): RequestRule {
  return {
    id,
    cause: id,
    faults,
    examine(view) {
      const line = endLine(view)
      if (line === null) return null
      const details = line.details ?? ''
      if (!matches(details, line.flags, line.status)) return null
      return found(reason(view, details), [ofDetails(line)])
    },
  }
}

/** AZ-18 */
export const envoyRbac = named(
  'envoy-rbac',
  [],
  (details) => details.startsWith('rbac_access_denied'),
  (view, details) => tell('rbac-refused', { ...view.names, policy: /\[([^\]]*)\]/.exec(details)?.[1] ?? null }),
)
export const rateLimited = named(
  'rate-limited',
  [],
  (details, flags) => flags.includes('RL') || /rate_limited/.test(details),
  (view) => tell('too-many-requests', view.names),
)
/** AZ-20 */
export const jwtRefused = named(
  'jwt-refused',
  [],
  (details) => details.startsWith('jwt_authn_access_denied'),
  (view, details) => tell('token-refused', { ...view.names, detail: /\{(.*)\}/.exec(details)?.[1] ?? details }),
)
/** AZ-09 */
export const bodyTooLarge = named(
  'body-too-large',
  [],
  (details) => details.startsWith('request_payload_too_large'),
  (view) => tell('payload-too-large', view.names),
)
/** MC-05 */
export const noRoute = named(
  'no-route',
  [],
  (details, flags) =>
    /^(route_not_found|route_configuration_not_found|cluster_not_found)/.test(details) ||
    flags.includes('NR') ||
    flags.includes('NC'),
  (view, details) =>
    tell('route-missing', {
      ...view.names,
      details: details === '' ? `flags ${endLine(view)?.flags.join(',') ?? ''}` : details,
    }),
)
/** K8-01 */
export const noHealthyUpstream = named(
  'no-healthy-upstream',
  [],
  (details, flags) => details.startsWith('no_healthy_upstream') || flags.includes('UH'),
  (view) => tell('no-endpoint-healthy', view.names),
)
