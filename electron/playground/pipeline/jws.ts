import { type KeyObject, sign, verify } from 'node:crypto'

/**
 * JSON Web Signatures in compact serialisation (RFC 7515) with ES256 alone. Made here because the pipeline signs and verifies some
 * fifty times for each request: the general library does it by WebCrypto in other threads, at half as much again.
 */
export interface JwsHeader {
  readonly alg: 'ES256'
  readonly kid: string
  readonly typ?: 'JWT'
}

/** `key`: a private key of P-256. */
export function signJws(header: JwsHeader, payload: object, key: KeyObject): string {
  const input = `${encoded(header)}.${encoded(payload)}`
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

export type VerifiedJws =
  | { readonly outcome: 'verified'; readonly payload: unknown }
  | { readonly outcome: 'wrong-key' | 'malformed' }

/** Never throws for bad input. Whatever the header says, it must be ES256 and by this key. */
export function verifyJws(token: string, key: KeyObject): VerifiedJws {
  const parts = partsOf(token)
  if (parts === null || algorithmOf(parts.header) !== 'ES256') return { outcome: 'malformed' }
  const isSigned = verify('sha256', parts.input, { key, dsaEncoding: 'ieee-p1363' }, parts.signature)
  if (!isSigned) return { outcome: 'wrong-key' }
  const payload = jsonOf(parts.payload)
  return payload === undefined ? { outcome: 'malformed' } : { outcome: 'verified', payload }
}

/** The key that a token says it is signed with; nothing of it is verified. null: it says none, or is no JWS. */
export function claimedKey(token: string): string | null {
  const header = partsOf(token)?.header
  return isObject(header) && typeof header['kid'] === 'string' ? header['kid'] : null
}

function algorithmOf(header: unknown): unknown {
  // An extension that must be understood is understood by nobody here.
  return isObject(header) && header['crit'] === undefined ? header['alg'] : undefined
}

function partsOf(token: string) {
  const [header = '', payload = '', signature = '', ...more] = token.split('.')
  if (more.length > 0 || ![header, payload, signature].every((part) => /^[\w-]+$/.test(part))) return null
  return {
    header: jsonOf(header),
    payload,
    input: Buffer.from(`${header}.${payload}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** undefined: it is not JSON. */
function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
