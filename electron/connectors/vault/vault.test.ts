import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { connectorPorts } from '../../../test/builders/connector-ports.ts'
import { observeVault, vaultConnector, vaultSource } from '../../../test/builders/vault-observation.ts'
import type { ConnectorPorts } from '../../core/ports.ts'
import { createHttpExchange } from '../../platform/http-exchange.ts'
import { calls } from './calls.ts'
import { createVaultClient } from './client.ts'
import { createLeaseLookups } from './leases.ts'
import { rulesOf } from './policy-text.ts'
import { VaultFailure } from './problem.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Answer = (asked: IncomingMessage, answer: ServerResponse, path: string) => void

/** A Vault in a state that a real one cannot be put into here; shapes as Vault 1.21 answers. */
async function fakeVault(answer: Answer) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://vault')
    asked.push(`${request.method} ${pathname.slice(4)}`)
    request.resume()
    answer(request, response, pathname.slice(4))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => void server.close(resolve)))
  return { asked, address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } }
}

const json = (answer: ServerResponse, status: number, body: object, headers = {}): void =>
  void answer.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

const state = { initialized: true, sealed: false, standby: false, version: '1.21.4', cluster_name: 'lab' }
const files = { ...connectorPorts().files, readText: async () => 'hvs.own-token-of-this-test\n' }

async function firstRound(
  address: { readonly host: string; readonly port: number },
  changes: Partial<ConnectorPorts> = {},
) {
  const observation = observeVault(vaultSource(address), '/', { files, ...changes })
  await observation.until(() => observation.latest.has('leases'))
  await observation.end()
  return observation
}

test.each([
  [501, { ...state, initialized: false, sealed: true, standby: true }, 'it is not initialised'],
  [503, { ...state, sealed: true, standby: true }, 'it is sealed'],
  [472, { ...state, standby: true, replication_dr_mode: 'secondary' }, 'disaster recovery secondary'],
])('a Vault whose health is HTTP %d is read as such, and asked nothing else', async (status, body, words) => {
  const { asked, address } = await fakeVault((_asked, answer, path) =>
    json(answer, path === 'sys/health' ? status : 200, body),
  )
  const read = await firstRound(address)
  expect(read.facts('vault-server')).toMatchObject([{ initialized: body.initialized, sealed: body.sealed }])
  for (const part of ['token', 'mounts', 'policies', 'leases'] as const) {
    expect(read.latest.get(part)).toMatchObject({
      facts: null,
      gaps: [{ reason: 'unreachable', detail: expect.stringContaining(words) }],
    })
  }
  expect(new Set(asked)).toEqual(new Set(['GET sys/health', 'GET sys/seal-status']))
})

test('a Vault to which no way leads was not asked, which is no silence of its own', async () => {
  const closed = Object.assign(new Error('the pods of cluster c could not be read'), { reason: 'no-way' })
  const read = await firstRound({ host: 'vault', port: 8200 }, { dial: () => Promise.reject(closed) })
  const gaps = [...read.latest.values()].flatMap((report) => report.gaps)
  expect(new Set(gaps.map(({ reason }) => reason))).toEqual(new Set(['no-way']))
  expect(gaps.every(({ detail }) => detail.includes('the pods of cluster c could not be read'))).toBe(true)
})

test.each([429, 473])('a standby that says HTTP %d passes questions on, and is read', async (status) => {
  const { address } = await fakeVault((_asked, answer, path) => {
    if (path === 'sys/health') json(answer, status, { ...state, standby: true })
    else
      json(answer, path === 'sys/seal-status' ? 200 : 403, {
        ...state,
        errors: ['1 error occurred:\n\t* permission denied\n\n'],
      })
  })
  const read = await firstRound(address)
  expect(read.facts('vault-server')).toMatchObject([{ standby: true, sealed: false, clusterName: 'lab' }])
  expect(read.latest.get('mounts')?.gaps).toMatchObject([{ what: 'mounts', reason: 'forbidden' }])
})

test('a standby that redirects is not followed: no token goes to another address', async () => {
  const elsewhere = await fakeVault((_asked, answer) => json(answer, 200, {}))
  const to = `http://127.0.0.1:${elsewhere.address.port}/v1/x`
  const { address } = await fakeVault((_asked, answer, path) =>
    path.startsWith('sys/health') || path === 'sys/seal-status'
      ? json(answer, 200, state)
      : json(answer, 307, {}, { location: to }),
  )
  const read = await firstRound(address)
  expect(read.latest.get('mounts')?.gaps).toMatchObject([
    { reason: 'invalid', detail: expect.stringContaining('name the address of the active Vault') },
  ])
  expect(elsewhere.asked).toEqual([])
})

test('an answer that is not JSON, or not as documented, is a gap without its content', async () => {
  const { address } = await fakeVault((_asked, answer, path) => {
    if (path === 'sys/health' || path === 'sys/seal-status') json(answer, 200, state)
    else if (path === 'sys/mounts') answer.writeHead(200).end('<html>hunter2</html>')
    else json(answer, 200, { data: 'hunter2' })
  })
  const read = await firstRound(address)
  expect(read.latest.get('mounts')?.gaps).toMatchObject([{ reason: 'invalid' }])
  expect(read.latest.get('token')?.gaps).toMatchObject([{ reason: 'invalid' }])
  expect(JSON.stringify([...read.latest.values()])).not.toContain('hunter2')
})

test('a question that was not made from the list is refused before anything is sent', async () => {
  const { asked, address } = await fakeVault((_asked, answer) => json(answer, 200, state))
  const client = createVaultClient(
    vaultSource(address),
    { baseDirectory: '/' },
    connectorPorts(),
    createHttpExchange(connectorPorts().dial),
  )
  const forged = { ...calls.health(), path: 'secret/data/app' }
  await expect(client.ask(forged, 'hvs.token', new AbortController().signal)).rejects.toThrow('not on the list')
  expect(() => calls.engineRole('sys/', 'database', 'x')).toThrow()
  expect(() => calls.engineRoles('secret/', 'kv')).toThrow()
  expect(calls.engineRole('database/', 'database', '../creds/ro').path).toBe('database/roles/..%2Fcreds%2Fro')
  expect(asked).toEqual([])
})

test('a token is not sent unencrypted to another machine', async () => {
  const ports = connectorPorts({ files, dial: () => Promise.reject(new Error('dialled')) })
  const source = { ...vaultSource({ host: '192.0.2.1', port: 8200 }), address: 'http://vault.example:8200' }
  const client = createVaultClient(source, { baseDirectory: '/' }, ports, createHttpExchange(ports.dial))
  const asking = client.ask(calls.mounts(), 'hvs.token', new AbortController().signal)
  await expect(asking).rejects.toThrow('a token would travel unencrypted')
})

test('signing in takes a kept secret, a JWT-SVID of the Workload API, or a token of a cluster; without them it says what is missing', async () => {
  const bodies: string[] = []
  const { address } = await fakeVault((asked, answer, path) => {
    asked.on('data', (more: Buffer) => bodies.push(`${path} ${more.toString()}`))
    asked.on('end', () => {
      if (path === 'sys/health' || path === 'sys/seal-status') json(answer, 200, state)
      else if (path.endsWith('/login'))
        json(answer, 200, { auth: { client_token: 'hvs.got', lease_duration: 60, renewable: false } })
      else json(answer, 403, { errors: ['permission denied'] })
    })
  })
  const settings = { baseDirectory: '/', windowSeconds: 60 }
  const test = async (signIn: Parameters<typeof vaultSource>[1], changes: Partial<ConnectorPorts>) => {
    const answer = await vaultConnector.test(
      vaultSource(address, signIn),
      settings,
      connectorPorts(changes),
      new AbortController().signal,
    )
    return answer.steps.find(({ what }) => what === 'token')?.detail
  }
  const secret = { signIn: { tokenSecret: 'vault-lab' } }
  expect(await test(secret, {})).toContain('keeps no secrets')
  expect(await test(secret, { secrets: { read: async () => null } })).toContain('the secret vault-lab is not there')
  expect(await test(secret, { secrets: { read: async () => 'hvs.kept' } })).toContain('HTTP 403')
  const svid = {
    signIn: { jwt: { mount: 'jwt', role: 'everyhop', audience: 'vault', from: { workloadApi: '/run/agent.sock' } } },
  }
  expect(await test(svid, {})).toContain('no Workload API')
  expect(
    await test(svid, { jwtSvids: { fetch: async (socket, audience) => `jwt-of${socket}-${audience}` } }),
  ).toContain('HTTP 403')
  const from = { cluster: 'main', namespace: 'console', serviceAccount: 'everyhop' }
  const account = { signIn: { kubernetes: { mount: 'kubernetes', role: 'everyhop', from } } }
  expect(await test(account, {})).toContain('no cluster here')
  expect(await test(account, { serviceAccounts: { token: async (of) => `token-of-${of.serviceAccount}` } })).toContain(
    'HTTP 403',
  )
  expect(bodies.filter((body) => body.includes('/login '))).toEqual([
    'auth/jwt/login {"role":"everyhop","jwt":"jwt-of/run/agent.sock-vault"}',
    'auth/kubernetes/login {"role":"everyhop","jwt":"token-of-everyhop"}',
  ])
})

test('look-ups stay within their budget, the most urgent first', async () => {
  let now = 0
  const lookups = createLeaseLookups('vault', 2, () => now)
  const asked: string[] = []
  const told = ['a', 'b', 'c'].map((id) => ({
    kind: 'vault-lease' as const,
    id: `logs/x/activity#vault-lease/${id}`,
    from: { source: 'logs', instance: 'x', locator: 'x', observedAt: 0, basis: 'measured' } as const,
    vault: 'vault',
    leaseId: `pki/issue/hop/${id}`,
    mount: 'pki/',
    path: 'pki/issue/hop',
    state: 'active' as const,
    doubt: id === 'c' ? ('expiry-unknown' as const) : ('lines-missed' as const),
    issuedAt: 0,
    expiresAt: null,
    lastRenewedAt: null,
    revokedAt: null,
    renewable: null,
    ttlSeconds: null,
    holder: null,
    learntFrom: 'audit' as const,
  }))
  const ask = async (call: ReturnType<typeof calls.lookUpLease>) => {
    asked.push(String(call.body?.['lease_id']))
    return { status: 400, value: { errors: ['invalid lease'] }, at: now, clockOffsetMs: null }
  }
  await lookups.lookUp(told, ['pki/'], ask)
  expect(asked).toEqual(['pki/issue/hop/c', 'pki/issue/hop/a'])
  expect(lookups.waiting).toBe(1)
  now = 30_000
  await lookups.lookUp(told, ['pki/'], ask)
  expect(asked).toHaveLength(3)
  expect(lookups.facts(now).map(({ state: ended }) => ended)).toEqual(['expired', 'expired', 'expired'])
  const refusing = () => Promise.reject(new VaultFailure('forbidden', 'permission denied', { status: 403 }))
  const fresh = createLeaseLookups('vault', 2, () => now)
  await expect(fresh.lookUp(told, [], refusing)).rejects.toThrow('permission denied')
  const none = createLeaseLookups('vault', 0, () => now)
  await none.lookUp(told, [], refusing)
  expect(none.waiting).toBe(3)
})

test('the text of a policy is read in HCL and JSON, and what is not understood is not guessed', () => {
  expect(
    rulesOf(
      `# comment\npath "secret/*" {\n  capabilities = ["read", "list"] // more\n  allowed_parameters = { "a" = ["x"], "b" = [] }\n}\npath "x" { policy = "read" }`,
    ),
  ).toEqual([
    { path: 'secret/*', capabilities: ['read', 'list'] },
    { path: 'x', capabilities: ['read', 'list'] },
  ])
  expect(rulesOf('{"path":{"a/*":{"capabilities":["deny"]}}}')).toEqual([{ path: 'a/*', capabilities: ['deny'] }])
  expect(rulesOf('')).toEqual([])
  for (const broken of ['path "a" {', 'path "a" { capabilities = ["read" }', '{"path":', 'nonsense', 'path = '])
    expect(rulesOf(broken), broken).toBeNull()
})
