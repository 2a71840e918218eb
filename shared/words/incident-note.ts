import type { Evidence, RequestDiagnosis, ToldClaim, Verdict } from '../domain/diagnosis/model.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { causeLabel, confidenceLabels, evidenceSourceText, linkLabels, linkStateLabels } from './diagnosis.ts'
import { claimSourceText, loggedSentence, missingEnds, missingSentence } from './diagnosis-trace.ts'
import { formatMoment } from './durations.ts'
import { inertBlock, inertCode, inertText } from './markdown.ts'
import { reasonSentence } from './reasons.ts'
import { capitalise } from './states.ts'

/** Literal text of a source is cut to so many characters in a note. */
const mostLiteral = 2000

/**
 * A diagnosis as Markdown for a ticket or a chat. Everything that comes of logs stays text there, and is as masked as it was held.
 */
export function incidentNote(
  diagnosis: RequestDiagnosis,
  { environment, now }: { readonly environment: string | null; readonly now: EpochMs },
): string {
  const { verdict, chain, firstBroken, ruledOut, open, next, asked, trace } = diagnosis
  const broken = firstBroken === null ? undefined : chain[firstBroken]
  const rule = chain.find((link) => link.rule !== null)?.rule ?? null
  const silent = asked.filter(({ answered }) => !answered).map(({ source }) => source)
  return [
    headline(diagnosis),
    verdictText(verdict),
    list(aboutOf(diagnosis, environment)),
    titled(
      'From caller to callee',
      chain.map(
        ({ kind, state, reason }) =>
          `${linkLabels[kind]}, ${linkStateLabels[state]}: ${inertText(reasonSentence(reason))}`,
      ),
    ),
    titled(
      'Without a line',
      trace.missing.map((line) => inertText(`${missingEnds(line)}: ${missingSentence(line)}`)),
    ),
    ...(broken === undefined
      ? []
      : [titled('Evidence', (broken.evidence.length > 0 ? broken.evidence : verdict.restsOn).map(evidenceText))]),
    ...literals(broken?.evidence ?? verdict.restsOn),
    ...(rule === null
      ? []
      : [
          `### Rule\n\n${inertCode(`${rule.file}:${rule.row}`)}${rule.revision === null ? '' : `, ${inertCode(rule.revision)}`}${rule.isRevisionThatDecided ? '' : ', which is not the revision that decided'}`,
          inertBlock(
            rule.lines
              .flatMap(({ row, text, outcome, values }) => [
                `${row.toString().padStart(5)} ${outcome === 'held' ? '✓' : outcome === 'failed' ? '✕' : ' '} ${text}`,
                ...values.map(
                  ({ name, json, masked }) =>
                    `        ${name} ${masked ? 'is masked' : json === null ? 'is undefined' : `= ${json}`}`,
                ),
              ])
              .join('\n'),
          ),
        ]),
    titled(
      'Ruled out',
      ruledOut.map(
        ({ cause, reason, evidence }) =>
          `${capitalise(causeLabel(cause))}: ${inertText(reasonSentence(reason))} ${source(evidence)}`,
      ),
    ),
    titled(
      'Still open',
      open.map(
        ({ reason, couldChangeVerdict }) =>
          `${inertText(reasonSentence(reason))} ${couldChangeVerdict ? 'Could change the verdict.' : 'Does not change the verdict.'}`,
      ),
    ),
    titled(
      'Next steps',
      next.map(
        ({ reason, command }) =>
          `${inertText(reasonSentence(reason))}${command === null ? '' : ` ${inertCode(command)}`}`,
      ),
    ),
    ...askAgain(diagnosis, environment),
    `Diagnosed by Everyhop at ${formatMoment(now)}${silent.length === 0 ? '' : `; no answer from: ${inertText(silent.join(', '))}`}.`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

function headline({ subject }: RequestDiagnosis): string {
  const nameOf = ({ name, spiffeId }: RequestDiagnosis['subject']['from']) => inertText(name ?? spiffeId ?? 'not known')
  const status = subject.status === null ? '' : ` (${subject.status})`
  return `## Refused request: ${nameOf(subject.from)} → ${nameOf(subject.to)}${status}`
}

function verdictText({ cause, reason, confidence, because, wouldRaise }: Verdict<string>): string {
  const sentence = `**${inertText(reasonSentence(reason))}**`
  // Of what is not known there is no degree.
  if (cause === 'unknown') return sentence
  const raising = [...new Set(wouldRaise.map(reasonSentence))].map(inertText)
  return [
    sentence,
    `${capitalise(confidenceLabels[confidence])}: ${inertText(reasonSentence(because))}${raising.length === 0 ? '' : ` Would make it more certain: ${raising.join(' ')}`}`,
  ].join('\n\n')
}

function aboutOf({ subject, trace }: RequestDiagnosis, environment: string | null): readonly string[] {
  const { at, method, path, requestId, traceId, decisionId, from, to } = subject
  const rows: readonly (readonly [string, string | null])[] = [
    ['Environment', environment],
    ['Time', at === null ? null : formatMoment(at)],
    ['Request', method === null && path === null ? null : `${method ?? '?'} ${path ?? '?'}`],
    ['Request id', requestId],
    ['Decision id', decisionId],
    ['Trace id', traceId],
    ['Caller', from.spiffeId],
    ['Callee', to.spiffeId],
  ]
  const logged = loggedSentence(trace)
  return [
    ...rows.flatMap(([label, value]) => (value === null ? [] : [`${label}: ${inertCode(value)}`])),
    ...claimText('User', subject.user),
    ...claimText('Acting', subject.actor),
    ...(logged === null ? [] : [logged]),
  ]
}

/** Only what OPA was told, or that it is masked. */
function claimText(label: string, claim: ToldClaim): readonly string[] {
  if (claim.state === 'masked') return [`${label}: masked in the log`]
  return claim.state === 'known' ? [`${label}: ${inertCode(claim.value)} (${inertText(claimSourceText(claim))})`] : []
}

function evidenceText(evidence: Evidence): string {
  return `${inertText(reasonSentence(evidence.reason))} ${source(evidence)}`
}

function source({ from }: Evidence): string {
  return `(${inertText(evidenceSourceText(from))})`
}

/** Blocks of what sources said, each once. */
function literals(evidence: readonly Evidence[]): readonly string[] {
  const texts = evidence.flatMap(({ literal }) => (literal === null || literal === '' ? [] : [literal]))
  return [...new Set(texts)].map((text) =>
    inertBlock(text.length > mostLiteral ? `${text.slice(0, mostLiteral)} … cut` : text),
  )
}

/** The same question for a terminal: an address of the window means nothing on another machine. */
function askAgain({ subject }: RequestDiagnosis, environment: string | null): readonly string[] {
  const { requestId, traceId, decisionId } = subject
  const id = requestId ?? decisionId ?? traceId
  if (id === null || environment === null) return []
  const kind = id === requestId ? '' : id === decisionId ? ' --decision' : ' --trace'
  return [
    `### Ask again\n\n${inertBlock(`everyhop diagnose request ${shellWord(id)}${kind} --env ${shellWord(environment)}`)}`,
  ]
}

/** As one word of a POSIX shell, whatever is in it. */
function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function titled(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `### ${title}\n\n${list(items)}`
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}
