import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../../core/ports.ts'

export interface Account {
  readonly namespace: string
  readonly name: string
}

/** Tokens of service accounts as the API server signs them. The key is in memory only. */
export interface AccountTokens {
  issue(
    account: Account,
    audiences: readonly string[],
    seconds: number,
  ): { readonly token: string; readonly until: number }
  /** Whose token it is; null: it is not ours, has ended, or is for somebody else. What a TokenReview would say. */
  review(token: string, audience: string): Account | null
}

/** Of tokens for the API server itself. */
export const apiAudience = 'https://kubernetes.default.svc.cluster.local'

const claims = z.object({
  aud: z.array(z.string()),
  exp: z.number(),
  nbf: z.number(),
  'kubernetes.io': z.object({ namespace: z.string(), serviceaccount: z.object({ name: z.string() }) }),
})

export function createAccountTokens(clock: Pick<Clock, 'now'>, uidOf: (account: Account) => string): AccountTokens {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyId = randomUUID()
  return {
    issue({ namespace, name }, audiences, seconds) {
      const now = Math.floor(clock.now() / 1000)
      const body = {
        aud: audiences,
        exp: now + seconds,
        iat: now,
        iss: apiAudience,
        jti: randomUUID(),
        'kubernetes.io': { namespace, serviceaccount: { name, uid: uidOf({ namespace, name }) } },
        nbf: now,
        sub: userName({ namespace, name }),
      }
      const signed = `${encoded({ alg: 'ES256', kid: keyId })}.${encoded(body)}`
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return { token: `${signed}.${signature.toString('base64url')}`, until: (now + seconds) * 1000 }
    },
    review(token, audience) {
      const [header, body, signature, ...rest] = token.split('.')
      if (header === undefined || body === undefined || signature === undefined || rest.length > 0) return null
      const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
      if (!verify('sha256', Buffer.from(`${header}.${body}`), key, Buffer.from(signature, 'base64url'))) return null
      const said = claims.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')))
      if (!said.success) return null
      const { aud, exp, nbf, 'kubernetes.io': account } = said.data
      const now = clock.now() / 1000
      if (!aud.includes(audience) || now >= exp || now < nbf) return null
      return { namespace: account.namespace, name: account.serviceaccount.name }
    },
  }
}

/** `system:serviceaccount:everyhop:viewer` */
export function userName({ namespace, name }: Account): string {
  return `system:serviceaccount:${namespace}:${name}`
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
