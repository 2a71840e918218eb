import type { Injection } from '../../controls.ts'
import * as auditLogRotated from './audit-log-rotated.ts'
import { leaseOverOneHour } from './lease-over-one-hour.ts'
import { orphanedLease } from './orphaned-lease.ts'
import * as vaultDenied from './vault-denied.ts'
import * as vaultRateLimited from './vault-rate-limited.ts'
import * as vaultSealed from './vault-sealed.ts'

/** How the lab makes the faults that need its third tier. */
export const vaultInjections: ReadonlyMap<string, Injection> = new Map<string, Injection>([
  ['vault-sealed', vaultSealed],
  ['vault-rate-limited', vaultRateLimited],
  ['vault-denied', vaultDenied],
  ['lease-over-one-hour', leaseOverOneHour],
  ['orphaned-lease', orphanedLease],
  ['audit-log-rotated', auditLogRotated],
])
