import type { TlsContext } from '../../../model/envoy-facts.ts'
import {
  type CalleePart,
  type CallerPart,
  callerTls,
  chainsFor,
  type HopEvidence,
  type UsedChain,
} from '../../evaluate/hop-evidence.ts'
import { isCurrent } from '../../instances/records.ts'
import { acceptanceOf, matcherText } from '../../peer-matching.ts'

/** Chains of current listeners that this caller can use. */
export function usedChains(evidence: HopEvidence): readonly UsedChain[] {
  const uses = callerTls(evidence)
  evidence.cache.chains ??= evidence.callees.flatMap((part) =>
    isCurrent(part.envoy.parts.listeners) ? chainsFor(part, uses).map((chain) => ({ part, chain })) : [],
  )
  return evidence.cache.chains
}

export function currentCallers(evidence: HopEvidence): readonly CallerPart[] {
  evidence.cache.currentCallers ??= evidence.callers.filter(({ envoy }) => isCurrent(envoy.parts.clusters))
  return evidence.cache.currentCallers
}

/** Whether anything current says that this hop is meant to speak TLS. */
export function isTlsHop(evidence: HopEvidence): boolean {
  return (
    usedChains(evidence).some(({ chain }) => chain.tls !== null) ||
    currentCallers(evidence).some(({ cluster }) => cluster.tls !== null)
  )
}

/** Ids of the configuration that a judgement about TLS looks at. */
export function configurationIds(evidence: HopEvidence): readonly string[] {
  return [
    ...evidence.callees.flatMap(({ envoy, listener }) => (isCurrent(envoy.parts.listeners) ? [listener.id] : [])),
    ...currentCallers(evidence).map(({ cluster }) => cluster.id),
  ]
}

/** Ids of all current log facts: what they show or do not show counts. */
export function logIds(evidence: HopEvidence): readonly string[] {
  return [...evidence.calleeLog, ...evidence.callerLog].flatMap(({ fact, scope }) =>
    isCurrent(scope) ? [fact.id] : [],
  )
}

/** The SPIFFE validator, whose trust bundles are bound to trust domains, asks for a client certificate by itself. */
export function hasSpiffeValidator(part: CalleePart, tls: TlsContext): boolean {
  if (tls.validationSecret === null || !isCurrent(part.envoy.parts.secrets)) return false
  const secret = part.envoy.secrets.find((one) => one.name === tls.validationSecret && one.state === 'active')
  return secret?.trusted?.some((domain) => domain.trustDomain !== '') === true
}

export function verifiesPeer(tls: TlsContext): boolean {
  return tls.validationSecret !== null || tls.staticTrustedCa
}

/** A side whose required SPIFFE IDs leave out the other side's. */
export interface Mismatch {
  readonly requirer: string
  readonly other: string
  readonly required: string
  readonly otherId: string
  readonly factId: string
}

export function mismatchOf(evidence: HopEvidence): Mismatch | null {
  const { ends, from, to } = evidence
  for (const { cluster } of currentCallers(evidence)) {
    if (cluster.tls === null || to.spiffeId === null) continue
    if (acceptanceOf(cluster.tls.peerMatchers, to.spiffeId) !== 'refused') continue
    const required = requiredText(cluster.tls)
    return { requirer: ends.caller, other: ends.callee, required, otherId: to.spiffeId, factId: cluster.id }
  }
  if (evidence.callers.length === 0 || from.spiffeId === null) return null
  const tlsChains = usedChains(evidence).filter(({ chain }) => chain.tls !== null)
  const refusing = tlsChains.filter(
    ({ chain }) => acceptanceOf(chain.tls?.peerMatchers ?? null, from.spiffeId) === 'refused',
  )
  const first = refusing[0]
  const tls = first?.chain.tls ?? null
  if (first === undefined || tls === null || refusing.length < tlsChains.length) return null
  const required = requiredText(tls)
  return { requirer: ends.callee, other: ends.caller, required, otherId: from.spiffeId, factId: first.part.listener.id }
}

function requiredText(tls: TlsContext): string {
  const texts = (tls.peerMatchers ?? []).map(matcherText)
  return texts.length > 3 ? `${texts.slice(0, 3).join(', ')} and ${texts.length - 3} more` : texts.join(', ')
}
