import type { Hop } from '../domain/model/graph.ts'
import type { AuthorisationState } from '../domain/model/hop-state.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { assertNever } from '../lib/assert-never.ts'
import { formatAge, formatDuration, formatRate, formatShare, speakDuration } from './durations.ts'
import { authorisationLabel, claimLabel, transportLabel } from './states.ts'

/** The part of a hop that its words need; `Hop` and `HopLine` both fit. */
export type HopForWords = Pick<Hop, 'transport' | 'authorisation' | 'identityClaim' | 'relations' | 'activity'>

/**
 * The accessible name of a hop:
 * "model-server to tool-runtime, handshake failing for 3 minutes 24 seconds, granted, intended."
 */
export function hopSentence(hop: HopForWords, from: string, to: string, now: EpochMs): string {
  const parts = [`${from} to ${to}`, spokenTransport(hop, now)]
  const authorisation = spokenAuthorisation(hop)
  if (authorisation !== null) parts.push(authorisation)
  if (hop.identityClaim.state === 'contradicted') parts.push(claimLabel('contradicted'))
  parts.push(...relationWords(hop))
  return `${parts.join(', ')}.`
}

/** Relations in words; says "not granted" of what happens without being granted, and "no relation known" of none. */
export function relationWords(hop: Pick<Hop, 'relations'>): readonly string[] {
  if (hop.relations.length === 0) return ['neither observed, granted nor intended']
  if (hop.relations.includes('observed') && !hop.relations.includes('granted')) return [...hop.relations, 'not granted']
  return hop.relations
}

/** The label above a line: what is said in the state's colour, and the quiet rest. Empty strings where there is nothing to say. */
export function hopLabel(hop: HopForWords, now: EpochMs): { readonly strong: string; readonly rest: string } {
  const { transport, relations } = hop
  const rate = hopRate(hop)
  const undeclared = relations.includes('observed') && !relations.includes('granted') ? 'not granted' : ''
  switch (transport.state) {
    case 'verified':
      return { strong: '', rest: joined([rate, undeclared]) }
    case 'one-sided':
      return { strong: '', rest: joined([rate, 'client not proven', undeclared]) }
    case 'plaintext':
      return { strong: 'plaintext', rest: joined([rate, undeclared]) }
    case 'failing':
      return {
        strong: failingWord(hop),
        rest: transport.since === null ? '' : formatDuration(now - transport.since),
      }
    case 'configured':
      return { strong: '', rest: relations.includes('observed') ? joined([rate, undeclared]) : 'no handshake seen' }
    case 'unknown':
      return { strong: '', rest: joined([unknownWord(hop, now), rate, undeclared]) }
    default:
      return assertNever(transport.state)
  }
}

/** The pill beside a hop, or null: "6.1% denied", "0.3% no answer", … Shares are shown from 0.1%. */
export function hopPill(hop: HopForWords): HopPillWords | null {
  const words = authorisationPill(hop)
  if (words !== null) return { sign: hop.authorisation.state, ...words }
  if (hop.identityClaim.state !== 'contradicted') return null
  return { sign: 'claimed', text: 'other identity', title: pillLabel('claimed') }
}

export type PillSign = AuthorisationState | 'claimed'

export interface HopPillWords {
  readonly sign: PillSign
  readonly text: string
  readonly title: string
}

/** What the legend calls a pill. */
export function pillLabel(sign: PillSign): string {
  return sign === 'claimed' ? claimLabel('contradicted') : authorisationLabel(sign)
}

function authorisationPill(hop: HopForWords): { readonly text: string; readonly title: string } | null {
  const activity = hop.activity.known ? hop.activity.value : null
  switch (hop.authorisation.state) {
    case 'denying':
      return {
        text: activity === null ? 'denied' : formatShare(activity.denied, activity.requests),
        title: authorisationLabel('denying'),
      }
    case 'erroring':
      return {
        text: activity === null ? 'no answer' : formatShare(activity.authorisationErrors, activity.requests),
        title: authorisationLabel('erroring'),
      }
    case 'failing-open':
      return { text: 'open', title: authorisationLabel('failing-open') }
    case 'unguarded':
      return { text: 'unguarded', title: authorisationLabel('unguarded') }
    case 'allowing':
    case 'unknown':
      return null
    default:
      return assertNever(hop.authorisation.state)
  }
}

/** Requests a second in the counted window; empty when they are not known. */
export function hopRate(hop: Pick<Hop, 'activity'>): string {
  if (!hop.activity.known || hop.activity.stale) return ''
  return formatRate(hop.activity.value.requests, hop.activity.value.windowSeconds)
}

/** "handshake failing 3 m 24 s", "mTLS verified", "unknown, 9 m": one line for tables and chips. */
export function transportPhrase(hop: HopForWords, now: EpochMs): string {
  const { transport } = hop
  if (transport.state === 'failing') {
    return transport.since === null ? failingWord(hop) : `${failingWord(hop)} ${formatDuration(now - transport.since)}`
  }
  if (transport.state === 'one-sided') return 'one-sided TLS, client not proven'
  if (transport.state === 'unknown') return unknownWord(hop, now)
  return transportLabel(transport.state)
}

/** The same after what is not as it seems: "claims another identity, mTLS verified". */
export function hopStatePhrase(hop: HopForWords, now: EpochMs): string {
  const phrase = transportPhrase(hop, now)
  return hop.identityClaim.state === 'contradicted' ? `${claimLabel('contradicted')}, ${phrase}` : phrase
}

/** "6.1% denied", "0.3% no answer from OPA", "allowing", …: one line for tables and chips. */
export function authorisationPhrase(hop: HopForWords): string {
  const activity = hop.activity.known ? hop.activity.value : null
  if (activity !== null && hop.authorisation.state === 'denying')
    return `${formatShare(activity.denied, activity.requests)} denied`
  if (activity !== null && hop.authorisation.state === 'erroring')
    return `${formatShare(activity.authorisationErrors, activity.requests)} no answer from OPA`
  return authorisationLabel(hop.authorisation.state)
}

function failingWord(hop: HopForWords): string {
  return hop.transport.reason.code.startsWith('connection-') ? 'connection failing' : 'handshake failing'
}

function unknownWord(hop: HopForWords, now: EpochMs): string {
  const reads = hop.transport.missing.flatMap((missing) => (missing.lastReadAt === null ? [] : [missing.lastReadAt]))
  return reads.length === 0 ? 'unknown' : `no telemetry, ${formatAge(now - Math.min(...reads))}`
}

function spokenTransport(hop: HopForWords, now: EpochMs): string {
  const { transport } = hop
  if (transport.state === 'failing') {
    return transport.since === null
      ? failingWord(hop)
      : `${failingWord(hop)} for ${speakDuration(now - transport.since)}`
  }
  if (transport.state === 'one-sided') return 'one-sided TLS, client not proven'
  if (transport.state === 'unknown') return 'transport unknown'
  return transportLabel(transport.state)
}

function spokenAuthorisation(hop: HopForWords): string | null {
  switch (hop.authorisation.state) {
    case 'allowing':
      return null
    case 'unknown':
      return null
    case 'denying':
    case 'erroring':
      return authorisationPhrase(hop)
    case 'failing-open':
    case 'unguarded':
      return authorisationLabel(hop.authorisation.state)
    default:
      return assertNever(hop.authorisation.state)
  }
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ')
}
