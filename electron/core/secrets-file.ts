import { z } from 'zod'
import { type SecretsProblemCode, secretNameSchema } from '../../shared/contract/secrets.ts'
import type { Sealing } from './ports.ts'

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/)

const derivationSchema = z.object({
  name: z.literal('scrypt'),
  // Less would be too weak; more would let a planted file take all memory (128 · N · r bytes).
  N: z
    .int()
    .min(2 ** 15)
    .max(2 ** 20)
    .refine((N) => Math.log2(N) % 1 === 0),
  r: z.int().min(8).max(16),
  p: z.int().min(1).max(4),
  salt: base64.min(16),
})

const contentSchema = z.object({
  everyhop: z.literal('secrets'),
  version: z.literal(1),
  /** What seals the key that seals the values. */
  protection: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('passphrase'), derivation: derivationSchema, sealedKey: base64 }),
    z.object({ kind: z.literal('keyring'), name: z.string().nullable(), sealedKey: z.string().min(1) }),
  ]),
  secrets: z.record(secretNameSchema, z.object({ sealed: base64, changedAt: z.number() })),
})
export type SecretsContent = z.infer<typeof contentSchema>

const fileSchema = contentSchema.extend({ digest: base64 })
const versionSchema = z.object({ everyhop: z.literal('secrets'), version: z.int() })

export type ReadSecrets =
  | { readonly kind: 'none' }
  | { readonly kind: 'read'; readonly content: SecretsContent }
  | { readonly kind: 'problem'; readonly code: SecretsProblemCode; readonly detail: string }

/**
 * The content of secrets.json. Its digest protects from nobody; it tells a damaged file from a wrong passphrase, which without
 * it look the same.
 */
export function parseSecrets(text: string | null, sealing: Pick<Sealing, 'digest'>): ReadSecrets {
  if (text === null) return { kind: 'none' }
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return damaged('it is not JSON')
  }
  const known = versionSchema.safeParse(raw)
  if (known.success && known.data.version > 1) {
    return { kind: 'problem', code: 'newer', detail: `version ${known.data.version}; this Everyhop knows version 1` }
  }
  const parsed = fileSchema.safeParse(raw)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return damaged(`${issue?.path.join('.') ?? ''}: ${issue?.code ?? 'not valid'}`)
  }
  const { digest, ...content } = parsed.data
  if (sealing.digest(JSON.stringify(content)) !== digest) return damaged('its content does not fit its digest')
  return { kind: 'read', content }
}

export function secretsText(content: SecretsContent, sealing: Pick<Sealing, 'digest'>): string {
  // As it will be read: the digest is of the fields in the order of the schema.
  const ordered = contentSchema.parse(content)
  return `${JSON.stringify({ ...ordered, digest: sealing.digest(JSON.stringify(ordered)) }, null, 2)}\n`
}

function damaged(detail: string): ReadSecrets {
  return { kind: 'problem', code: 'damaged', detail }
}
