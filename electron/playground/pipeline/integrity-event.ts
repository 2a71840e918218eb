import { z } from 'zod'

/**
 * What a stage reports about the output and the user it was handed. The format is documented in
 * docs/formats/integrity-event.md; docs/formats/integrity-event.schema.json is made from this schema.
 * Never in an event: prompts, answers, tokens, signatures, names of users.
 */
export const signatureFailures = [
  'no-signature',
  'malformed',
  'unexpected-stage',
  'wrong-key',
  'body-changed',
  'other-request',
  'outside-time',
] as const
export type SignatureFailure = (typeof signatureFailures)[number]

export const identityFailures = [
  'no-token',
  'malformed',
  'wrong-key',
  'wrong-audience',
  'wrong-actor',
  'outside-time',
] as const
export type IdentityFailure = (typeof identityFailures)[number]

const stageId = z.string().regex(/^[a-z0-9-]{1,63}$/)

const common = {
  version: z.literal(1),
  time: z.iso.datetime({ precision: 3 }),
  request_id: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .nullable(),
  trace_id: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .nullable(),
  stage: stageId,
  caller_stage: stageId,
  direction: z.enum(['request', 'response']),
}

const stageSignatureSchema = z.strictObject({
  ...common,
  type: z.literal('stage-signature'),
  outcome: z.enum(['verified', 'failed', 'missing']),
  reason: z.enum(signatureFailures).nullable(),
})

const userIdentitySchema = z.strictObject({
  ...common,
  type: z.literal('user-identity'),
  outcome: z.enum(['verified', 'exchanged', 'lost', 'failed']),
  actors: z.array(z.string().startsWith('spiffe://').max(2048)).max(32),
  reason: z.enum(identityFailures).nullable(),
})

export const integrityEventSchema = z.discriminatedUnion('type', [stageSignatureSchema, userIdentitySchema])
export type IntegrityEvent = z.infer<typeof integrityEventSchema>
export type IntegrityLog = (event: IntegrityEvent) => void

/** The fields that both kinds of event share. */
export type EventContext = Pick<IntegrityEvent, keyof typeof common>

/** The JSON Schema that is shipped as docs/formats/integrity-event.schema.json. */
export function integrityEventJsonSchema(): object {
  return {
    $id: 'https://everyhop.dev/schemas/integrity-event/v1',
    title: 'Integrity event',
    ...z.toJSONSchema(integrityEventSchema, { target: 'draft-2020-12' }),
  }
}
