import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** What evidence packs are made of, each by its specification and as slowly as that reads. */

export type Json = Record<string, unknown>

export interface Keys {
  readonly organisation: KeyPair
  readonly device: KeyPair
}

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicPem: string
  /** SHA-256 of the SPKI. */
  readonly fingerprint: string
}

export function newKeyPair(curve = 'P-256'): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { privateKey, publicPem, fingerprint: hex(publicKey.export({ type: 'spki', format: 'der' })) }
}

/** One pair for all packs of a test file: making keys is the slowest part. */
let keys: Keys | null = null
export function testKeys(): Keys {
  keys ??= { organisation: newKeyPair(), device: newKeyPair() }
  return keys
}

/** DSSE: `DSSEv1 <length> <type> <length> <payload>` is what is signed. */
export function envelopeOf(payload: Buffer, signer: KeyPair, payloadType = 'application/vnd.in-toto+json'): Json {
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `
  const sig = sign('sha256', Buffer.concat([Buffer.from(head), payload]), signer.privateKey).toString('base64')
  return { payload: payload.toString('base64'), payloadType, signatures: [{ keyid: signer.fingerprint, sig }] }
}

export const hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const text = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''))

/** RFC 6962, by its recursive definition. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  const sha = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
  const [only] = leaves
  if (only === undefined) return sha()
  if (leaves.length === 1) return only
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha(Buffer.from([1]), merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)))
}

export function leafOf(line: string): Buffer {
  return createHash('sha256')
    .update(Buffer.from([0]))
    .update(line)
    .digest()
}

export function signedHead(unsigned: Json, device: KeyPair): string {
  const signature = sign('sha256', Buffer.from(`everyhop-head-v1\n${canonical(unsigned)}`), device.privateKey)
  return canonical({ ...unsigned, signature: signature.toString('base64') })
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(',')}}`
}

export function drawn(seed: Buffer, size: number, count: number): readonly number[] {
  const values = Array.from({ length: size }, (_, index) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(BigInt(index))
    return { index, value: createHmac('sha256', seed).update(bytes).digest('hex') }
  })
  const smallest = values.toSorted((one, other) => (one.value < other.value ? -1 : 1)).slice(0, count)
  return smallest.map(({ index }) => index).toSorted((one, other) => one - other)
}
