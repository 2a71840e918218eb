import { createHash } from 'node:crypto'
import type { CryptoKey } from 'jose'
import { CompactSign, compactVerify, decodeProtectedHeader } from 'jose'
import { z } from 'zod'
import type { SignatureFailure } from './integrity-event.ts'

/** Compact JWS over what a stage put out, in this header of the request or reply that carries the output. */
export const signatureHeader = 'x-stage-signature'

/** How far apart the clocks of two stages may be, and how long a signed output may be under way. */
const toleranceMs = 60_000

const payloadSchema = z.strictObject({
  request_id: z.string(),
  stage: z.string(),
  sha256: z.string(),
  created_at: z.iso.datetime(),
})

export interface SignedOutput {
  readonly stage: string
  readonly requestId: string
  readonly body: Uint8Array
  readonly now: number
}

export type SignatureResult =
  | { readonly outcome: 'verified'; readonly reason: null }
  | { readonly outcome: 'missing'; readonly reason: 'no-signature' }
  | { readonly outcome: 'failed'; readonly reason: SignatureFailure }

export async function signOutput(output: SignedOutput, key: CryptoKey): Promise<string> {
  const payload = {
    request_id: output.requestId,
    stage: output.stage,
    sha256: sha256(output.body),
    created_at: new Date(output.now).toISOString(),
  }
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'ES256', kid: output.stage })
    .sign(key)
}

/** `expected.stage` is the stage whose output this must be; `key` is that stage's public key. Never throws for bad input. */
export async function verifyOutput(
  signature: string | null,
  expected: SignedOutput,
  key: CryptoKey,
): Promise<SignatureResult> {
  if (signature === null || signature === '') return { outcome: 'missing', reason: 'no-signature' }
  const claimed = claimedStage(signature)
  if (claimed === null) return failed('malformed')
  if (claimed !== expected.stage) return failed('unexpected-stage')
  const payload = await verifiedPayload(signature, key)
  if (payload === 'wrong-key' || payload === 'malformed') return failed(payload)
  if (payload.stage !== expected.stage) return failed('unexpected-stage')
  if (payload.request_id !== expected.requestId) return failed('other-request')
  if (Math.abs(Date.parse(payload.created_at) - expected.now) > toleranceMs) return failed('outside-time')
  if (payload.sha256 !== sha256(expected.body)) return failed('body-changed')
  return { outcome: 'verified', reason: null }
}

async function verifiedPayload(
  signature: string,
  key: CryptoKey,
): Promise<z.infer<typeof payloadSchema> | 'wrong-key' | 'malformed'> {
  const bytes = await compactVerify(signature, key, { algorithms: ['ES256'] }).then(
    (verified) => verified.payload,
    () => null,
  )
  if (bytes === null) return 'wrong-key'
  try {
    const parsed = payloadSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
    return parsed.success ? parsed.data : 'malformed'
  } catch {
    return 'malformed'
  }
}

function claimedStage(signature: string): string | null {
  try {
    return decodeProtectedHeader(signature).kid ?? null
  } catch {
    return null
  }
}

function failed(reason: SignatureFailure): SignatureResult {
  return { outcome: 'failed', reason }
}

function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}
