import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import type { IdentityFailure } from './integrity-event.ts'
import { signJws, verifyJws } from './jws.ts'
import type { StageKeys } from './keys.ts'
import { spiffeIdOf, stageOf, trustDomain } from './topology.ts'

/**
 * The user's identity on its way through the pipeline. The application presents the user's own token to the gateway;
 * every stage hands the next one an exchanged token: the user stays `sub`, `act` is the chain of stages that acted,
 * the latest outermost (RFC 8693 section 4.1). There is no token service: the acting stage signs with its own key.
 */
export const userTokenIssuer = `https://users.${trustDomain}`
const lifetimeSeconds = 60
/** More actors than the pipeline has stages means a loop; nobody needs to verify it. */
const maximumActors = 16

export interface User {
  readonly name: string
  readonly rights: readonly string[]
}

/** A verified user with the acting stages, the latest first; expiry in seconds since 1970. */
export interface ActingUser extends User {
  readonly actors: readonly string[]
  readonly expiresAt: number
}

export type IdentityResult =
  | { readonly outcome: 'verified' | 'exchanged'; readonly user: ActingUser; readonly reason: null }
  | { readonly outcome: 'lost'; readonly user: null; readonly reason: 'no-token' }
  | { readonly outcome: 'failed'; readonly user: null; readonly reason: IdentityFailure }

interface Act {
  readonly sub: string
  readonly act?: Act | undefined
}
const actSchema: z.ZodType<Act> = z.lazy(() => z.object({ sub: z.string(), act: actSchema.optional() }))
const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  sub: z.string(),
  exp: z.number(),
  rights: z.array(z.string()),
  act: actSchema.optional(),
})

/** The token that the user's sign-in would give the application, for the gateway. Times in milliseconds. */
export function issueUserToken(user: User, now: number, key: KeyObject): string {
  const claims = {
    rights: [...user.rights],
    iss: userTokenIssuer,
    sub: user.name,
    aud: spiffeIdOf(stageOf('gateway')),
    iat: seconds(now),
    exp: seconds(now) + lifetimeSeconds,
  }
  return signJws({ alg: 'ES256', kid: 'users', typ: 'JWT' }, claims, key)
}

/** The token with which `actingStage` calls `targetStage` for the user; it never outlives the user's own token. */
export function exchangeToken(
  user: ActingUser,
  actingStage: string,
  targetStage: string,
  now: number,
  key: KeyObject,
): string {
  const actor = spiffeIdOf(stageOf(actingStage))
  const claims = {
    rights: [...user.rights],
    act: nest([actor, ...user.actors]),
    iss: actor,
    sub: user.name,
    aud: spiffeIdOf(stageOf(targetStage)),
    iat: seconds(now),
    exp: user.expiresAt,
  }
  return signJws({ alg: 'ES256', kid: actingStage, typ: 'JWT' }, claims, key)
}

/**
 * Judges the token that `stage` received from `caller`. The application (kind client) hands on the user's own token,
 * every other stage an exchanged one. Never throws for bad input.
 */
export function verifyUserToken(
  token: string | null,
  stage: string,
  caller: string,
  now: number,
  keys: StageKeys,
): IdentityResult {
  if (token === null || token === '') return { outcome: 'lost', user: null, reason: 'no-token' }
  const own = stageOf(caller).kind === 'client'
  const key = own ? keys.users : keys.publicKeys.get(caller)
  if (key === undefined) return failed('wrong-key')
  const verified = verifyJws(token, key)
  if (verified.outcome !== 'verified') return failed(verified.outcome)
  const parsed = claimsSchema.safeParse(verified.payload)
  if (!parsed.success) return failed('malformed')
  const { iss, aud, exp, sub, rights, act } = parsed.data
  if (iss !== (own ? userTokenIssuer : spiffeIdOf(stageOf(caller)))) return failed('wrong-actor')
  if (aud !== spiffeIdOf(stageOf(stage))) return failed('wrong-audience')
  if (exp <= seconds(now)) return failed('outside-time')
  const actors = flatten(act)
  if (actors.length > maximumActors) return failed('wrong-actor')
  if (own ? actors.length > 0 : actors[0] !== spiffeIdOf(stageOf(caller))) return failed('wrong-actor')
  return { outcome: own ? 'verified' : 'exchanged', user: { name: sub, rights, actors, expiresAt: exp }, reason: null }
}

function nest(actors: readonly string[]): Act | undefined {
  const [first, ...rest] = actors
  if (first === undefined) return undefined
  const inner = nest(rest)
  return inner === undefined ? { sub: first } : { sub: first, act: inner }
}

function flatten(act: Act | undefined): readonly string[] {
  const actors: string[] = []
  for (let current = act; current !== undefined; current = current.act) actors.push(current.sub)
  return actors
}

function failed(reason: IdentityFailure): IdentityResult {
  return { outcome: 'failed', user: null, reason }
}

function seconds(now: number): number {
  return Math.floor(now / 1000)
}
