import { z } from 'zod'
import { fromBase64, toBase64 } from '../../lib/base64.ts'

/** DSSE 1.0 (github.com/secure-systems-lab/dsse): what is signed, and the envelope that holds it. */

export const inTotoPayloadType = 'application/vnd.in-toto+json'

/** `DSSEv1 <length> <type> <length> <payload>`, lengths in bytes. Throws a RangeError for a type that is not ASCII. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `
  if (!/^[ -~]*$/.test(head)) throw new RangeError('the payload type is not ASCII')
  const bytes = new Uint8Array(head.length + payload.length)
  for (let at = 0; at < head.length; at += 1) bytes[at] = head.charCodeAt(at)
  bytes.set(payload, head.length)
  return bytes
}

/** An envelope with one signature, as a text with a line break at its end. */
export function envelopeText(payloadType: string, payload: Uint8Array, signature: Uint8Array, keyId: string): string {
  const signatures = [{ keyid: keyId, sig: toBase64(signature) }]
  return `${JSON.stringify({ payload: toBase64(payload), payloadType, signatures }, null, 2)}\n`
}

export interface Envelope {
  readonly payloadType: string
  /** Use these very bytes for what they say, once their signature is good. */
  readonly payload: Uint8Array
  /** `keyId` is a hint that anybody may write: never choose a key by it. */
  readonly signatures: readonly { readonly keyId: string | null; readonly signature: Uint8Array }[]
}

export type EnvelopeProblem = 'too-large' | 'not-json' | 'not-an-envelope' | 'not-base64'

/** Characters. A statement of ours has some thousands. */
export const longestEnvelope = 1024 * 1024

const envelopeSchema = z.object({
  payloadType: z
    .string()
    .max(200)
    .regex(/^[!-~]+$/),
  payload: z.string(),
  signatures: z
    .array(z.object({ keyid: z.string().max(1000).nullish(), sig: z.string().min(1).max(4096) }))
    .min(1)
    .max(16),
})

/** Reads an envelope from anywhere. Nothing of it is known to be true before a signature over it is verified. */
export function parseEnvelope(
  text: string,
): { readonly envelope: Envelope } | { readonly envelope: null; readonly problem: EnvelopeProblem } {
  if (text.length > longestEnvelope) return { envelope: null, problem: 'too-large' }
  const value = jsonOf(text)
  if (value === undefined) return { envelope: null, problem: 'not-json' }
  const { data } = envelopeSchema.safeParse(value)
  if (data === undefined) return { envelope: null, problem: 'not-an-envelope' }
  const payload = fromBase64(data.payload)
  if (payload === null) return { envelope: null, problem: 'not-base64' }
  const signatures: Envelope['signatures'][number][] = []
  for (const { keyid, sig } of data.signatures) {
    const signature = fromBase64(sig)
    if (signature === null) return { envelope: null, problem: 'not-base64' }
    signatures.push({ keyId: keyid ?? null, signature })
  }
  return { envelope: { payloadType: data.payloadType, payload, signatures } }
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}
