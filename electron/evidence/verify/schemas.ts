import { z } from 'zod'
import { artefactIds, evidenceGapWhys, resultStates } from '../../../shared/domain/evidence/model.ts'

/** What is read of `data/index.json` and `meta.json`. Members that it does not know are left alone. */

export const indexSchema = 'everyhop.evidence.pack/1'
export const metaSchema = 'everyhop.evidence.artefact/1'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const time = z.iso.datetime()
const count = z.number().int().min(0)
const milliseconds = z.number().int().min(0)
const period = z.object({ from: time, to: time })
const state = z.enum(resultStates)
const artefactId = z.enum(artefactIds)
const limitation = z.object({
  code: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
})

export const gapSchema = z.object({
  source: z.string(),
  from: milliseconds,
  to: milliseconds.nullable(),
  why: z.enum(evidenceGapWhys),
  detail: z.string(),
})

const fileName = z.string().regex(/^[a-z0-9_][a-z0-9._-]*$/)

/** An artefact as the index, the statement's maker and the list of packs name it. */
export const listedArtefact = z.object({
  id: artefactId,
  folder: z.string(),
  records: count,
  exceptions: count,
  state,
  gaps: count,
  merkleRoot: hash,
})

export const packIndex = z.object({
  schema: z.literal(indexSchema),
  packId: z.string(),
  environment: z.string(),
  trustDomains: z.array(z.string()),
  period,
  createdAt: time,
  console: z.string(),
  operator: z.string(),
  purpose: z.string().nullable(),
  artefacts: z.array(listedArtefact),
  leftOut: z.array(artefactId),
  sealedSince: time.nullable(),
  heads: z.object({ count, first: count, last: count, lastHash: hash }).nullable(),
  deviceKey: hash,
  gaps: z.array(gapSchema),
  limitations: z.array(limitation),
})
export type ReadIndex = z.infer<typeof packIndex>

export const artefactMeta = z.object({
  schema: z.literal(metaSchema),
  id: artefactId,
  environment: z.string(),
  period,
  population: z.object({
    count: count.nullable(),
    method: z.string(),
    control: z.object({ value: z.number(), source: z.string(), difference: z.number() }).nullable(),
    dropped: z.record(z.string(), z.number()),
    expected: count.nullable(),
    reporting: count.nullable(),
    gaps: z.array(gapSchema),
  }),
  records: count,
  exceptions: count,
  result: z.object({ state, reason: limitation }),
  sample: z
    .object({
      nonce: z.string().min(1),
      seed: hash,
      count: count.max(1000),
      indexes: z.array(count).max(1000),
      file: fileName,
    })
    .nullable(),
  files: z.array(
    z.object({
      name: fileName,
      lines: count,
      sealed: z.object({ head: count, stream: z.string(), size: count, withheld: fileName.nullable() }).nullable(),
    }),
  ),
  merkle: z.object({ size: count, root: hash }),
})
export type ReadMeta = z.infer<typeof artefactMeta>

export const sealedHead = z.object({
  number: count,
  from: milliseconds,
  to: milliseconds,
  sealedAt: milliseconds,
  streams: z.array(z.object({ stream: z.string(), size: count, root: hash })),
  masking: z.string(),
  previous: hash,
  key: hash,
  signature: z.string().min(1).max(200),
})
export type ReadHead = z.infer<typeof sealedHead>

/** A counter of this name would be passed over by what checks shapes. */
function plainMember(name: string, value: unknown): unknown {
  if (name === '__proto__') throw new SyntaxError(name)
  return value
}

/** A document of a schema: what it says, that a newer Everyhop wrote it, or where it is none. */
export function readDocument<T>(
  bytes: Buffer,
  schema: string,
  shape: z.ZodType<T>,
): { readonly read: T } | { readonly read: null; readonly newer: string | null; readonly where: string } {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), plainMember)
  } catch {
    return { read: null, newer: null, where: 'JSON' }
  }
  const named = z.object({ schema: z.string().max(200) }).safeParse(value)
  const [kind] = schema.split('/')
  if (named.success && named.data.schema !== schema && /^[^/]*\/\d+$/.test(named.data.schema)) {
    if (named.data.schema.startsWith(`${kind}/`)) return { read: null, newer: named.data.schema, where: 'schema' }
  }
  const read = shape.safeParse(value)
  if (read.success) return { read: read.data }
  return { read: null, newer: null, where: read.error.issues[0]?.path.join('.') ?? '' }
}
