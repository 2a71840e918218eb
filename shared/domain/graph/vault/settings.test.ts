import { expect, test } from 'vitest'
import { builtAt, scope } from '../../../../test/builders/facts.ts'
import { withSilent } from '../../../../test/builders/pipeline.ts'
import { build, pipeline } from '../../../../test/builders/small-graph.ts'
import {
  vaultAuthMethod,
  vaultMount,
  vaultPolicy,
  vaultRole,
  vaultScopes,
  vaultToken,
} from '../../../../test/builders/vault-facts.ts'
import { settingRows } from '../../../words/vault-settings.ts'
import type { Gap, ScopeState } from '../../model/fact.ts'

const minute = 60_000
const gap: Gap = { source: 'vault', instance: 'vault', what: 'roles', reason: 'forbidden', detail: 'no', at: builtAt }
const told: readonly ScopeState[] = [
  ...pipeline.scopes,
  ...vaultScopes([]).filter(({ scope: id }) => id !== 'vault/vault/mounts'),
  scope('vault/vault/token', [
    vaultToken({ expiresAt: builtAt + 30 * minute, capabilities: { 'sys/mounts': ['read'], 'pki/roles': ['deny'] } }),
  ]),
  scope('vault/vault/mounts', [
    vaultMount('pki/', { type: 'pki', maxLeaseTtlSeconds: 3600, defaultLeaseTtlSeconds: 0 }),
    vaultMount('database/', { listAllowed: true }),
    vaultMount('sys/', { type: 'system' }),
  ]),
  scope('vault/vault/auth-methods', [vaultAuthMethod('jwt/')]),
  { ...scope('vault/vault/roles', [vaultRole('auth/jwt/', 'hop')]), gaps: [gap] },
  scope('vault/vault/policies', [
    vaultPolicy('hop', {
      rules: Array.from({ length: 9 }, (_none, at) => ({ path: `p/${at}`, capabilities: ['read'] })),
    }),
  ]),
]

function settings(scopes: readonly ScopeState[]) {
  const vault = build(scopes, builtAt, { vaults: ['vault'] }).control.find(({ kind }) => kind === 'vault')?.vault
  if (vault === undefined) throw new Error('there is no Vault')
  return vault.settings
}

test('what a Vault tells of its set-up is shown by its paths, each with the fact that it was read from', () => {
  const { token, mounts, roles, policies } = settings(told)
  expect(token).toMatchObject({
    known: true,
    value: { renewable: true },
    fact: { locator: 'GET /v1/auth/token/lookup-self' },
  })
  expect(mounts.items.map((item) => item.known && item.value.path)).toEqual(['database/', 'pki/', 'sys/'])
  expect(roles.items).toMatchObject([{ known: true, fact: { locator: 'GET /v1/auth/jwt/role/hop' } }])
  expect(policies.items).toMatchObject([{ value: { name: 'hop', rulesTotal: 9 } }])
})

test('part of the roles may not be read: the others stay, and the gap is said beside them', () => {
  expect(settings(told).roles).toMatchObject({
    total: 1,
    gap: { code: 'not-readable', params: { what: 'roles', reason: 'forbidden' } },
  })
})

test('what could not be read again is last known, and what never was is not known: neither is an empty set-up', () => {
  const silent = settings(withSilent(told, 'vault/vault/token'))
  expect(silent.token).toMatchObject({ known: true, stale: true })
  const unread = settings(told.filter(({ scope: id }) => !/token|mounts|policies/.test(id)))
  expect(unread.token).toMatchObject({ known: false, reason: { code: 'not-read-yet' } })
  expect(unread.mounts).toMatchObject({ total: 0, gap: { code: 'not-read-yet' } })
})

test('in a terminal the own token comes first, with its TTL and what it may not read', () => {
  const rows = settingRows(settings(told), builtAt).map((row) => row.join(' | '))
  expect(rows).toEqual([
    'own token | jwt-everyhop | ends in 30 m 00 s; renewable; policy everyhop; may read 1 of 2 paths; not pki/roles',
    'engine | database/ | database; leases for 32 d at most, 32 d unless asked for; its leases are listed',
    'engine | pki/ | pki; leases for 1 h 00 m at most',
    'engine | sys/ | system',
    'auth method | jwt/ | jwt',
    'role | auth/jwt/hop | TTL 5 m 00 s; policy hop; lets in spiffe://pipeline.example/ns/*',
    expect.stringMatching(/^role \| not known \| .*the roles of auth methods and secrets engines/),
    'policy | hop | 9 rules: p/0 (read), p/1 (read), p/2 (read), p/3 (read), p/4 (read), p/5 (read), 3 more',
  ])
})
