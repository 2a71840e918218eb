import type { Confidence, RequestLinkKind } from '../../shared/domain/diagnosis/model.ts'
import { type Fault, faultOf, type VerdictExpectation } from '../../shared/faults/index.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import type { Capture } from './capture.ts'
import { allSources, type Removal, without } from './removals.ts'
import { diagnoseAgain, type Verdicts } from './replay.ts'

/** One verdict held against the catalogue. */
export interface Judged {
  readonly capture: Pick<Capture, 'fault' | 'place'>
  readonly removal: string
  readonly of: 'request' | 'handshake'
  readonly expected: readonly string[]
  /** `no hop`: without that source the graph does not have the hop, so nobody can ask. */
  readonly cause: string
  readonly confidence: Confidence
  readonly outcome: 'right' | 'unknown' | 'wrong'
}

export async function judge(capture: Capture, removal: Removal): Promise<readonly Judged[]> {
  const verdict = verdictOf(faultOf(capture.fault))
  const { request, handshake } = await diagnoseAgain(without(capture, removal))
  const judged = (of: Judged['of'], expected: readonly string[], found: Verdicts[Judged['of']]): Judged => {
    const cause = found?.verdict.cause ?? 'no hop'
    const outcome = expected.includes(cause) ? 'right' : ['unknown', 'no hop'].includes(cause) ? 'unknown' : 'wrong'
    const { fault, place } = capture
    const confidence = found?.verdict.confidence ?? 'low'
    return { capture: { fault, place }, removal: removal.id, of, expected, cause, confidence, outcome }
  }
  const ofHandshake = handshakeExpected(faultOf(capture.fault))
  return [
    ...(capture.request === null ? [] : [judged('request', requestExpected(verdict, removal), request)]),
    ...(ofHandshake === null ? [] : [judged('handshake', ofHandshake, handshake)]),
  ]
}

/** In what the verdicts with all sources are not what the catalogue says, one sentence each. */
export async function unmetVerdicts(capture: Capture): Promise<readonly string[]> {
  const { request, handshake } = await diagnoseAgain(capture)
  const { hop, firstBroken } = verdictOf(faultOf(capture.fault))
  const judged = await judge(capture, allSources)
  const sentences = judged.flatMap(({ of, expected, cause, outcome }) => {
    if (outcome === 'right') return []
    const reason = (of === 'request' ? request : handshake)?.verdict.reason
    const said = reason === undefined ? 'nothing' : reasonSentence(reason)
    return [`${of}: ${cause} instead of ${expected.join(' or ')}: ${said}`]
  })
  if (sentences.length > 0 || request === null) return sentences
  const broken: RequestLinkKind | null = request.chain[request.firstBroken ?? -1]?.kind ?? null
  if (broken !== firstBroken) sentences.push(`the chain breaks first at ${broken} instead of ${firstBroken}`)
  if (request.verdict.restsOn.length === 0) sentences.push('the verdict on the request rests on nothing')
  const [from, to] = [request.subject.from.workload, request.subject.to.workload]
  if (firstBroken !== null && (from !== capture.hop.from || to !== capture.hop.to)) {
    sentences.push(`the call that broke is ${from} to ${to} instead of ${hop.from} to ${hop.to}`)
  }
  return sentences
}

/** With all sources only what says most is right. */
function requestExpected({ request = [], lessExact = [] }: VerdictExpectation, removal: Removal): readonly string[] {
  return removal.id === allSources.id ? request : [...request, ...lessExact]
}

export function verdictOf({ id, expects }: Fault): VerdictExpectation {
  if (expects.verdict === undefined) throw new Error(`the catalogue expects no verdict of ${id}`)
  return expects.verdict
}

/** Where only the request is refused, the handshake must not be blamed; of plaintext there is none. */
function handshakeExpected(fault: Fault): readonly string[] | null {
  const { handshake, hop } = verdictOf(fault)
  if (handshake !== undefined) return handshake
  const { hops, newHops = [] } = fault.expects.states
  const own = [...hops, ...newHops].find((each) => each.hop.from === hop.from && each.hop.to === hop.to)
  return own?.transport === 'verified' ? ['not-failing'] : null
}
