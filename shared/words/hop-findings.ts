import type { Hop } from '../domain/model/graph.ts'
import { signatureCounts, userIdentityCounts } from './integrity.ts'
import { networkSentence } from './network.ts'
import { reasonSentence } from './reasons.ts'

/**
 * What else needs a look at a hop, beside its transport and its authorisation, one sentence each; empty when nothing that is
 * known does. What is not known is said by the values themselves.
 */
export function hopFindings(
  hop: Pick<Hop, 'deviation' | 'identityClaim' | 'network' | 'integrity'>,
): readonly string[] {
  const { deviation, identityClaim, network, integrity } = hop
  return [
    ...(deviation === null ? [] : [reasonSentence(deviation)]),
    ...(identityClaim.state === 'contradicted' ? [reasonSentence(identityClaim.reason)] : []),
    ...(network.known && network.value.verdict === 'blocked' ? [networkSentence(network.value)] : []),
    ...(integrity.known ? refused('Stage signatures', signatureCounts(integrity.value)) : []),
    ...(integrity.known ? refused('User identity', userIdentityCounts(integrity.value)) : []),
  ]
}

/** "NetworkPolicies admit it", for a column: "admitted", "blocked", "unrestricted" or "unknown". */
export function networkLabel(network: Hop['network']): string {
  return network.known ? network.value.verdict : 'unknown'
}

function refused(what: string, counts: ReturnType<typeof signatureCounts>): readonly string[] {
  const bad = counts.filter(({ good }) => !good).map(({ text }) => text)
  return bad.length === 0 ? [] : [`${what}: ${bad.join(', ')}, as the stages reported.`]
}
