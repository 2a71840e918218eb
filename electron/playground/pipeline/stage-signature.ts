import { createHash, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import type { SignatureFailure } from './integrity-event.ts'
import { claimedKey, signJws, verifyJws } from './jws.ts'

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

export function signOutput(output: SignedOutput, key: KeyObject): string {
  const payload = {
    request_id: output.requestId,
    stage: output.stage,
    sha256: sha256(output.body),
    created_at: new Date(output.now).toISOString(),
  }
  return signJws({ alg: 'ES256', kid: output.stage }, payload, key)
}

/** `expected.stage` is the stage whose output this must be; `key` is that stage's public key. Never throws for bad input. */
export function verifyOutput(signature: string | null, expected: SignedOutput, key: KeyObject): SignatureResult {
  if (signature === null || signature === '') return { outcome: 'missing', reason: 'no-signature' }
  const claimed = claimedKey(signature)
  if (claimed === null) return failed('malformed')
  if (claimed !== expected.stage) return failed('unexpected-stage')
  const payload = verifiedPayload(signature, key)
  if (payload === 'wrong-key' || payload === 'malformed') return failed(payload)
  if (payload.stage !== expected.stage) return failed('unexpected-stage')
  if (payload.request_id !== expected.requestId) return failed('other-request')
  if (Math.abs(Date.parse(payload.created_at) - expected.now) > toleranceMs) return failed('outside-time')
  if (payload.sha256 !== sha256(expected.body)) return failed('body-changed')
  return { outcome: 'verified', reason: null }
}

function verifiedPayload(signature: string, key: KeyObject): z.infer<typeof payloadSchema> | 'wrong-key' | 'malformed' {
  const verified = verifyJws(signature, key)
  if (verified.outcome !== 'verified') return verified.outcome
  const parsed = payloadSchema.safeParse(verified.payload)
  return parsed.success ? parsed.data : 'malformed'
}

function failed(reason: SignatureFailure): SignatureResult {
  return { outcome: 'failed', reason }
}

function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}
