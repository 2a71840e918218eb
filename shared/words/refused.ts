import type { EpochMs } from '../domain/model/time.ts'
import { countOf, formatClock, formatMoment } from './durations.ts'
import { type HealthForWords, sourceHealthSentence } from './sources.ts'

/** Fits `RefusedLine` of the contract. */
export interface RefusedLineForWords {
  readonly at: EpochMs
  readonly why: 'denied' | 'error'
  readonly requestId: string | null
  readonly traceId: string | null
  readonly decisionId: string | null
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly callerAddress: string | null
  readonly access: {
    readonly source: string
    readonly method: string | null
    readonly path: string | null
    readonly status: number | null
    readonly details: string | null
  } | null
  readonly decision: {
    readonly source: string
    readonly opaInstanceId: string | null
    readonly outcome: 'allow' | 'deny' | 'error'
    readonly reasons: readonly string[]
    readonly path: string
    readonly revision: string | null
  } | null
}

/** Fits `RefusedAnswer` of the contract. */
export interface RefusedForWords {
  readonly from: EpochMs
  /** The oldest log line held; null: none. */
  readonly heldSince: EpochMs | null
  /** Logs that are kept elsewhere and were not asked. */
  readonly notAsked: readonly string[]
  /** Log lines that could not be kept. */
  readonly lost: number
}

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
export function whoRefused(line: RefusedLineForWords): Refuser {
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
export function reasonsOf(line: RefusedLineForWords): string {
  if (line.decision === null) return line.why === 'error' ? 'no decision came' : 'not known: the decision is not held'
  return line.decision.reasons.length === 0 ? 'the policy gave none' : line.decision.reasons.join(', ')
}

/** Name of one end: as on the graph, else its SPIFFE ID, else its address. */
export function partyName(spiffeId: string | null, address: string | null, names: ReadonlyMap<string, string>): string {
  if (spiffeId !== null) return names.get(`workload/${spiffeId}`) ?? spiffeId.replace(/^spiffe:\/\/[^/]+\//, '')
  return address ?? 'not known'
}

/** One refused request as plain text for a ticket. */
export function refusedText(line: RefusedLineForWords, names: ReadonlyMap<string, string>): string {
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
  answer: RefusedForWords,
  health: readonly HealthForWords[] | null,
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
  return [...held, ...silent, ...notAskedSentences(answer.notAsked), ...lost]
}

/** That a list is of Everyhop's own records, where logs are kept elsewhere too: none where they are not. */
export function notAskedSentences(notAsked: readonly string[]): readonly string[] {
  if (notAsked.length === 0) return []
  const names = notAsked.join(', ')
  const [are, them] = notAsked.length === 1 ? ['is', 'it'] : ['are', 'them']
  return [
    `Listed is only what Everyhop itself keeps. ${names} ${are} asked for one request at a time: enter its id to have it looked for in ${them}.`,
  ]
}

/** In words, that the list is empty, and what that means. */
export function emptySentence(
  answer: RefusedForWords,
  minutes: number,
  of: 'all' | 'hop' = 'all',
  isPast = false,
): string {
  const span = spanWords(minutes)
  return answer.heldSince === null
    ? 'Nothing can be listed.'
    : `The logs that are read tell of no refused request${of === 'hop' ? ' of this hop' : ''} in the ${isPast ? `${span} before` : `last ${span}`}.`
}

/** "15 minutes", "hour", "24 hours". */
export function spanWords(minutes: number): string {
  if (minutes === 60) return 'hour'
  if (minutes < 60) return minutes === 1 ? 'minute' : `${minutes} minutes`
  // The window asks for whole hours; the terminal takes any number.
  return minutes % 60 === 0
    ? `${(minutes / 60).toLocaleString('en-GB')} hours`
    : `${minutes.toLocaleString('en-GB')} minutes`
}

/** Why refused requests of a hop cannot be asked for: one of its ends has no SPIFFE ID. */
export function endWithoutIdSentence(side: 'caller' | 'callee'): string {
  return `The ${side} has no SPIFFE ID, so log lines cannot be told to be of this hop. The list of all refused requests has its address.`
}

/** Of an empty list where no access log of the called side is read. */
export const unloggedHopSentence =
  'No access log of this hop is read. That no refused request is listed does not say that none was refused.'
