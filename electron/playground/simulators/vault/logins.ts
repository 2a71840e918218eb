import { createPublicKey, verify } from 'node:crypto'
import { z } from 'zod'
import type { World } from '../../parts.ts'
import { nobody, refused, VaultRefusal } from './refusal.ts'
import type { TokenOrder } from './tokens.ts'

/** Whom a role of the method `jwt` lets in. */
export interface JwtRole {
  /** The SPIFFE ID, and no other. */
  readonly subject: string
  readonly audience: string
  readonly policies: readonly string[]
  readonly noDefaultPolicy: boolean
  /** Seconds; a periodic token is renewed for ever. */
  readonly ttlSeconds: number
  readonly period: number
}

/** Whom a role of the method `kubernetes` lets in: one service account. */
export interface AccountRole {
  readonly namespace: string
  readonly name: string
  readonly audience: string
  readonly policies: readonly string[]
  readonly ttlSeconds: number
}

/** What the API server says of a service account's token; null: it is nobody's. */
export type TokenReview = (
  token: string,
  audience: string,
) => { readonly namespace: string; readonly name: string; readonly uid?: string } | null

/** Who logged in, as a token is made of it. `alias`: what an entity knows them by. */
export interface SignedIn {
  readonly alias: string
  readonly order: TokenOrder
}

const part = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' })
    return z.NEVER
  }
})
const header = part.pipe(z.object({ alg: z.string(), kid: z.string().optional() }))
const claims = part.pipe(
  z.object({
    sub: z.string(),
    aud: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
    exp: z.number(),
  }),
)

/** `auth/jwt/login`, verified by the trust domain's own keys. Throws in Vault's words. */
export function logInByJwt(
  world: Pick<World, 'authority' | 'clock'>,
  role: JwtRole | undefined,
  name: string,
  jwt: string,
): SignedIn {
  if (role === undefined) throw refused(`role "${name}" could not be found`)
  if (jwt === '') throw refused('missing token')
  const { sub, aud, exp } = verified(world, jwt)
  if (exp * 1000 <= world.clock.now()) {
    throw refused('error validating token: invalid expiration time (exp) claim: token is expired')
  }
  if (sub !== role.subject) throw refused('error validating token: invalid subject (sub) claim')
  if (!aud.includes(role.audience)) {
    throw refused(
      'error validating token: invalid audience (aud) claim: audience claim does not match any expected audience',
    )
  }
  return {
    alias: sub,
    order: {
      displayName: `jwt-${sub}`,
      policies: [...(role.noDefaultPolicy ? [] : ['default']), ...role.policies].toSorted(),
      metadata: { role: name },
      path: 'auth/jwt/login',
      isOrphan: true,
      period: role.period,
      ttlSeconds: role.period > 0 ? role.period : role.ttlSeconds,
    },
  }
}

function verified({ authority }: Pick<World, 'authority'>, jwt: string): z.output<typeof claims> {
  const parts = jwt.split('.')
  const [first = '', second = '', signature = ''] = parts
  if (parts.length !== 3) {
    throw unverified('go-jose/go-jose: compact JWS format must have three parts')
  }
  const [head, body] = [header.safeParse(first), claims.safeParse(second)]
  const isSigned = authority.jwtKeys().some(({ publicKeyDer }) =>
    verify(
      'sha256',
      Buffer.from(`${first}.${second}`),
      {
        key: createPublicKey({ key: Buffer.from(publicKeyDer), format: 'der', type: 'spki' }),
        dsaEncoding: 'ieee-p1363',
      },
      Buffer.from(signature, 'base64url'),
    ),
  )
  if (!head.success || head.data.alg !== 'ES256' || !body.success || !isSigned) {
    throw unverified('no known key successfully validated the token signature')
  }
  return body.data
}

function unverified(words: string): VaultRefusal {
  return refused(`error validating token: error verifying token signature: ${words}`)
}

/** `auth/kubernetes/login`, by what the API server says of the token. Throws in Vault's words. */
export function logInByAccount(
  review: TokenReview,
  role: AccountRole | undefined,
  name: string,
  jwt: string,
): SignedIn {
  if (role === undefined) throw refused(`invalid role name "${name}"`)
  if (jwt === '') throw refused('missing jwt')
  const account = review(jwt, role.audience)
  if (account === null) throw nobody()
  if (account.name !== role.name) throw new VaultRefusal(403, ['service account name not authorized'])
  if (account.namespace !== role.namespace) throw new VaultRefusal(403, ['namespace not authorized'])
  const uid = account.uid ?? `${account.namespace}/${account.name}`
  return {
    alias: uid,
    order: {
      displayName: `kubernetes-${account.namespace}-${account.name}`,
      policies: role.policies,
      metadata: {
        role: name,
        service_account_name: account.name,
        service_account_namespace: account.namespace,
        service_account_secret_name: '',
        service_account_uid: uid,
      },
      path: 'auth/kubernetes/login',
      isOrphan: true,
      ttlSeconds: role.ttlSeconds,
    },
  }
}

export function jwtRoleAnswer(role: JwtRole) {
  return {
    allowed_redirect_uris: null,
    bound_audiences: [role.audience],
    bound_claims: null,
    bound_claims_type: 'string',
    bound_subject: role.subject,
    ...tokenParameters(role),
    role_type: 'jwt',
    user_claim: 'sub',
    user_claim_json_pointer: false,
    verbose_oidc_logging: false,
  }
}

export function accountRoleAnswer(role: AccountRole) {
  return {
    alias_name_source: 'serviceaccount_uid',
    audience: role.audience,
    bound_service_account_names: [role.name],
    bound_service_account_namespace_selector: '',
    bound_service_account_namespaces: [role.namespace],
    ...tokenParameters({ ...role, noDefaultPolicy: true, period: 0 }),
  }
}

function tokenParameters(role: Pick<JwtRole, 'policies' | 'noDefaultPolicy' | 'ttlSeconds' | 'period'>) {
  return {
    token_bound_cidrs: [],
    token_explicit_max_ttl: 0,
    token_max_ttl: 0,
    token_no_default_policy: role.noDefaultPolicy,
    token_num_uses: 0,
    token_period: role.period,
    token_policies: role.policies,
    token_ttl: role.period > 0 ? 0 : role.ttlSeconds,
    token_type: 'default',
  }
}
