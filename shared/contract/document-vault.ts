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

export const vault = z.object({
  version: known(z.string()),
  sealed: known(z.boolean()),
  audit: known(z.object({ log: z.string(), since: time.nullable(), refusedLines: z.number() })),
  active: z.number(),
  orphaned: z.array(z.object({ lease, kind: z.enum(['gone', 'disabled', 'unmatched']), why: reason })),
  orphanedTotal: z.number(),
})

export type DocumentLease = z.infer<typeof lease>
export type DocumentLeases = z.infer<typeof leases>
export type DocumentVault = z.infer<typeof vault>
