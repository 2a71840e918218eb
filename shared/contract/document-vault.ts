import { z } from 'zod'
import { known, reason, time } from './document-parts.ts'

/** Vault in the graph document. Lease ids are names, not secrets: what a lease gave out is never read. */
export const lease = z.object({
  vault: z.string(),
  leaseId: z.string(),
  mount: z.string(),
  path: z.string(),
  role: z.string(),
  state: z.enum(['active', 'expired', 'revoked', 'unclear']),
  doubt: z.string().nullable().describe('why it may have ended; null: nothing says so'),
  issuedAt: time.nullable(),
  expiresAt: time.nullable(),
  lastRenewedAt: time.nullable(),
  revokedAt: time.nullable(),
  renewable: z.boolean().nullable(),
  ttlSeconds: z.number().nullable(),
  isLong: z.boolean().describe('given for longer than an hour'),
  learntFrom: z.enum(['audit', 'lookup', 'list']),
  holder: z.string().nullable().describe('as Vault calls it; null: not known'),
  foundBy: z.string().nullable().describe('by what the workload was found to hold it; null: it was not'),
  opens: z.string().nullable(),
  fact: z.string(),
  stale: z.boolean(),
})

const denial = z.object({
  vault: z.string(),
  path: z.string(),
  operation: z.string(),
  count: z.number(),
  lastAt: time,
  error: z.string(),
  fact: z.string(),
})

export const leases = z.object({
  active: z.number(),
  unclear: z.number(),
  nearestExpiryAt: time.nullable(),
  leases: z.array(lease).describe('at most 20'),
  total: z.number(),
  denials: z.array(denial).describe('at most 10'),
})

const rules = z.array(z.object({ path: z.string(), capabilities: z.array(z.string()) }))

/** The first of them, and how many there are. */
function listed<Item extends z.ZodType>(item: Item) {
  const gap = reason.nullable().describe('why they, or some of them, are not known now; null: nothing is missing')
  return z.object({ items: z.array(known(item)), total: z.number(), gap })
}

const settings = z.object({
  token: known(
    z.object({
      displayName: z.string(),
      policies: z.array(z.string()),
      expiresAt: time.nullable().describe('null: it does not expire'),
      renewable: z.boolean(),
      capabilities: rules.describe('by path that Everyhop reads'),
    }),
  ).describe('the token that Everyhop itself holds'),
  mounts: listed(
    z.object({
      path: z.string(),
      type: z.string(),
      defaultLeaseTtlSeconds: z.number().describe("0: Vault's own"),
      maxLeaseTtlSeconds: z.number().describe("0: Vault's own"),
      listAllowed: z.boolean().describe('its leases are listed: an operator turned that on'),
    }),
  ),
  authMethods: listed(z.object({ path: z.string(), type: z.string() })),
  roles: listed(
    z.object({
      mount: z.string(),
      name: z.string(),
      policies: z.array(z.string()),
      ttlSeconds: z.number().nullable(),
      maxTtlSeconds: z.number().nullable(),
      boundSubjects: z.array(z.string()).describe('the first of whom it lets in'),
      boundSubjectsTotal: z.number(),
    }),
  ),
  policies: listed(
    z.object({
      name: z.string(),
      rules: rules.nullable().describe('the first of them; null: its text could not be read'),
      rulesTotal: z.number(),
    }),
  ),
})

export const vault = z.object({
  version: known(z.string()),
  sealed: known(z.boolean()),
  audit: known(z.object({ log: z.string(), since: time.nullable(), refusedLines: z.number() })),
  settings,
  active: z.number(),
  orphaned: z.array(z.object({ lease, kind: z.enum(['gone', 'disabled', 'unmatched']), why: reason })),
  orphanedTotal: z.number(),
})

export type DocumentLease = z.infer<typeof lease>
export type DocumentLeases = z.infer<typeof leases>
export type DocumentVault = z.infer<typeof vault>
