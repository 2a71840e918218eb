import type { SourceHealth } from '../../../../shared/contract/environments.ts'
import type { RefusedAnswer, RefusedLine } from '../../../../shared/contract/logs.ts'
import type { Hop } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { countOf, formatClock, formatMoment } from '../../../../shared/words/durations.ts'
import { sourceHealthSentence } from '../../../../shared/words/sources.ts'

/** Who refused a request. A policy that said no is another thing than nobody who answered. */
export interface Refuser {
  readonly by: 'policy' | 'no-decision' | 'envoy' | 'upstream'
  /** For a column: "Policy decision". */
  readonly short: string
  readonly sentence: string
}

/**
 * From what Envoy wrote (%RESPONSE_CODE_DETAILS%: `ext_authz_denied`, `ext_authz_error`, `via_upstream`) and the decision
 * with the same id.
 */
export function whoRefused(line: RefusedLine): Refuser {
  const { access, decision, why } = line
  if (access?.details === 'via_upstream')
    return {
      by: 'upstream',
      short: 'Upstream',
      sentence: 'Envoy let the request pass; the service behind it refused it.',
    }
  if (decision?.outcome === 'allow')
    return {
      by: 'envoy',
      short: 'Envoy',
      sentence: 'The decision with this id allows the request, and Envoy’s log says that it was refused.',
    }
  if (why === 'error')
    return {
      by: 'no-decision',
      short: 'No decision',
      sentence:
        decision === null
          ? 'Envoy got no decision and refused the request.'
          : 'OPA was asked, and its answer says neither allow nor deny.',
    }
  return {
    by: 'policy',
    short: 'Policy decision',
    sentence:
      decision === null
        ? 'Policy said no, as Envoy’s log tells. The decision itself is not held: its log is not read, or it has not arrived.'
        : `The OPA whose decisions are in “${decision.source}” said no${decision.opaInstanceId === null ? '' : `; it calls itself ${decision.opaInstanceId}`}.`,
  }
}

/** Why, as the policy says; that none is known is told in words. */
export function reasonsOf(line: RefusedLine): string {
  if (line.decision === null) return line.why === 'error' ? 'no decision came' : 'not known: the decision is not held'
  return line.decision.reasons.length === 0 ? 'the policy gave none' : line.decision.reasons.join(', ')
}

/** Name of one end: as on the graph, else its SPIFFE ID, else its address. */
export function partyName(spiffeId: string | null, address: string | null, names: ReadonlyMap<string, string>): string {
  if (spiffeId !== null) return names.get(`workload/${spiffeId}`) ?? spiffeId.replace(/^spiffe:\/\/[^/]+\//, '')
  return address ?? 'not known'
}

/** Id of the hop that a line belongs to; null where one end has no SPIFFE ID. */
export function hopIdOf(line: Pick<RefusedLine, 'callerSpiffeId' | 'calleeSpiffeId'>): string | null {
  const { callerSpiffeId, calleeSpiffeId } = line
  if (callerSpiffeId === null || calleeSpiffeId === null) return null
  return `hop/workload/${callerSpiffeId}>workload/${calleeSpiffeId}`
}

/** One refused request as plain text for a ticket. */
export function refusedText(line: RefusedLine, names: ReadonlyMap<string, string>): string {
  const { access, decision } = line
  const caller = partyName(line.callerSpiffeId, line.callerAddress, names)
  const callee = partyName(line.calleeSpiffeId, null, names)
  return [
    `${formatMoment(line.at)}: ${caller} -> ${callee}, refused`,
    access === null
      ? 'Request: not known, no access log of it is held'
      : `Request: ${access.method ?? 'method not known'} ${access.path ?? 'path not known'}, status ${access.status ?? 'not known'}${access.details === null ? '' : ` (${access.details})`}, from the log "${access.source}"`,
    `Refused by: ${whoRefused(line).short}. ${whoRefused(line).sentence}`,
    `Reasons: ${reasonsOf(line)}`,
    ...(decision === null
      ? []
      : [`Policy: ${decision.path}, revision ${decision.revision ?? 'not known'}, from the log "${decision.source}"`]),
    `Decision id: ${line.decisionId ?? 'none'}`,
    `Request id: ${line.requestId ?? 'none'}`,
    ...(line.traceId === null ? [] : [`Trace id: ${line.traceId}`]),
    `Caller: ${line.callerSpiffeId ?? 'no SPIFFE ID'}${line.callerAddress === null ? '' : `, ${line.callerAddress}`}`,
    `Callee: ${line.calleeSpiffeId ?? 'no SPIFFE ID'}`,
  ].join('\n')
}

/** What the list cannot tell, each as a sentence. None of them: the logs that are read cover the whole time asked for. */
export function blindSpots(
  answer: RefusedAnswer,
  health: readonly SourceHealth[] | null,
  now: EpochMs,
): readonly string[] {
  const logs = health?.find((source) => source.source === 'logs')
  const isAnyRead = logs !== undefined && logs.configured > 0
  // A cluster that is still being asked may lead to pods whose logs can be read.
  const isAsking = health === null || health.some((source) => source.pending > 0)
  if (!isAsking && !isAnyRead && answer.heldSince === null)
    return [
      'No access log and no decision log is read in this environment. What was refused is unknown. Name the logs under “sources” in environment.yaml, or a cluster whose pod logs may be read.',
    ]
  const held =
    answer.heldSince === null
      ? ['No log line is held yet. What was refused is unknown.']
      : answer.heldSince > answer.from
        ? [`The oldest log line held is of ${formatClock(answer.heldSince, now)}; what was refused before is unknown.`]
        : []
  const silent =
    isAnyRead && logs.pending === 0 && logs.answering < logs.configured
      ? [`${sourceHealthSentence(logs, now)} Requests that only the others tell of are missing here.`]
      : []
  const lost =
    answer.lost === 0
      ? []
      : [`${countOf(answer.lost, 'log line')} could not be kept; requests that they told of are missing here.`]
  return [...held, ...silent, ...lost]
}

/** In words, that the list is empty, and what that means. */
export function emptySentence(answer: RefusedAnswer, minutes: number): string {
  return answer.heldSince === null
    ? 'Nothing can be listed.'
    : `The logs that are read tell of no refused request in the last ${spanWords(minutes)}.`
}

/** "15 minutes", "hour", "24 hours". */
export function spanWords(minutes: number): string {
  if (minutes < 60) return `${minutes} minutes`
  return minutes === 60 ? 'hour' : `${minutes / 60} hours`
}

/** The ends that refused requests of a hop are asked by; why they cannot be asked for where an end has no SPIFFE ID. */
export function endsOf(
  hop: Hop,
):
  | { readonly known: true; readonly callerSpiffeId: string; readonly calleeSpiffeId: string }
  | { readonly known: false; readonly sentence: string } {
  const caller = spiffeIdOf(hop.from)
  const callee = spiffeIdOf(hop.to)
  if (caller !== null && callee !== null) return { known: true, callerSpiffeId: caller, calleeSpiffeId: callee }
  const side = caller === null ? 'caller' : 'callee'
  return {
    known: false,
    sentence: `The ${side} has no SPIFFE ID, so log lines cannot be told to be of this hop. The list of all refused requests has its address.`,
  }
}

/** True: an access log of the called side is read, so an empty list of this hop says something. */
export function isLogged(hop: Hop): boolean {
  return hop.activity.known && !hop.activity.stale && hop.activity.value.countedBy === 'log'
}

function spiffeIdOf(workload: string): string | null {
  return workload.startsWith('workload/spiffe://') ? workload.slice('workload/'.length) : null
}
