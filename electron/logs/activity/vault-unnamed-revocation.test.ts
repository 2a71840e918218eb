import { expect, it } from 'vitest'
import type { Provenance } from '../../../shared/domain/model/fact.ts'
import { parseVaultAudit } from '../intake/vault-audit.ts'
import { createVaultLeases, type VaultLeases } from './vault-leases.ts'

const leaseId = 'database/creds/ro/abc'
const from: Provenance = { source: 'logs', instance: 'audit', locator: '1', observedAt: 0, basis: 'measured' }
const at = (second: number): string => new Date(Date.UTC(2026, 10, 22, 6, 0, second)).toISOString()

/** An answer as Vault 1.21 writes it into its audit log. */
function take(leases: VaultLeases, second: number, request: object, response: object = {}): void {
  const parsed = parseVaultAudit({
    type: 'response',
    time: at(second),
    auth: { client_token: 'hmac-sha256:1', display_name: 'jwt-spiffe://pipeline.example/ns/data/sa/vector-store' },
    request: { client_token: 'hmac-sha256:1', mount_point: 'database/', ...request },
    response,
  })
  if (parsed.kind !== 'record') throw new Error(parsed.kind)
  leases.take(parsed.record)
}

const revocation = { operation: 'update', path: 'sys/leases/revoke', data: { lease_id: 'hmac-sha256:2' } }

it('is newer than a look-up that was made before it, so that the lease is looked up again', () => {
  const leases = createVaultLeases()
  take(leases, 1, { operation: 'read', path: 'database/creds/ro' }, { secret: { lease_id: leaseId } })
  const [issued] = leases.facts('vault', 'logs/audit', from)
  expect(issued).toMatchObject({ doubt: 'expiry-unknown', from: { observedAt: Date.parse(at(1)) } })
  take(leases, 9, revocation)
  const [doubted] = leases.facts('vault', 'logs/audit', from)
  expect(doubted).toMatchObject({ doubt: 'unnamed-revocation', from: { observedAt: Date.parse(at(9)) } })
  take(leases, 20, revocation)
  const [again] = leases.facts('vault', 'logs/audit', from)
  expect(again).toMatchObject({ doubt: 'unnamed-revocation', from: { observedAt: Date.parse(at(20)) } })
})

it('is over for a lease that is renewed after it', () => {
  const leases = createVaultLeases()
  take(leases, 1, { operation: 'read', path: 'database/creds/ro' }, { secret: { lease_id: leaseId } })
  take(leases, 9, revocation)
  take(leases, 12, { operation: 'update', path: 'sys/leases/renew' }, { secret: { lease_id: leaseId } })
  const [renewed] = leases.facts('vault', 'logs/audit', from)
  expect(renewed).toMatchObject({ doubt: 'expiry-unknown', from: { observedAt: Date.parse(at(12)) } })
})
