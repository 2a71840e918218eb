import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VaultLeaseFact } from '../../shared/domain/model/vault-facts.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { vaultConnector, vaultSource } from '../builders/vault-observation.ts'
import { type RealVault, startVault, workload } from '../builders/vault-server.ts'
import { checkSuite } from './vault-check-suite.ts'
import { vaultSuite } from './vault-suite.ts'
import { auditTold, leaseTold, readWith, shippedPolicy, shippedRules } from './vault-under-test.ts'

let vault: RealVault
let told: VaultLeaseFact

beforeAll(async () => {
  vault = await startVault()
  const holder = await vault.logIn(workload)
  const { entity_id: entityId } = (
    (await vault.call('GET', 'auth/token/lookup-self', undefined, holder)) as { data: { entity_id: string } }
  ).data
  told = leaseTold(await vault.issue(holder), entityId, { spiffeId: workload, role: 'hop', path: 'pki/issue/hop' })
}, 60_000)
afterAll(() => vault?.stop())

test('with exactly the shipped rights everything is read, and nothing is missing', async () => {
  const read = await readWith(vault, shippedPolicy, told)
  expect([...read.latest.values()].flatMap(({ gaps }) => gaps)).toEqual([])
  expect(read.facts('vault-server')).toMatchObject([{ sealed: false, initialized: true, standby: false }])
  expect(read.facts('vault-mount').map(({ path, type }) => `${path} ${type}`)).toContain('pki/ pki')
  expect(read.facts('vault-auth-method').map(({ path }) => path)).toEqual(
    expect.arrayContaining(['jwt/', 'approle/', 'token/']),
  )
  const roles = new Map(read.facts('vault-role').map((role) => [`${role.mount}${role.name}`, role]))
  expect(roles.get('auth/jwt/hop')).toMatchObject({
    policies: ['hop'],
    boundSubjects: ['spiffe://pipeline.example/hop/*'],
    boundAudiences: ['vault'],
    ttlSeconds: 1800,
  })
  expect(roles.get('auth/approle/batch')).toMatchObject({ policies: ['hop'], ttlSeconds: 300 })
  expect(roles.get('database/ro')).toMatchObject({ policies: [], ttlSeconds: 600, maxTtlSeconds: 3600 })
  expect(roles.get('pki/hop')).toMatchObject({ ttlSeconds: 600 })
  const policies = new Map(read.facts('vault-policy').map(({ name, rules: text }) => [name, text]))
  expect(policies.get('hop')).toEqual([
    { path: 'pki/issue/+', capabilities: ['update'] },
    { path: 'sys/leases/renew', capabilities: ['update'] },
  ])
  expect(policies.get('everyhop')?.length).toBe(shippedRules.length)
  expect(read.facts('vault-token')).toMatchObject([{ displayName: 'token-everyhop', policies: [expect.any(String)] }])
  expect(read.facts('vault-entity')).toMatchObject([{ aliases: [{ name: workload, mountPath: 'auth/jwt/' }] }])
  expect(read.facts('vault-lease')).toMatchObject([
    { leaseId: told.leaseId, state: 'active', doubt: null, learntFrom: 'lookup', holder: { subject: workload } },
  ])
  const [lease] = read.facts('vault-lease')
  expect((lease?.expiresAt ?? 0) - (lease?.issuedAt ?? 0)).toBeGreaterThan(590_000)
})

test('a test of the connection names the rights that are missing, and what stays unknown', async () => {
  const lookup = shippedRules.find(({ path }) => path === 'sys/leases/lookup')?.text ?? ''
  await writeFile(join(vault.folder, 'token'), await vault.tokenWith(shippedPolicy.replace(lookup, '')))
  const settings = { baseDirectory: vault.folder, windowSeconds: 60 }
  const signal = new AbortController().signal
  const ports = connectorPorts({ vaultLog: { told: () => [auditTold] } })
  const answer = await vaultConnector.test(vaultSource(vault.address), settings, ports, signal)
  expect(answer.outcome).toBe('partly')
  expect(answer.version).toMatch(/^1\.\d+/)
  expect(answer.steps.filter(({ outcome }) => outcome !== 'read')).toEqual([
    {
      what: 'lease-lookup',
      locator: 'update sys/leases/lookup',
      outcome: 'forbidden',
      detail: expect.stringContaining('the token may not update sys/leases/lookup'),
    },
  ])
  expect(answer.steps.find(({ what }) => what === 'identity')?.detail).toMatch(
    /^token-everyhop by the token in token; policies test-[0-9a-f]+; ends .*, renewable$/,
  )
})

vaultSuite('a real Vault', async () => {
  const real = await startVault()
  return {
    ...real,
    workload: {
      spiffeId: workload,
      role: 'hop',
      path: 'pki/issue/hop',
      body: { common_name: 'gateway.pipeline.example' },
    },
    // It has no role of tokens, and no engine for Kubernetes: nothing is asked there.
    idleRights: ['auth/token/roles/+', 'kubernetes/roles', 'kubernetes/roles/+'],
    jwt: async (spiffeId, audience) => real.jwtSvid(spiffeId, audience),
    auditLines: async () => (await readFile(real.auditLog, 'utf8')).trim().split('\n'),
  }
})

checkSuite('a real Vault', async () => {
  const real = await startVault()
  await real.call('POST', 'sys/mounts/postgres', { type: 'database' })
  return real
})
