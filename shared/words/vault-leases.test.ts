import { describe, expect, it } from 'vitest'
import { builtAt } from '../../test/builders/facts.ts'
import { build, ids, minute, pipeline, workload } from '../../test/builders/small-graph.ts'
import { vaultDenial, vaultHolder, vaultLease, vaultScopes } from '../../test/builders/vault-facts.ts'
import type { VaultLeaseFact } from '../domain/model/vault-facts.ts'
import {
  denialSentence,
  leaseCounts,
  leaseDoubt,
  leaseGiven,
  leaseRenewable,
  leaseStanding,
  spokenLeases,
} from './vault-leases.ts'
import { workloadSentence } from './workload-sentences.ts'

const holder = vaultHolder(ids.model)

function modelWith(leases: readonly VaultLeaseFact[], now = builtAt) {
  return workload(build([...pipeline.scopes, ...vaultScopes(leases)], now), ids.model)
}

function leaseWith(more: Parameters<typeof vaultLease>[2], now = builtAt) {
  const { leases } = modelWith([vaultLease('a', holder, more)], now)
  const [lease] = leases.known ? leases.value.leases : []
  if (lease === undefined) throw new Error('no lease')
  return lease
}

describe('a lease in words', () => {
  it.each([
    [{}, 'active, 5 m 00 s left'],
    [{ expiresAt: builtAt - minute }, 'expired 1 m 00 s ago'],
    [{ state: 'revoked', revokedAt: builtAt } as const, 'revoked at 12:00:00'],
    [{ expiresAt: null, doubt: 'expiry-unknown' } as const, 'may have ended, no end is known'],
    [{ expiresAt: builtAt - minute, doubt: 'lines-missed' } as const, 'may have ended, its time was over 1 m 00 s ago'],
  ])('stands as its facts say: %j', (more, text) => {
    expect(leaseStanding(leaseWith(more), builtAt)).toBe(text)
  })

  it('says why it is in doubt, and nothing where it is not', () => {
    expect(leaseDoubt(leaseWith({}))).toBeNull()
    expect(leaseDoubt(leaseWith({ doubt: 'unnamed-revocation' }))).toContain('the log hides what')
  })

  it('says for how long it was given and whether it can be renewed, or that this is not known', () => {
    expect(leaseGiven(leaseWith({ expiresAt: builtAt + 3 * 60 * minute }))).toBe('3 h 05 m, longer than 1 h')
    expect(leaseGiven(leaseWith({ expiresAt: null, ttlSeconds: null }))).toBeNull()
    expect(leaseRenewable(leaseWith({ lastRenewedAt: builtAt }), builtAt)).toBe('yes, last renewed at 12:00:00')
    expect(leaseRenewable(leaseWith({ renewable: null }), builtAt)).toBeNull()
  })
})

describe('the leases of a workload in words', () => {
  const three = [
    vaultLease('a', holder),
    vaultLease('b', holder, { doubt: 'lines-missed' }),
    vaultLease('c', holder, { state: 'expired' }),
  ]

  it('are counted by how they stand', () => {
    const { leases } = modelWith(three)
    expect(leases.known ? leaseCounts(leases.value) : '').toBe('1 active, 1 may have ended, 1 ended')
  })

  it('are part of its accessible name', () => {
    expect(workloadSentence(modelWith([vaultLease('a', holder)]), builtAt)).toContain(
      '1 Vault lease, the next ends in 5 minutes.',
    )
    expect(spokenLeases(modelWith(three), builtAt)).toBe('2 Vault leases last known')
    expect(spokenLeases(modelWith([]), builtAt)).toBeNull()
  })

  it('come with what Vault refused', () => {
    const { leases } = workload(build([...pipeline.scopes, ...vaultScopes([vaultDenial(holder)])]), ids.model)
    const [denial] = leases.known ? leases.value.denials : []
    if (denial === undefined) throw new Error('no denial')
    expect(denialSentence(denial, builtAt)).toBe('read of “database/creds/admin” refused 3 times, last at 11:59:58')
  })
})
