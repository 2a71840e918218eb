import type { HopDetail, WorkloadDetail } from '../../../shared/contract/graph.ts'
import type { Fact } from '../../../shared/domain/model/fact.ts'
import type { Hop, Known } from '../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { formatMoment } from '../../../shared/words/durations.ts'
import { hopFindings } from '../../../shared/words/hop-findings.ts'
import { authorisationPhrase, relationWords, transportPhrase } from '../../../shared/words/hop-sentences.ts'
import { reasonSentence } from '../../../shared/words/reasons.ts'
import { basisWord, claimLabel, sourceLabel, workloadStateLabel } from '../../../shared/words/states.ts'
import { leaseCounts } from '../../../shared/words/vault-leases.ts'

/** A hop with its verdicts and the facts they rest on, as plain text for a ticket. */
export function hopText(detail: HopDetail, now: EpochMs): string {
  const { hop, from, to } = detail
  return [
    `${from.name} -> ${to.name}, as of ${formatMoment(detail.asOf)}`,
    `Transport: ${transportPhrase(hop, now)}. ${reasonSentence(hop.transport.reason)}`,
    `Authorisation: ${authorisationPhrase(hop)}. ${reasonSentence(hop.authorisation.reason)}`,
    `Claimed sender: ${claimLabel(hop.identityClaim.state)}. ${reasonSentence(hop.identityClaim.reason)}`,
    ...otherFindings(hop),
    `Relations: ${relationWords(hop).join(', ')}`,
    `Client: ${valueOf(hop.client.spiffeId, (id) => id)}, certificate until ${valueOf(hop.client.certificate, (certificate) => timeOf(certificate.notAfter))}`,
    `Server: ${valueOf(hop.server.spiffeId, (id) => id)}, certificate until ${valueOf(hop.server.certificate, (certificate) => timeOf(certificate.notAfter))}`,
    ...factLines([...hop.transport.restsOn, ...hop.authorisation.restsOn, ...hop.identityClaim.restsOn], detail.facts),
  ].join('\n')
}

/** What networks and stages say against the hop; its claim has a line of its own. */
function otherFindings(hop: Hop): readonly string[] {
  const claim = reasonSentence(hop.identityClaim.reason)
  return hopFindings(hop)
    .filter((sentence) => sentence !== claim)
    .map((sentence) => `Also: ${sentence}`)
}

export function workloadText(detail: WorkloadDetail): string {
  const { workload } = detail
  return [
    `${workload.name}, as of ${formatMoment(detail.asOf)}`,
    `State: ${workloadStateLabel(workload.state.state)}. ${reasonSentence(workload.state.reason)}`,
    `SPIFFE ID: ${valueOf(workload.spiffeId, (id) => id)}`,
    `SVID loaded: until ${valueOf(workload.svid.loaded, (certificate) => timeOf(certificate.notAfter))}, serial ${valueOf(workload.svid.loaded, (certificate) => certificate.serial ?? 'none given')}`,
    `Registration entry: ${valueOf(workload.registration, (entry) => entry.entryId)}`,
    `Vault leases: ${valueOf(workload.leases, leaseCounts)}`,
    ...factLines(workload.state.restsOn, detail.facts),
  ].join('\n')
}

function valueOf<Value>(known: Known<Value>, text: (value: Value) => string): string {
  if (!known.known) return 'not known'
  return known.stale ? `${text(known.value)} (last known)` : text(known.value)
}

function timeOf(at: EpochMs | null): string {
  return at === null ? 'no time given' : formatMoment(at)
}

function factLines(ids: readonly string[], facts: readonly Fact[]): readonly string[] {
  const byId = new Map(facts.map((fact) => [fact.id, fact]))
  const lines = [...new Set(ids)].map((id) => {
    const fact = byId.get(id)
    if (fact === undefined) return `- ${id}`
    const { source, instance, locator, observedAt, basis } = fact.from
    return `- ${sourceLabel(source)} "${instance}": ${locator}, ${formatMoment(observedAt)}, ${basisWord(basis)}`
  })
  return lines.length === 0 ? [] : ['Rests on:', ...lines]
}
