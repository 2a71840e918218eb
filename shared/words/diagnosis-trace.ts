import type { MissingLine, RequestSubject, RequestTrace, ToldClaim } from '../domain/diagnosis/model.ts'
import { evidenceSourceText } from './diagnosis.ts'

/** Why an Envoy has no line of a call. */
export const whyNoLine: Readonly<Record<MissingLine['reason'], string>> = {
  'no-log': 'the access log is not read',
  'not-held': 'the access log is read and has no line of it, which may be sampling, or an id that was not passed on',
  'not-reached': 'it was not reached',
  unknown: 'why is not known',
}

const sides: Readonly<Record<MissingLine['side'], string>> = {
  caller: 'no line of the caller',
  callee: 'no line of the callee',
  both: 'no line',
}

/** "Logged on 7 of 8 hops"; null: nothing tells which hops it took. */
export function loggedSentence({ expected, seen }: RequestTrace): string | null {
  return expected === 0 ? null : `Logged on ${seen} of ${expected} ${expected === 1 ? 'hop' : 'hops'}`
}

/** "gateway → prompt-firewall", by the names as drawn, or else by the last part of the SPIFFE ID. */
export function missingEnds(
  { from, to }: Pick<MissingLine, 'from' | 'to'>,
  names: ReadonlyMap<string | null, string | null> = new Map(),
): string {
  return [from, to].map((id) => names.get(id) ?? id?.split('/').at(-1) ?? 'not known').join(' → ')
}

/** Of one hop what is missing. */
export function missingSentence({ side, reason }: MissingLine): string {
  return reason === 'not-reached' ? 'not reached' : `${sides[side]}: ${whyNoLine[reason]}`
}

type KnownClaim = Extract<ToldClaim, { state: 'known' }>

/** Where a value is from: "claim sub, as OPA was told: /input/… in opa-decisions of opa-tool-runtime, 12:00:00". */
export function claimSourceText({ claim, call, at, from }: KnownClaim): string {
  const what = claim === null ? `header ${lastOf(at)}, which the caller may have written` : `claim ${claim}`
  const of = call === 'another' ? ' of another call of this request' : ''
  return `${what}, as OPA was told${of}: ${at} in ${evidenceSourceText(from)}`
}

/** "for user alice, acting: agent-7 — as OPA was told"; null: nothing is known of either, nor masked. */
export function subjectLine({ user, actor }: Pick<RequestSubject, 'user' | 'actor'>): string | null {
  const parts = [
    ...(isSaid(user) ? [`for user ${short(user)}`] : []),
    ...(isSaid(actor) ? [`acting: ${short(actor)}`] : []),
  ]
  if (parts.length === 0) return null
  const known = [user, actor].filter((claim) => claim.state === 'known')
  if (known.length === 0)
    return isSaid(user) && isSaid(actor) ? 'user and acting party: masked in the log' : parts.join(', ')
  const isOther = known.some(({ call }) => call === 'another')
  return `${parts.join(', ')} — as OPA was told${isOther ? ' at another call of this request' : ''}`
}

function isSaid({ state }: ToldClaim): boolean {
  return state === 'known' || state === 'masked'
}

function short(claim: ToldClaim): string {
  return claim.state === 'known' ? claim.value : 'masked in the log'
}

function lastOf(pointer: string): string {
  return pointer.slice(pointer.lastIndexOf('/') + 1)
}
