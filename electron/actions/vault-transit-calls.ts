import { z } from 'zod'
import type { PolicyBundle } from '../../shared/domain/model/environment.ts'

export type SigningAlgorithm = NonNullable<PolicyBundle['signing']>['algorithm']

/** A key of Vault's Transit engine. */
export interface TransitKey {
  /** Id of the Vault in environment.yaml. */
  readonly vault: string
  readonly mount: string
  readonly name: string
}

/** All that is ever asked of a Transit engine: a signature, and the public half of the key that made it. */
export interface TransitCall {
  readonly method: 'PUT' | 'GET'
  /** Below `/v1/`. */
  readonly path: string
  /** null: of a GET. */
  readonly body: Readonly<Record<string, string | boolean | number>> | null
  /** For people: `PUT transit/sign/policy-bundles/sha2-256`. */
  readonly locator: string
  /** Whether so many bytes can be a signature of the algorithm that is asked for: else the key is of another type. */
  readonly fits: (length: number) => boolean
}

interface Scheme {
  readonly hash: 'sha2-256' | 'sha2-384' | 'sha2-512'
  readonly parameters: Readonly<Record<string, string>>
  readonly fits: (length: number) => boolean
}

const hashes = { '256': 'sha2-256', '384': 'sha2-384', '512': 'sha2-512' } as const
/** RFC 7518, 3.4: two numbers of the curve's size, one behind the other. */
const curveBytes = { '256': 64, '384': 96, '512': 132 } as const

/**
 * By Vault's API of Transit, "Sign data", and RFC 7518: a JWS has raw numbers for ES, and for PS a salt as long as the hash,
 * where Vault by itself takes the longest that fits.
 */
function schemeOf(algorithm: SigningAlgorithm): Scheme | null {
  const size = z.enum(['256', '384', '512']).parse(algorithm.slice(2))
  const rsa = (length: number): boolean => length >= 256 && length <= 2048
  switch (algorithm.slice(0, 2)) {
    case 'RS':
      return { hash: hashes[size], parameters: { signature_algorithm: 'pkcs1v15' }, fits: rsa }
    case 'PS':
      return { hash: hashes[size], parameters: { signature_algorithm: 'pss', salt_length: 'hash' }, fits: rsa }
    case 'ES':
      return { hash: hashes[size], parameters: {}, fits: (length) => length === curveBytes[size] }
    default:
      return null
  }
}

const made = new WeakSet<TransitCall>()

export function isTransitCall(call: TransitCall): boolean {
  return made.has(call)
}

/**
 * null: Transit signs nothing of this algorithm that could be verified outside of Vault. Throws when a name is none.
 * @param version of the key, so that a rotation in between changes nothing; null: the newest.
 */
export function signCall(
  { mount, name }: TransitKey,
  algorithm: SigningAlgorithm,
  bytes: Uint8Array,
  version: number | null = null,
): TransitCall | null {
  const scheme = schemeOf(algorithm)
  if (scheme === null) return null
  const path = `${mountPath(mount)}/sign/${segment(name)}/${scheme.hash}`
  const call: TransitCall = Object.freeze({
    method: 'PUT',
    path,
    body: {
      input: Buffer.from(bytes).toString('base64'),
      prehashed: false,
      marshaling_algorithm: 'jws',
      ...scheme.parameters,
      ...(version === null ? {} : { key_version: version }),
    },
    locator: `PUT ${path}`,
    fits: scheme.fits,
  } as const)
  made.add(call)
  return call
}

/** Type, versions and public halves of a key. Throws when a name is none. */
export function keyCall({ mount, name }: TransitKey): TransitCall {
  const path = `${mountPath(mount)}/keys/${segment(name)}`
  const call: TransitCall = Object.freeze({
    method: 'GET',
    path,
    body: null,
    locator: `GET ${path}`,
    fits: () => false,
  } as const)
  made.add(call)
  return call
}

export const keyRead = z.object({
  data: z.object({
    type: z.string().max(100),
    latest_version: z.number().int().min(1),
    /** Of keys without a public half these are numbers. */
    keys: z.record(z.string().max(20), z.unknown()),
  }),
})
export const keyVersion = z.object({ public_key: z.string().max(8192) })

/** What a signature comes as: `vault:v1:<base64url>`. */
export const signed = z.object({
  data: z.object({
    signature: z
      .string()
      .max(8192)
      .regex(/^vault:v\d{1,9}:[A-Za-z0-9_+/-]+={0,2}$/),
  }),
})
export const refused = z.object({ errors: z.array(z.string()) })

/** Vault itself is no engine, whatever environment.yaml calls it. */
function mountPath(mount: string): string {
  const segments = mount.replace(/^\/+|\/+$/g, '').split('/')
  if (/^(sys|auth|identity|cubbyhole)$/.test(segments[0] ?? '')) throw new RangeError(`${mount} is no Transit engine`)
  return segments.map(segment).join('/')
}

/** As Vault names keys. Nothing else: it decodes a path before it looks at its parts. */
function segment(name: string): string {
  if (/^\w([\w.-]*\w)?$/.test(name) && !name.includes('..')) return name
  throw new RangeError(`${JSON.stringify(name)} is no name that Vault gives`)
}
