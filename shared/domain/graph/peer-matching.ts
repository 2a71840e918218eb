import { assertNever } from '../../lib/assert-never.ts'
import type { PeerMatcher } from '../model/envoy-facts.ts'
import { added } from './in-order.ts'

/** cannot-tell: a matcher that only Envoy can evaluate (regular expressions, other kinds of names). */
export type Acceptance = 'accepted' | 'refused' | 'cannot-tell'

/** Whether a side that accepts `matchers` takes a peer with this SPIFFE ID. `null`: it takes any peer whose chain verifies. */
export function acceptanceOf(matchers: readonly PeerMatcher[] | null, spiffeId: string | null): Acceptance {
  if (matchers === null) return 'accepted'
  if (spiffeId === null) return 'cannot-tell'
  let result: Acceptance = 'refused'
  for (const matcher of matchers) {
    const one = acceptanceByOne(matcher, spiffeId)
    if (one === 'accepted') return one
    if (one === 'cannot-tell') result = one
  }
  return result
}

/** The SPIFFE IDs that are named exactly. */
export function exactIds(matchers: readonly PeerMatcher[] | null): readonly string[] {
  if (matchers === null) return []
  let ids: string[] = none
  for (const { match, value } of matchers) {
    if (match === 'exact' && value.startsWith('spiffe://')) ids = added(ids, value)
  }
  return ids
}

/** As shown: exact as it is, `x*`, `*x`, `*x*`, and `~x` for a regular expression. */
export function matcherText(matcher: PeerMatcher): string {
  switch (matcher.match) {
    case 'exact':
      return matcher.value
    case 'prefix':
      return `${matcher.value}*`
    case 'suffix':
      return `*${matcher.value}`
    case 'contains':
      return `*${matcher.value}*`
    case 'regex':
      return `~${matcher.value}`
    default:
      return assertNever(matcher.match)
  }
}

function acceptanceByOne(matcher: PeerMatcher, spiffeId: string): Acceptance {
  // Envoy compares each matcher with the names of its own type only (envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher).
  if (!namesUris(matcher.sanType)) return 'refused'
  switch (matcher.match) {
    case 'exact':
      return matcher.value === spiffeId ? 'accepted' : 'refused'
    case 'prefix':
      return spiffeId.startsWith(matcher.value) ? 'accepted' : 'refused'
    case 'suffix':
      return spiffeId.endsWith(matcher.value) ? 'accepted' : 'refused'
    case 'contains':
      return spiffeId.includes(matcher.value) ? 'accepted' : 'refused'
    case 'regex':
      return 'cannot-tell'
    default:
      return assertNever(matcher.match)
  }
}

/** The deprecated untyped matchers, which connectors report without a type, compare with every kind of name. */
function namesUris(sanType: string): boolean {
  if (sanType === 'URI') return true
  const type = sanType.toUpperCase()
  return type === 'URI' || type === '' || type === 'ANY' || type === 'SAN_TYPE_UNSPECIFIED'
}

/** Replaced by the first that is added. */
const none: never[] = []
