import type { TlsContext } from '../../../model/envoy-facts.ts'
import {
  type CalleePart,
  type CallerPart,
  callerTls,
  chainsFor,
  type HopEvidence,
  type UsedChain,
} from '../../evaluate/hop-evidence.ts'
import { added } from '../../in-order.ts'
import { type EnvoyRecord, isCurrent } from '../../instances/records.ts'
import { acceptanceOf, matcherText } from '../../peer-matching.ts'

/** Chains of current listeners that this caller can use. */
export function usedChains(evidence: HopEvidence): readonly UsedChain[] {
  const uses = callerTls(evidence)
  if (evidence.cache.chains !== undefined) return evidence.cache.chains
  let chains: UsedChain[] = none
  for (const part of evidence.callees) {
    if (!isCurrent(part.envoy.parts.listeners)) continue
    for (const chain of chainsFor(part, uses)) chains = added(chains, { part, chain })
  }
  evidence.cache.chains = chains
  return chains
}

const none: never[] = []

export function currentCallers(evidence: HopEvidence): readonly CallerPart[] {
  evidence.cache.currentCallers ??= callersNow(evidence.callers)
  return evidence.cache.currentCallers
}

function callersNow(callers: readonly CallerPart[]): readonly CallerPart[] {
  for (const { envoy } of callers) {
    if (!isCurrent(envoy.parts.clusters)) return callers.filter((one) => isCurrent(one.envoy.parts.clusters))
  }
  return callers
}

/** The first current cluster of the caller without TLS. */
export function plainCaller(evidence: HopEvidence): CallerPart | null {
  for (const caller of currentCallers(evidence)) if (caller.cluster.tls === null) return caller
  return null
}

/** Whether this hop can use a chain that speaks plaintext. */
export function hasPlainChain(evidence: HopEvidence): boolean {
  for (const { chain } of usedChains(evidence)) if (chain.tls === null) return true
  return false
}

/** Whether anything current says that this hop is meant to speak TLS. */
export function isTlsHop(evidence: HopEvidence): boolean {
  for (const { chain } of usedChains(evidence)) if (chain.tls !== null) return true
  for (const { cluster } of currentCallers(evidence)) if (cluster.tls !== null) return true
  return false
}

/** Ids of the configuration that a judgement about TLS looks at. */
export function configurationIds(evidence: HopEvidence): string[] {
  const ids: string[] = []
  for (const { envoy, listener } of evidence.callees) if (isCurrent(envoy.parts.listeners)) ids.push(listener.id)
  for (const { cluster } of currentCallers(evidence)) ids.push(cluster.id)
  return ids
}

/** Ids of all current log facts: what they show or do not show counts. */
export function logIds(evidence: HopEvidence): readonly string[] {
  const ids: string[] = []
  for (const { fact, scope } of evidence.calleeLog) if (isCurrent(scope)) ids.push(fact.id)
  for (const { fact, scope } of evidence.callerLog) if (isCurrent(scope)) ids.push(fact.id)
  return ids
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

/** Names no peers in its own configuration, and the validation secret that may name some is not known now: nothing is claimed. */
export function peersUnread(envoy: EnvoyRecord, tls: TlsContext | null): boolean {
  return tls !== null && tls.peerMatchers === null && tls.validationSecret !== null && !isCurrent(envoy.parts.secrets)
}

/** The end whose accepted peers are not known now; null: both are. */
export function endWithPeersUnread(evidence: HopEvidence): 'callee' | 'caller' | null {
  if (usedChains(evidence).some(({ part, chain }) => peersUnread(part.envoy, chain.tls))) return 'callee'
  return currentCallers(evidence).some(({ envoy, cluster }) => peersUnread(envoy, cluster.tls)) ? 'caller' : null
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
  const { cache } = evidence
  if (cache.mismatch === undefined) cache.mismatch = findMismatch(evidence)
  return cache.mismatch
}

function findMismatch(evidence: HopEvidence): Mismatch | null {
  const { ends, from, to } = evidence
  for (const { cluster } of currentCallers(evidence)) {
    if (cluster.tls === null || to.spiffeId === null) continue
    if (acceptanceOf(cluster.tls.peerMatchers, to.spiffeId) !== 'refused') continue
    const required = requiredText(cluster.tls)
    return { requirer: ends.caller, other: ends.callee, required, otherId: to.spiffeId, factId: cluster.id }
  }
  if (evidence.callers.length === 0 || from.spiffeId === null) return null
  // Every TLS chain has to refuse; the first is the one that is named.
  let first: { readonly tls: TlsContext; readonly factId: string } | null = null
  for (const { part, chain } of usedChains(evidence)) {
    if (chain.tls === null) continue
    if (acceptanceOf(chain.tls.peerMatchers, from.spiffeId) !== 'refused') return null
    first ??= { tls: chain.tls, factId: part.listener.id }
  }
  if (first === null) return null
  const required = requiredText(first.tls)
  return { requirer: ends.callee, other: ends.caller, required, otherId: from.spiffeId, factId: first.factId }
}

function requiredText(tls: TlsContext): string {
  const texts = (tls.peerMatchers ?? []).map(matcherText)
  return texts.length > 3 ? `${texts.slice(0, 3).join(', ')} and ${texts.length - 3} more` : texts.join(', ')
}
