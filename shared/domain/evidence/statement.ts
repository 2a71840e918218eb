import { z } from 'zod'
import { canonicalJson } from '../../lib/canonical-json.ts'
import { artefactIds, resultStates } from './model.ts'

/** The in-toto Statement v1 that is signed for a pack: docs/formats/evidence-pack.md, "Signature". */

export const statementType = 'https://in-toto.io/Statement/v1'
export const packPredicateType = 'https://everyhop.dev/attestations/evidence-pack/v1'
/** The one file that the statement is about: it lists the hashes of what lists all other hashes. */
export const statementSubject = 'tagmanifest-sha256.txt'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const time = z.iso.datetime()
const count = z.number().int().min(0)

export const packPredicate = z.object({
  packId: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
  environment: z.string().max(200),
  period: z.object({ from: time, to: time }),
  createdAt: time,
  console: z.string().max(200),
  operator: z.string().max(500),
  payloadOxum: z.string().regex(/^\d{1,15}\.\d{1,9}$/),
  artefacts: z
    .array(
      z.object({
        id: z.enum(artefactIds),
        records: count,
        merkleRoot: hash,
        state: z.enum(resultStates),
      }),
    )
    .max(artefactIds.length),
  gaps: count,
  heads: z.object({ count, first: count, last: count, lastHash: hash }).nullable(),
  deviceKey: hash,
  previousPack: z.object({ packId: z.string().max(100), statementSha256: hash }).nullable(),
})
export type PackPredicate = z.infer<typeof packPredicate>

/** Members that it does not know are left alone: a later version may only add some. */
const packStatement = z.object({
  _type: z.literal(statementType),
  subject: z.tuple([z.object({ name: z.literal(statementSubject), digest: z.object({ sha256: hash }) })]),
  predicateType: z.literal(packPredicateType),
  predicate: packPredicate,
})

/** Canonical JSON; the bytes that are signed are its UTF-8. Throws where the predicate is none. */
export function packStatementText(tagManifestSha256: string, predicate: PackPredicate): string {
  return canonicalJson(
    packStatement.parse({
      _type: statementType,
      subject: [{ name: statementSubject, digest: { sha256: tagManifestSha256 } }],
      predicateType: packPredicateType,
      predicate,
    }),
  )
}

export type StatementProblem = 'not-json' | 'not-a-statement' | 'other-predicate'

/** Reads the statement of an envelope whose signature was verified. */
export function readPackStatement(
  text: string,
):
  | { readonly predicate: PackPredicate; readonly tagManifestSha256: string }
  | { readonly predicate: null; readonly problem: StatementProblem; readonly detail: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { predicate: null, problem: 'not-json', detail: '' }
  }
  const read = packStatement.safeParse(value)
  if (read.success) {
    const { subject, predicate } = read.data
    return { predicate, tagManifestSha256: subject[0].digest.sha256 }
  }
  const kind = z.object({ _type: z.literal(statementType), predicateType: z.string().max(500) }).safeParse(value)
  if (kind.success && kind.data.predicateType !== packPredicateType) {
    return { predicate: null, problem: 'other-predicate', detail: kind.data.predicateType }
  }
  const [issue] = read.error.issues
  return { predicate: null, problem: 'not-a-statement', detail: issue?.path.join('.') ?? '' }
}
