import type { Reason } from '../../model/graph.ts'
import type { Evidence, OpenQuestion, RequestCause, RuledOut, Verdict } from '../model.ts'
import { type FlagOfEnd, flagsOfEnd, tell } from '../reasons.ts'
import type { CaseAccess } from '../request-case.ts'
import { besideDefects, confidenceOf, lowered, weigh } from '../weigh.ts'
import { endLine, isRead, ofDetails } from './evidence.ts'
import { requestRules } from './rules/index.ts'
import { endedHere, type RequestView } from './view.ts'

export interface Ranked {
  readonly verdict: Verdict<RequestCause>
  readonly ruledOut: readonly RuledOut[]
  readonly open: readonly OpenQuestion[]
}

export function rank(view: RequestView): Ranked {
  const weighed = weigh(requestRules, view)
  const { best, ruledOut } = weighed
  const held: readonly OpenQuestion[] = view.of.isWhole.records
    ? []
    : [{ reason: tell('more-records-held', {}), couldChangeVerdict: best === null || isHeldElsewhere(view) }]
  if (best === null) {
    const verdict = without(view)
    const { word, because, open } = besideDefects(weighed, { word: verdict.confidence, because: verdict.because })
    return { verdict: { ...verdict, confidence: word, because }, ruledOut, open: [...open, ...held] }
  }
  const { rule, finding } = best
  const told = besideDefects(weighed, confidenceOf(best))
  // A pasted line may be anybody's: it cannot make a verdict certain.
  const isLess = isPasted(view) || isHeldElsewhere(view)
  const confidence = isLess ? lowered(told.word) : told.word
  const because = isHeldElsewhere(view) ? tell('more-records-held', {}) : told.because
  return {
    verdict: {
      cause: rule.cause,
      reason: finding.reason,
      confidence,
      because: isPasted(view) ? tell('only-the-line', {}) : because,
      wouldRaise: confidence === 'high' ? [] : wouldRaise(view),
      restsOn: finding.evidence,
    },
    ruledOut,
    open: [...finding.open, ...told.open, ...held],
  }
}

/** Not all that is held was read, and no line of what was read says that the request ended there: it may have ended elsewhere. */
function isHeldElsewhere({ of, focus }: RequestView): boolean {
  return !of.isWhole.records && !(focus !== null && endedHere(focus))
}

function isPasted({ of }: RequestView): boolean {
  return of.decisions.length === 0 && of.accesses.length > 0 && of.accesses.every(({ from }) => from.kind === 'pasted')
}

/** What is not read and would tell more of this request. */
function wouldRaise(view: RequestView): readonly Reason[] {
  const silent = ['logs', 'opa', 'envoy', 'kubernetes', 'spire'].filter((source) => !isRead(view, source))
  const hasRecords = view.of.accesses.length > 0 && !isPasted(view)
  return [
    ...silent.map((source) => tell('read-source', { source })),
    ...(hasRecords ? [] : [tell('give-request-id', {})]),
    ...(endLine(view)?.details === null ? [tell('log-details', {})] : []),
  ]
}

function without(view: RequestView): Verdict<RequestCause> {
  const { of } = view
  const isEmpty = of.accesses.length === 0 && of.decisions.length === 0
  const [first] = of.accesses
  const wentThrough = of.accesses.every(({ status }) => status !== null && status > 0 && status < 400)
  // That a request got in without a decision only the callee's Envoy tells.
  const isTold = !isPasted(view) && of.isWhole.records && view.steps.every(({ inbound }) => inbound !== null)
  if (first !== undefined && wentThrough) {
    const { details, status, from } = first
    const proof: Evidence = {
      class: 'decisive',
      reason: tell('envoy-passed', { details: details ?? '-', status }),
      literal: details,
      from,
    }
    return {
      cause: 'not-refused',
      reason: tell('nothing-refused', {}),
      // What was not read is just where a refusal would be.
      confidence: isTold ? 'high' : of.isWhole.records ? 'medium' : 'low',
      because: tell(
        isPasted(view)
          ? 'only-the-line'
          : !of.isWhole.records
            ? 'more-records-held'
            : isTold
              ? 'one-record-names-it'
              : 'nothing-decisive',
        {},
      ),
      wouldRaise: isTold ? [] : wouldRaise(view),
      restsOn: [proof],
    }
  }
  const line = endLine(view)
  const flag = flagOf(line)
  return {
    cause: 'unknown',
    reason: isEmpty
      ? tell('nothing-found', { asked: of.asked.id })
      : flag !== null
        ? tell('flag-tells', { flag, status: line?.status ?? null, host: line?.upstreamHost ?? null })
        : tell('cause-not-told', { status: line?.status ?? null }),
    confidence: 'low',
    because: tell('nothing-decisive', {}),
    wouldRaise: wouldRaise(view),
    restsOn: line === null || flag === null ? [] : [ofDetails(line, 'state-now')],
  }
}

/** What Envoy says of the end where it says no more than a flag, which leaves open who or what it was. */
function flagOf(line: CaseAccess | null): FlagOfEnd | null {
  return flagsOfEnd.find((flag) => line?.flags.includes(flag) === true) ?? null
}
