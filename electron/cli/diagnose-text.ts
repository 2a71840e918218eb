import type {
  Evidence,
  HandshakeDiagnosis,
  HandshakeSide,
  NextStep,
  OpenQuestion,
  RequestDiagnosis,
  RuledOut,
  Verdict,
} from '../../shared/domain/diagnosis/model.ts'
import type { Reason } from '../../shared/domain/model/graph.ts'
import {
  causeLabel,
  confidenceLabels,
  evidenceSourceText,
  handshakeRowLabels,
  handshakeRowStates,
  linkLabels,
  linkStateLabels,
} from '../../shared/words/diagnosis.ts'
import {
  claimSourceText,
  loggedSentence,
  missingEnds,
  missingSentence,
  subjectLine,
} from '../../shared/words/diagnosis-trace.ts'
import { formatMoment } from '../../shared/words/durations.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { ruleShown, ruleText } from './diagnose-change.ts'
import { columns, plainText } from './text.ts'

/** A diagnosis for a terminal: the sentence first, then what it rests on. Text of logs cannot steer the terminal. */
export function requestText(diagnosis: RequestDiagnosis): string {
  const { subject, chain, verdict, ruledOut, open, next } = diagnosis
  const ends = [subject.from, subject.to].map(({ name, spiffeId }) => name ?? spiffeId ?? 'not known')
  const about = [
    ends.join(' → '),
    [subject.method, subject.path].filter((part) => part !== null).join(' '),
    subject.status === null ? '' : `status ${subject.status}`,
    subject.at === null ? '' : formatMoment(subject.at),
    subject.requestId === null ? '' : `request ${subject.requestId}`,
  ].filter((part) => part !== '')
  const links = chain.map(({ kind, state, reason, evidence }) => [
    linkLabels[kind],
    linkStateLabels[state],
    withSources(reason, evidence),
  ])
  return [
    ...sentenceOf(verdict),
    ...(subject.at === null ? [] : [`${plainText(about.join(' · '))}\n`]),
    ...subjectText(subject),
    section('From caller to callee', columns(links)),
    traceText(diagnosis),
    ...chain.flatMap(({ rule }) => (rule === null ? [] : [ruleText(ruleShown(rule))])),
    ...closing(ruledOut, open, next, verdict),
  ].join('')
}

function subjectText({ user, actor }: RequestDiagnosis['subject']): readonly string[] {
  const line = subjectLine({ user, actor })
  if (line === null) return []
  const sources = [user, actor].flatMap((claim) => (claim.state === 'known' ? [claimSourceText(claim)] : []))
  return [`${plainText(`${line}${sources.length === 0 ? '' : ` [${sources.join('; ')}]`}`)}\n`]
}

function traceText({ trace, subject }: RequestDiagnosis): string {
  const logged = loggedSentence(trace)
  if (logged === null) return ''
  const names = new Map([subject.from, subject.to].map(({ workload, name }) => [workload, name]))
  const lines = trace.missing.map((line) => [missingEnds(line, names), missingSentence(line)])
  return lines.length === 0 ? `\n${plainText(logged)}\n` : section(logged, columns(lines))
}

export function handshakeText(diagnosis: HandshakeDiagnosis): string {
  const { client, server, verdict, ruledOut, open, next, failingSince } = diagnosis
  const since = failingSince === null ? [] : [`Failing since ${formatMoment(failingSince)}.\n`]
  return [
    ...sentenceOf(verdict),
    ...since,
    section(`Client: ${client.name}`, sideText(client)),
    section(`Server: ${server.name}`, sideText(server)),
    ...closing(ruledOut, open, next, verdict),
  ].join('')
}

function sideText({ rows, says }: HandshakeSide): string {
  const lines = rows.map(({ row, state, reason, evidence }) => [
    handshakeRowLabels[row],
    handshakeRowStates[state],
    withSources(reason, evidence),
  ])
  const said = says === null ? [] : [['Log', formatMoment(says.at), `“${says.literal}”`, reasonSentence(says.decoded)]]
  return columns([...lines, ...said])
}

export function sentenceOf({ cause, reason, confidence, because }: Verdict<string>): readonly string[] {
  const sentence = `${plainText(reasonSentence(reason))}\n`
  const certainty = `${confidenceLabels[confidence]}: ${reasonSentence(because)}`
  // Of what is not known there is no degree.
  return cause === 'unknown' ? [sentence] : [sentence, `${plainText(certainty)}\n`]
}

export function closing(
  ruledOut: readonly RuledOut[],
  open: readonly OpenQuestion[],
  next: readonly NextStep[],
  { wouldRaise }: Verdict<string>,
): readonly string[] {
  const out = ruledOut.map(({ cause, reason, evidence }) => [causeLabel(cause), withSources(reason, [evidence])])
  const questions = open.map(({ reason, couldChangeVerdict }) => [
    couldChangeVerdict ? 'could change this' : 'would not change this',
    reasonSentence(reason),
  ])
  const raising = wouldRaise.map((reason) => [reasonSentence(reason)])
  const steps = next.map(({ reason, command }) => [reasonSentence(reason), ...(command === null ? [] : [command])])
  return [
    section('Ruled out', columns(out)),
    section('Still open', columns(questions)),
    section('Would make it more certain', columns(raising)),
    section('Next', columns(steps)),
  ]
}

/** The sentence and where that was seen, which is the last of its line: both may be long. */
function withSources(reason: Reason, evidence: readonly Evidence[]): string {
  const sources = [...new Set(evidence.map(({ from }) => evidenceSourceText(from)))]
  return sources.length === 0 ? reasonSentence(reason) : `${reasonSentence(reason)} [${sources.join('; ')}]`
}

/** Nothing at all where there is nothing to say. */
export function section(title: string, body: string): string {
  if (body === '') return ''
  const lines = body.split('\n').filter((line) => line !== '')
  return `\n${plainText(title)}\n${lines.map((line) => `  ${line}\n`).join('')}`
}
