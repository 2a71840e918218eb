import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Report } from '../../../../shared/domain/model/fact.ts'
import type {
  VaultAuditFact,
  VaultDenialFact,
  VaultFact,
  VaultLeaseFact,
} from '../../../../shared/domain/model/vault-facts.ts'
import { observeVault, type VaultObservation, vaultSource } from '../../../../test/builders/vault-observation.ts'
import { type SimulatedVault, startSimulatedVault } from '../../../../test/builders/vault-simulator.ts'
import { createVaultActivity } from '../../../logs/activity/vault-activity.ts'
import { parseVaultAudit } from '../../../logs/intake/vault-audit.ts'
import { spiffeIdOf, stageOf, trustDomain } from '../../pipeline/topology.ts'
import { podIpOf } from '../../world/addresses.ts'
import { credentials } from './credentials.ts'
import { vaultPods } from './pods.ts'
import { capabilitiesOn, rulesIn } from './policies.ts'

let vault: SimulatedVault
let observation: VaultObservation | null = null

beforeAll(async () => {
  vault = await startSimulatedVault()
})
afterEach(async () => {
  await observation?.end()
  observation = null
})
afterAll(() => vault?.stop())

const patience = { timeout: 30_000 }
const from = { source: 'logs', instance: 'audit', locator: 'audit', observedAt: 0, basis: 'measured' } as const

/** What Everyhop makes of the audit log. */
function told() {
  const activity = createVaultActivity('audit', 'vault')
  const refused: string[] = []
  for (const { text } of vault.simulator.auditLog.lines()) {
    const parsed = parseVaultAudit(JSON.parse(text) as Record<string, unknown>)
    if (parsed.kind === 'record') {
      activity.remember?.(parsed.record)
      activity.add(parsed.record, parsed.record.at)
    } else refused.push(text)
  }
  expect(refused).toEqual([])
  const facts: readonly VaultFact[] = activity
    .facts({
      scope: 'logs/audit/activity',
      from: { ...from, observedAt: Date.now() },
      windowFrom: 0,
      windowTo: Date.now(),
    })
    .filter((fact): fact is VaultFact => fact.kind.startsWith('vault-'))
  return {
    leases: facts.filter((fact): fact is VaultLeaseFact => fact.kind === 'vault-lease'),
    denials: facts.filter((fact): fact is VaultDenialFact => fact.kind === 'vault-denial'),
    audit: facts.find((fact): fact is VaultAuditFact => fact.kind === 'vault-audit'),
  }
}

function look(): VaultObservation {
  const source = vaultSource(vault.address, { signIn: { tokenFile: 'vault-token' }, lookupsPerMinute: 600 })
  const vaultLog = { told: () => [...told().leases, ...[told().audit].filter((fact) => fact !== undefined)] }
  observation = observeVault(source, vault.folder, { vaultLog })
  return observation
}

test('the stages hold what the lab lets them hold, and the log tells whose it is and from where', () => {
  const { leases } = told()
  expect(leases.map(({ path, mount }) => `${mount} ${path}`).toSorted()).toEqual(
    credentials.map(({ path, mount }) => `${mount} ${path}`).toSorted(),
  )
  for (const { stage, path } of credentials) {
    expect(leases.find((lease) => lease.path === path)).toMatchObject({
      state: 'active',
      leaseId: vault.simulator.holders.leases().get(stage),
      holder: {
        subject: spiffeIdOf(stageOf(stage)),
        role: stage,
        entityId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        remoteAddress: podIpOf(stageOf(stage)),
      },
    })
  }
})

test('leases are looked up to their end, renewable where the engine lets them be, and entities know who is behind them', async () => {
  const seen = look()
  await seen.until(() => seen.facts('vault-lease').filter(({ learntFrom }) => learntFrom === 'lookup').length === 4)
  const renewable = seen.facts('vault-lease').filter((lease) => lease.renewable === true)
  expect(renewable.map(({ mount }) => mount)).toEqual(['database/', 'database/'])
  expect(
    seen
      .facts('vault-entity')
      .flatMap(({ aliases }) => aliases.map(({ name }) => name))
      .toSorted(),
  ).toEqual(credentials.map(({ stage }) => spiffeIdOf(stageOf(stage))).toSorted())
  expect(seen.facts('vault-role').find(({ name, mount }) => name === 'search' && mount === 'database/')).toMatchObject({
    ttlSeconds: 600,
    maxTtlSeconds: 3600,
  })
  expect([...seen.latest.values()].flatMap(({ gaps }) => gaps)).toEqual([])
})

const gapsOf = (seen: VaultObservation): readonly Report['gaps'][number][] =>
  [...seen.latest.values()].flatMap(({ gaps }) => gaps)

test('sealed and limited it is told as what it is, and the stages go on where they were', async () => {
  const seen = look()
  await seen.until(() => (seen.latest.get('leases')?.facts?.length ?? 0) > 0)
  const before = new Map(vault.simulator.holders.leases())
  vault.simulator.seal(true)
  await seen.until(() => seen.facts('vault-server')[0]?.sealed === true && seen.latest.get('token')?.facts === null)
  vault.simulator.seal(false)
  await seen.until(() => seen.facts('vault-server')[0]?.sealed === false && gapsOf(seen).length === 0)
  vault.simulator.limit(true)
  await seen.until(() => gapsOf(seen).some(({ detail }) => detail.includes('HTTP 429')))
  expect(seen.facts('vault-server')).toMatchObject([{ sealed: false }])
  vault.simulator.limit(false)
  expect(new Map(vault.simulator.holders.leases())).toEqual(before)
})

test('a stage that asks for what its policy does not give is denied again and again, until it stops', async () => {
  const path = 'database/creds/reporting'
  const end = vault.simulator.deniedAsking('model-server', path)
  const counted = () => told().denials.find((denial) => denial.path === path)?.count ?? 0
  await expect.poll(counted, patience).toBeGreaterThan(1)
  expect(told().denials.find((denial) => denial.path === path)).toMatchObject({
    operation: 'read',
    holder: { subject: spiffeIdOf(stageOf('model-server')) },
    error: '1 error occurred: * permission denied',
  })
  end()
})

test('another lease is held by whom it is given to, for as long as it is said, and is revoked at the end', async () => {
  const orphan = `spiffe://${trustDomain}/ns/data/sa/batch-indexer`
  const [long, strange] = [
    {
      mount: 'database/',
      path: 'database/creds/reporting',
      holder: spiffeIdOf(stageOf('vector-store')),
      seconds: 28_800,
    },
    { mount: 'database/', path: 'database/creds/vector-store', holder: orphan, seconds: 600 },
  ]
  const ends = [vault.simulator.extraLease(long), vault.simulator.extraLease(strange)]
  const heldBy = (subject: string, path: string) =>
    told().leases.find((lease) => lease.holder?.subject === subject && lease.path === path)
  await expect.poll(() => heldBy(long.holder, long.path)?.state, patience).toBe('active')
  await expect.poll(() => heldBy(orphan, strange.path)?.state, patience).toBe('active')
  expect(heldBy(orphan, strange.path)?.holder).toMatchObject({ remoteAddress: '10.244.2.99' })
  const seen = look()
  await seen.until(() => seen.facts('vault-lease').some((lease) => (lease.ttlSeconds ?? 0) > 28_000))
  await seen.end()
  observation = null
  for (const end of ends) end()
  await expect.poll(() => heldBy(long.holder, long.path)?.state, patience).toBe('revoked')
  await expect.poll(() => heldBy(orphan, strange.path)?.state, patience).toBe('revoked')
  expect(told().leases.filter(({ state }) => state === 'active').length).toBe(credentials.length)
})

test('Everyhop signs in by a JWT-SVID and by a service account that the cluster vouches for, and by no other', async () => {
  const { simulator, world } = vault
  const asked = { operation: 'update', token: null, from: { address: '127.0.0.1', port: 1 } } as const
  const reader = `spiffe://${trustDomain}/console/reader`
  const jwt = await world.authority.issueJwt(reader, ['vault'], Date.now() + 60_000)
  expect(await simulator.ask({ ...asked, path: 'auth/jwt/login', body: { role: 'everyhop', jwt } })).toMatchObject({
    status: 200,
    body: { auth: { policies: ['everyhop'], metadata: { role: 'everyhop' } } },
  })
  const login = (token: string) =>
    simulator.ask({ ...asked, path: 'auth/kubernetes/login', body: { role: 'everyhop', jwt: token } })
  expect(await login('nobody vouches')).toMatchObject({ status: 403, body: { errors: ['permission denied'] } })
  simulator.reviewBy((token, audience) =>
    audience === 'vault' && token.startsWith('sa-') ? { namespace: 'everyhop', name: token.slice(3) } : null,
  )
  expect(await login('sa-everyhop')).toMatchObject({
    status: 200,
    body: { auth: { policies: ['everyhop'], metadata: { service_account_name: 'everyhop' } } },
  })
  expect(await login('sa-default')).toMatchObject({
    status: 403,
    body: { errors: ['service account name not authorized'] },
  })
  expect(await login('other')).toMatchObject({ status: 403 })
})

test('a policy gives what the rule that fits best gives: exact before wildcards, and nothing where one denies', () => {
  const rules = rulesIn(`# comment
path "a/*" { capabilities = ["read", "list"] }
path "a/+/c" {
  capabilities = ["update"]
}
path "a/b/c" { capabilities = ["deny"] }
path "folder" { capabilities = ["list"] }
`)
  const on = (path: string) => [...capabilitiesOn(rules, path)]
  expect(on('a/x')).toEqual(['read', 'list'])
  expect(on('a/x/c')).toEqual(['update'])
  expect(on('a/b/c')).toEqual([])
  expect([on('folder/'), on('folder/x')]).toEqual([['list'], []])
  expect(() => rulesIn('path "x" { policy = "read" }')).toThrow('not a policy')
})

test('its pod is found as a Vault: by its labels, the port leads to it, and what it prints is the audit log', () => {
  const [pod, ...others] = vaultPods(vault.simulator)
  expect(others).toEqual([])
  expect(pod).toMatchObject({ namespace: 'vault', workload: 'vault', labels: { 'app.kubernetes.io/name': 'vault' } })
  const [container] = pod?.containers ?? []
  expect(container?.ports.map(({ port, target }) => [port, target()])).toEqual([[8200, vault.simulator.port]])
  expect(container?.logs).toEqual([vault.simulator.auditLog])
})
