import type { AuthorisationState, ClaimState, TransportState, WorkloadState } from '../model/hop-state.ts'
import type { ElementChange } from './model.ts'

export type Direction = ElementChange['direction']

/**
 * How bad a state is, the larger the worse. Two states of one rank differ, and neither is better. `null`: it proves nothing
 * good, so coming to it from something worse is no betterment, and leaving it for something good is none either.
 */
type Ranks<State extends string> = Readonly<Record<State, number | null>>

const transport: Ranks<TransportState> = {
  failing: 3,
  plaintext: 2,
  'one-sided': 1,
  verified: 0,
  // No handshake was seen: traffic came or went.
  configured: null,
  unknown: null,
}

const authorisation: Ranks<AuthorisationState> = {
  'failing-open': 3,
  erroring: 2,
  unguarded: 1,
  // A policy that refuses does its work: whether that is good news is not for us to say.
  denying: 0,
  allowing: 0,
  unknown: null,
}

const identityClaim: Ranks<ClaimState> = {
  contradicted: 1,
  forwarded: 0,
  consistent: 0,
  unclaimed: 0,
  unknown: null,
}

const state: Ranks<WorkloadState> = {
  failing: 3,
  'no-identity': 2,
  attention: 1,
  external: 0,
  verified: 0,
  unknown: null,
}

const ranks = { transport, authorisation, identityClaim, state } as const
export type RankedAspect = keyof typeof ranks

/** @param silent that it is unknown afterwards because a source tells nothing any more; else because nothing happened to tell of. */
export function directionOf(aspect: RankedAspect, from: string, to: string, silent: boolean): Direction {
  if (to === 'unknown') return silent ? 'worse' : 'changed'
  const before = rankOf(aspect, from)
  const after = rankOf(aspect, to)
  if (after === null) return 'changed'
  if (before === null) return after > 0 && from !== 'unknown' ? 'worse' : 'changed'
  return after > before ? 'worse' : after < before ? 'better' : 'changed'
}

/** Whether a state is one that nobody wants: what comes with it is worse than what was there without it. */
export function isBad(aspect: RankedAspect, value: string): boolean {
  return (rankOf(aspect, value) ?? 0) > 0
}

function rankOf(aspect: RankedAspect, value: string): number | null {
  const table: Readonly<Record<string, number | null>> = ranks[aspect]
  return table[value] ?? null
}
