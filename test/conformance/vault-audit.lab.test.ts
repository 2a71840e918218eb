import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { LogSink } from '../../electron/core/ports.ts'
import { vaultLogOf } from '../../electron/core/vault-audits.ts'
import { observeLog } from '../../electron/logs/index.ts'
import { systemClock } from '../../electron/platform/clock.ts'
import type { Fact, Report, ScopeState } from '../../shared/domain/model/fact.ts'
import type { VaultAuditFact, VaultDenialFact, VaultLeaseFact } from '../../shared/domain/model/vault-facts.ts'
import { findSecrets } from '../builders/secrets.ts'
import { observeVault, type VaultObservation, vaultSource } from '../builders/vault-observation.ts'
import { type RealVault, startVault, workload } from '../builders/vault-server.ts'

const policy = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'rights', 'vault.hcl'), 'utf8')
const other = 'spiffe://pipeline.example/hop/retriever'

let vault: RealVault
let log: ReturnType<typeof follow> | null = null
let observation: VaultObservation | null = null

beforeAll(async () => {
  vault = await startVault()
  await writeFile(join(vault.folder, 'token'), await vault.tokenWith(policy))
}, 60_000)
afterEach(async () => {
  await observation?.end()
  await log?.end()
  log = null
  observation = null
})
afterAll(() => vault?.stop())

/** The audit log as Everyhop reads it. */
function follow() {
  const latest = new Map<string, Report>()
  const kept: string[] = []
  const logSink: LogSink = { take: (_log, lines) => void kept.push(...lines) }
  const stop = new AbortController()
  let wake = Promise.withResolvers<void>()
  const source = { id: 'audit', record: 'vault-audit', file: vault.auditLog, writtenBy: 'vault' } as const
  const ended = (async () => {
    const settings = { baseDirectory: vault.folder, windowSeconds: 60 }
    for await (const report of observeLog(source, settings, { clock: systemClock, logSink }, stop.signal)) {
      latest.set(report.scope, report)
      wake.resolve()
      wake = Promise.withResolvers<void>()
    }
  })()
  const facts = (): readonly Fact[] => latest.get('logs/audit/activity')?.facts ?? []
  return {
    kept,
    leases: () => facts().filter((fact): fact is VaultLeaseFact => fact.kind === 'vault-lease'),
    lease: (leaseId: string) =>
      facts().find((fact): fact is VaultLeaseFact => fact.kind === 'vault-lease' && fact.leaseId === leaseId),
    denials: () => facts().filter((fact): fact is VaultDenialFact => fact.kind === 'vault-denial'),
    audit: () => facts().find((fact): fact is VaultAuditFact => fact.kind === 'vault-audit'),
    states: (): ReadonlyMap<string, ScopeState> =>
      new Map(
        [...latest].map(([scope, { facts: own, gaps, at }]) => [
          scope,
          { scope, facts: own ?? [], gaps, readAt: at, triedAt: at, current: own !== null },
        ]),
      ),
    all: () => [...latest.values()],
    async until(holds: () => boolean) {
      const over = ended.then(() => Promise.reject(new Error('the log is no longer followed')))
      over.catch(() => {})
      while (!holds()) await Promise.race([wake.promise, over])
    },
    async end() {
      stop.abort()
      await ended
    },
  }
}

test('a lease is told from its issuance on with its holder, and ends with its own revocation or that of its prefix', async () => {
  const seen = follow()
  log = seen
  const [holder, second] = [await vault.logIn(workload), await vault.logIn(other)]
  const [one, two, three] = [await vault.issue(holder), await vault.issue(second), await vault.issue(second, 'brief')]
  await seen.until(() => [one, two, three].every((id) => seen.lease(id) !== undefined))
  expect(seen.lease(one)).toMatchObject({
    vault: 'vault',
    mount: 'pki/',
    path: 'pki/issue/hop',
    state: 'active',
    doubt: 'expiry-unknown',
    expiresAt: null,
    learntFrom: 'audit',
    holder: {
      displayName: `jwt-${workload}`,
      subject: workload,
      role: 'hop',
      entityId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      remoteAddress: '127.0.0.1',
    },
  })
  expect(seen.lease(two)?.holder?.subject).toBe(other)
  // The path names it.
  await vault.call('PUT', `sys/leases/revoke/${one}`)
  await seen.until(() => seen.lease(one)?.state === 'revoked')
  expect(seen.lease(one)).toMatchObject({ doubt: null, revokedAt: expect.any(Number) })
  expect(seen.lease(two)?.state).toBe('active')
  await vault.call('PUT', 'sys/leases/revoke-prefix/pki/issue/brief')
  await seen.until(() => seen.lease(three)?.state === 'revoked')
  expect(seen.lease(two)?.state).toBe('active')
  // The body names it, which Vault writes as a hash: what it was is unknown, and so is everything else.
  await vault.call('PUT', 'sys/leases/revoke', { lease_id: two })
  await seen.until(() => seen.lease(two)?.doubt === 'unnamed-revocation')
  expect(seen.lease(two)?.state).toBe('active')
  expect(findSecrets([...seen.all(), ...seen.kept], vault.canaries)).toEqual([])
  expect(seen.kept.length).toBeGreaterThan(10)
})

test('a token that ends takes its leases with it, also by its accessor, by itself, and by the token that made it', async () => {
  const seen = follow()
  log = seen
  const byToken = await vault.logIn(workload)
  const byAccessor = await vault.logIn(workload)
  const bySelf = await vault.logIn(workload)
  const parent = await vault.tokenWith(
    'path "auth/token/create" { capabilities = ["update", "sudo"] }\npath "pki/issue/+" { capabilities = ["update"] }\n',
  )
  const made = (await vault.call('POST', 'auth/token/create', { ttl: '20m' }, parent)) as {
    auth: { client_token: string }
  }
  const ids = {
    token: await vault.issue(byToken),
    accessor: await vault.issue(byAccessor),
    self: await vault.issue(bySelf),
    child: await vault.issue(made.auth.client_token),
    bystander: await vault.issue(await vault.logIn(other)),
  }
  const looked = (await vault.call('GET', 'auth/token/lookup-self', undefined, byAccessor)) as {
    data: { accessor: string }
  }
  await vault.call('POST', 'auth/token/revoke', { token: byToken })
  await vault.call('POST', 'auth/token/revoke-accessor', { accessor: looked.data.accessor })
  await vault.call('POST', 'auth/token/revoke-self', {}, bySelf)
  await vault.call('POST', 'auth/token/revoke', { token: parent })
  for (const id of [ids.token, ids.accessor, ids.self, ids.child]) {
    await seen.until(() => seen.lease(id)?.state === 'revoked')
  }
  expect(seen.lease(ids.bystander)).toMatchObject({ state: 'active', doubt: 'expiry-unknown' })
})

test('requests that Vault refuses are counted once each, with who asked and Vault’s own words', async () => {
  const seen = follow()
  log = seen
  const holder = await vault.logIn(workload)
  for (let count = 0; count < 3; count += 1) {
    await expect(vault.call('GET', 'secret/roles/app', undefined, holder)).rejects.toThrow('403')
  }
  const isMine = ({ path }: VaultDenialFact) => path === 'secret/roles/app'
  await seen.until(() => seen.denials().find(isMine)?.count === 3)
  expect(seen.denials().find(isMine)).toMatchObject({
    operation: 'read',
    holder: { subject: workload },
    error: '1 error occurred: * permission denied',
  })
  const login = { role: 'hop', jwt: vault.jwtSvid('spiffe://pipeline.example/stranger') }
  await expect(vault.call('POST', 'auth/jwt/login', login, null)).rejects.toThrow('400')
  await seen.until(() => seen.denials().some(({ path }) => path === 'auth/jwt/login'))
  const refused = seen.denials().find(({ path }) => path === 'auth/jwt/login')
  // Vault writes its words about a login as a hash.
  expect(refused).toMatchObject({ operation: 'update', holder: null, count: 1, error: '' })
})

test('a log that is rotated loses no line, and leases of before are still held', async () => {
  const seen = follow()
  log = seen
  const holder = await vault.logIn(workload)
  const before = await vault.issue(holder)
  await seen.until(() => seen.lease(before) !== undefined)
  const since = seen.audit()?.since
  await vault.rotateAuditLog()
  const after = await vault.issue(holder)
  await seen.until(() => seen.lease(after) !== undefined)
  expect(seen.lease(before)).toMatchObject({ state: 'active', doubt: 'expiry-unknown' })
  expect(seen.audit()).toMatchObject({ since, refusedLines: 0, droppedLeases: 0 })
})

test('a lease whose end the log does not tell is looked up, and again when it should have ended', async () => {
  const seen = follow()
  log = seen
  const vaultLog = { told: (id: string) => vaultLogOf({ states: seen.states() }).told(id) }
  const holder = await vault.logIn(workload)
  const [long, brief] = [await vault.issue(holder), await vault.issue(holder, 'brief')]
  await seen.until(() => seen.lease(brief) !== undefined)
  const source = vaultSource(vault.address, { lookupsPerMinute: 600 })
  const looked = observeVault(source, vault.folder, { vaultLog })
  observation = looked
  const lease = (id: string) => looked.facts('vault-lease').find(({ leaseId }) => leaseId === id)
  await looked.until(() => lease(long)?.learntFrom === 'lookup')
  expect(lease(long)).toMatchObject({
    state: 'active',
    doubt: null,
    holder: { subject: workload },
    path: 'pki/issue/hop',
  })
  expect((lease(long)?.expiresAt ?? 0) - (lease(long)?.issuedAt ?? 0)).toBeGreaterThan(590_000)
  await looked.until(() => lease(brief)?.state === 'expired')
  expect(looked.facts('vault-entity').flatMap(({ aliases }) => aliases.map(({ name }) => name))).toContain(workload)
  // The log hides what is revoked here; the look-up finds out.
  await vault.call('PUT', 'sys/leases/revoke', { lease_id: long, sync: true })
  await looked.until(() => lease(long)?.state === 'revoked')
})

test('a log with secrets in the clear is refused loudly, and nothing of it is kept or shown', async () => {
  const raw = join(vault.folder, 'raw.log')
  await vault.call('PUT', 'sys/audit/raw', { type: 'file', options: { file_path: raw, log_raw: 'true' } })
  const tame = vault.auditLog
  try {
    const holder = await vault.logIn(workload)
    await vault.issue(holder)
    Object.assign(vault, { auditLog: raw })
    const loud = follow()
    log = loud
    await loud.until(() => (loud.all()[0]?.gaps.length ?? 0) > 0)
    const gaps = loud.all().flatMap(({ gaps: own }) => own)
    expect(gaps.find(({ what }) => what === 'log-raw')).toMatchObject({
      reason: 'invalid',
      detail: expect.stringContaining('log_raw=true'),
    })
    expect(loud.leases()).toEqual([])
    expect(findSecrets([...loud.all(), ...loud.kept], vault.canaries)).toEqual([])
  } finally {
    Object.assign(vault, { auditLog: tame })
    await vault.call('DELETE', 'sys/audit/raw')
  }
})
