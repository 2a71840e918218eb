/**
 * The fields that are read from SPIRE's answers, checked before anything is made of them. Shapes: spire.api.types of the
 * SPIRE server API 1.15.3. Protobuf gives the types; this gives the sense: names that are names, times that are times.
 */
import { z } from 'zod'
import { plain } from './failure.ts'

const longestText = 2048

const text = z
  .string()
  .max(longestText)
  .transform((value) => plain(value, longestText))
const name = text.refine((value) => value !== '', 'is empty')
/** Seconds since 1970; 0 is SPIRE's word for "none". */
const seconds = z
  .bigint()
  .refine((value) => value >= 0n && value <= 253_402_300_799n, 'is no time')
  .transform((value) => (value === 0n ? null : Number(value) * 1000))

/** SPIFFE-ID standard, section 2: a trust domain in lower case, then a path. */
const spiffeId = z
  .object({ trustDomain: z.string().regex(/^[a-z0-9._-]{1,255}$/), path: z.string().max(longestText) })
  .refine((id) => id.path === '' || /^(\/[a-zA-Z0-9._-]+)+$/.test(id.path), 'has a path that is none')
  .transform((id) => `spiffe://${id.trustDomain}${id.path}`)

export const entryWire = z.object({
  id: name,
  spiffeId,
  parentId: spiffeId,
  selectors: z.array(z.object({ type: text, value: text })).max(1000),
  x509SvidTtl: z.number().int().nonnegative(),
  federatesWith: z.array(text).max(1000),
  admin: z.boolean(),
  downstream: z.boolean(),
  expiresAt: seconds,
  dnsNames: z.array(text).max(1000),
  hint: text,
  createdAt: seconds,
})
export type EntryWire = z.infer<typeof entryWire>

export const agentWire = z.object({
  id: spiffeId,
  attestationType: text,
  x509svidSerialNumber: text,
  x509svidExpiresAt: seconds,
  banned: z.boolean(),
  canReattest: z.boolean(),
  agentVersion: text,
})
export type AgentWire = z.infer<typeof agentWire>

export const bundleWire = z.object({
  trustDomain: name,
  x509Authorities: z.array(z.object({ asn1: z.instanceof(Uint8Array), tainted: z.boolean() })).max(1000),
  jwtAuthorities: z.array(z.unknown()).max(10_000),
  refreshHint: z.bigint(),
  sequenceNumber: z.bigint(),
})
export type BundleWire = z.infer<typeof bundleWire>

export const relationshipWire = z.object({
  trustDomain: name,
  bundleEndpointUrl: text,
  bundleEndpointProfile: z.union([
    z
      .object({ case: z.literal('httpsWeb') })
      .transform(() => ({ profile: 'https_web' as const, endpointSpiffeId: null })),
    z
      .object({ case: z.literal('httpsSpiffe'), value: z.object({ endpointSpiffeId: text }) })
      .transform((found) => ({ profile: 'https_spiffe' as const, endpointSpiffeId: found.value.endpointSpiffeId })),
    z
      .object({ case: z.undefined().optional() })
      .transform(() => ({ profile: 'unknown' as const, endpointSpiffeId: null })),
  ]),
})
export type RelationshipWire = z.infer<typeof relationshipWire>

export const authorityWire = z.object({ authorityId: name, expiresAt: seconds, upstreamAuthoritySubjectKeyId: text })
export const authorityStateWire = z.object({
  active: authorityWire.optional(),
  prepared: authorityWire.optional(),
  old: authorityWire.optional(),
})
export type AuthorityStateWire = z.infer<typeof authorityStateWire>

/** What could be understood, and words for each item that could not: one bad item never hides the others. */
export interface Understood<Item> {
  readonly items: readonly Item[]
  readonly problems: readonly string[]
}

export function understand<Item>(schema: z.ZodType<Item>, items: readonly unknown[], what: string): Understood<Item> {
  const good: Item[] = []
  const problems: string[] = []
  items.forEach((item, index) => {
    const parsed = schema.safeParse(item)
    if (parsed.success) good.push(parsed.data)
    else problems.push(`${what} ${index + 1} of ${items.length}: ${firstIssue(parsed.error)}`)
  })
  return { items: good, problems }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  return issue === undefined ? 'not understood' : `${issue.path.join('.')} ${issue.message}`
}
