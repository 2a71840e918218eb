import type { CryptoKey } from 'jose'
import { errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { IdentityFailure } from './integrity-event.ts'
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
  sub: z.string(),
  exp: z.number(),
  rights: z.array(z.string()),
  act: actSchema.optional(),
})

/** The token that the user's sign-in would give the application, for the gateway. Times in milliseconds. */
export async function issueUserToken(user: User, now: number, key: CryptoKey): Promise<string> {
  return await new SignJWT({ rights: [...user.rights] })
    .setProtectedHeader({ alg: 'ES256', kid: 'users', typ: 'JWT' })
    .setIssuer(userTokenIssuer)
    .setSubject(user.name)
    .setAudience(spiffeIdOf(stageOf('gateway')))
    .setIssuedAt(seconds(now))
    .setExpirationTime(seconds(now) + lifetimeSeconds)
    .sign(key)
}

/** The token with which `actingStage` calls `targetStage` for the user; it never outlives the user's own token. */
export async function exchangeToken(
  user: ActingUser,
  actingStage: string,
  targetStage: string,
  now: number,
  key: CryptoKey,
): Promise<string> {
  const actor = spiffeIdOf(stageOf(actingStage))
  return await new SignJWT({ rights: [...user.rights], act: nest([actor, ...user.actors]) })
    .setProtectedHeader({ alg: 'ES256', kid: actingStage, typ: 'JWT' })
    .setIssuer(actor)
    .setSubject(user.name)
    .setAudience(spiffeIdOf(stageOf(targetStage)))
    .setIssuedAt(seconds(now))
    .setExpirationTime(user.expiresAt)
    .sign(key)
}

/**
 * Judges the token that `stage` received from `caller`. The application (kind client) hands on the user's own token,
 * every other stage an exchanged one. Never throws for bad input.
 */
export async function verifyUserToken(
  token: string | null,
  stage: string,
  caller: string,
  now: number,
  keys: StageKeys,
): Promise<IdentityResult> {
  if (token === null || token === '') return { outcome: 'lost', user: null, reason: 'no-token' }
  const own = stageOf(caller).kind === 'client'
  const key = own ? keys.users : keys.publicKeys.get(caller)
  if (key === undefined) return failed('wrong-key')
  try {
    const verified = await jwtVerify(token, key, {
      algorithms: ['ES256'],
      audience: spiffeIdOf(stageOf(stage)),
      issuer: own ? userTokenIssuer : spiffeIdOf(stageOf(caller)),
      currentDate: new Date(now),
    })
    const claims = claimsSchema.parse(verified.payload)
    const actors = flatten(claims.act)
    if (actors.length > maximumActors) return failed('wrong-actor')
    if (own ? actors.length > 0 : actors[0] !== spiffeIdOf(stageOf(caller))) return failed('wrong-actor')
    const user = { name: claims.sub, rights: claims.rights, actors, expiresAt: claims.exp }
    return { outcome: own ? 'verified' : 'exchanged', user, reason: null }
  } catch (error) {
    return failed(reasonOf(error))
  }
}

function reasonOf(error: unknown): IdentityFailure {
  if (error instanceof errors.JWTExpired) return 'outside-time'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'wrong-key'
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') return 'wrong-audience'
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss') return 'wrong-actor'
  return 'malformed'
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
