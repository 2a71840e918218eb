import type { PublishProgress, Recheck, Rechecked } from '../contract/policy.ts'
import type { Convergence, RevisionId } from '../domain/model/policy.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { countOf, formatDuration } from './durations.ts'
import { decisionWord, revisionName } from './policy.ts'

type OpaLine = Convergence['opas'][number]

const states = {
  converged: 'has it',
  waiting: 'not yet',
  rejected: 'refused it',
  silent: 'does not answer',
  'other-revision': 'keeps another',
} as const satisfies Readonly<Record<OpaLine['state'], string>>

export function opaStateLabel(state: OpaLine['state']): string {
  return states[state]
}

/** "11 of 12 on r42." */
export function convergedCount({ revision, opas }: Convergence): string {
  if (opas.length === 0) return `No OPA is known that could take ${revision}.`
  const there = opas.filter(({ state }) => state === 'converged').length
  return `${there} of ${opas.length} on ${revision}.`
}

/** For a column: "3 of 3 in 1.4 s", "11 of 12", "–" without any OPA. */
export function convergedShort(convergence: Convergence): string {
  const { opas, state } = convergence
  if (opas.length === 0) return '–'
  const there = opas.filter((opa) => opa.state === 'converged').length
  const slowest = slowestSeconds(convergence)
  const took = state === 'converged' && slowest !== null && slowest > 0 ? ` in ${secondsText(slowest)}` : ''
  return `${there} of ${opas.length}${took}`
}

/** Seconds from the publication until the last OPA had it; null: not all have it, or one does not tell when. */
export function slowestSeconds({ opas, state }: Convergence): number | null {
  if (state !== 'converged') return null
  const all = opas.map(({ seconds }) => seconds)
  return all.includes(null) ? null : Math.max(...all.map((seconds) => seconds ?? 0))
}

/** "1.4 s", "3 m 24 s". */
export function secondsText(seconds: number): string {
  return seconds < 60 ? `${(Math.round(seconds * 10) / 10).toLocaleString('en-GB')} s` : formatDuration(seconds * 1000)
}

/** What one OPA does with a revision, for its chip's accessible name. */
export function opaSentence({ opa, activeRevision, seconds, state, reason }: OpaLine, revision: string): string {
  const has =
    activeRevision === null
      ? 'has no bundle active'
      : `is on ${activeRevision === '' ? 'an unnamed revision' : activeRevision}`
  switch (state) {
    case 'converged':
      return seconds === null || seconds === 0
        ? `${opa} has ${revision}.`
        : `${opa} has ${revision} since ${secondsText(seconds)} after it was published.`
    case 'waiting':
      return `${opa} ${has} and was not heard to ask since.`
    case 'rejected':
      return `${opa} refused ${revision}: “${reason ?? 'it gives no reason'}”. It keeps enforcing what it had${activeRevision === null ? '' : `, ${activeRevision}`}.`
    case 'silent':
      return activeRevision === null
        ? `${opa} does not answer. What it has is not known.`
        : `${opa} does not answer. It was last heard to have ${activeRevision}.`
    case 'other-revision':
      return `${opa} ${has}${reason === null ? '' : `: ${reason}`}.`
  }
}

/** The same for several: OPAs that tell the same are told together. */
export function opaSentences(lines: readonly OpaLine[], revision: string): readonly string[] {
  const groups = Map.groupBy(lines, ({ opa: _name, ...rest }) => JSON.stringify(rest))
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const alone = opaSentence(first, revision)
    if (group.length === 1) return [alone]
    return [
      `${alone} The same is told by ${group
        .slice(1)
        .map(({ opa }) => opa)
        .join(', ')}.`,
    ]
  })
}

/** Who has not taken it, worst first: "payments-opa still on r41, 38 s." Empty: all have it. */
export function stuckSentence({ opas, startedAt, state }: Convergence, now: EpochMs): string {
  const late = opas.filter((opa) => opa.state !== 'converged')
  const [first] = late.toSorted((one, other) => rank[one.state] - rank[other.state])
  if (first === undefined) return ''
  const others = late.length === 1 ? '' : ` and ${countOf(late.length - 1, 'other')}`
  if (state === 'converging') return `${first.opa}${others} still to take it, ${formatDuration(now - startedAt)}.`
  const what = {
    rejected: 'refused it',
    silent: 'does not answer',
    'other-revision': `still on ${first.activeRevision ?? 'no revision'}`,
    waiting: 'not yet',
    converged: '',
  }[first.state]
  return `${first.opa} ${what}${late.length === 1 ? '' : `, and ${countOf(late.length - 1, 'other')} did not take it`}.`
}

const rank: Readonly<Record<OpaLine['state'], number>> = {
  rejected: 0,
  'other-revision': 1,
  silent: 2,
  waiting: 3,
  converged: 4,
}

const steps = {
  built: 'Built',
  signed: 'Signed',
  uploaded: 'Uploaded as an object that never changes',
  pointed: 'Pointer moved',
  verified: 'Pointer read again',
} as const

export function publishStepLabel(step: keyof typeof steps): string {
  return steps[step]
}

/** Whether a publication that failed changed anything. */
export function pointerSentence(
  pointer: Extract<PublishProgress, { step: 'failed' }>['pointer'],
  from: RevisionId | null,
): string {
  const before = from === null ? 'nothing' : revisionName(from)
  switch (pointer) {
    case 'unmoved':
      return `The pointer was not moved: ${before} is still live, and no OPA was touched.`
    case 'moved':
      return 'The pointer was moved: OPAs fetch what it leads to now. Look at what is live.'
    case 'unknown':
      return 'Whether the pointer was moved is not known: the store did not say. Look at what is live before anything else.'
  }
}

export function lostUpdateSentence(found: RevisionId, to: RevisionId): string {
  const what =
    found.revision === '' && found.digest === null
      ? 'The pointer is gone'
      : `The pointer now leads to ${revisionName(found)}`
  return `${what}: another publisher overwrote ${revisionName(to)}. Everyhop does not write again by itself.`
}

/** "12 of 14 refused requests would pass now. 1 would still be refused. Of 1 it is not known. These are the latest 14 of 300." */
export function recheckSummary({ requests: rows, held, complete, withoutDecision }: Recheck): string {
  const others =
    withoutDecision === 0
      ? []
      : [`${countOf(withoutDecision, 'more', 'more')} got no decision: no policy changes that.`]
  if (rows.length === 0)
    return ['No refused request with a recorded decision is held, so nothing can be evaluated again.', ...others].join(
      ' ',
    )
  const all = `${complete ? '' : 'at least '}${held.toLocaleString('en-GB')}`
  const passing = rows.filter(({ after }) => after === 'allow').length
  const refused = rows.filter(({ after }) => after === 'deny').length
  const rest = rows.length - passing - refused
  return [
    `${passing} of ${countOf(rows.length, 'refused request')} would pass now.`,
    ...(refused === 0 ? [] : [`${refused} would still be refused.`]),
    ...(rest === 0 ? [] : [`Of ${rest} it is not known.`]),
    ...(held > rows.length || !complete ? [`These are the latest ${rows.length} of ${all}.`] : []),
    ...others,
  ].join(' ')
}

/** Whom a recheck speaks of while not every OPA has the revision; empty: all have it. */
export function recheckedFor({ revision, opas }: Convergence): string {
  const late = opas.filter(({ state }) => state !== 'converged').map(({ opa }) => opa)
  if (late.length === 0) return ''
  return `That holds for the OPAs on ${revision}, not for ${late.join(', ')}.`
}

/** "deny → allow". */
export function recheckChange({ before, after }: Rechecked): string {
  return `${decisionWord(before)} → ${decisionWord(after)}`
}
