import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Log } from '../../electron/core/ports.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { findSecrets } from '../builders/secrets.ts'
import {
  observeVault,
  type RecordedRequest,
  startRecordingProxy,
  vaultConnector,
  vaultSource,
} from '../builders/vault-observation.ts'
import { console_, type RealVault, startVault, workload } from '../builders/vault-server.ts'

/** Everything that may ever be asked, written down a second time and not made from the connector's own list. */
const allowed: readonly RegExp[] = [
  /^GET sys\/(health|seal-status|mounts|auth)$/,
  /^LIST sys\/policies\/acl$/,
  /^GET sys\/policies\/acl\/[^/]+$/,
  /^LIST auth\/(jwt|approle)\/role$/,
  /^LIST auth\/token\/roles$/,
  /^GET auth\/(jwt|approle)\/role\/[^/]+$/,
  /^LIST (pki|database)\/roles$/,
  /^GET (pki|database)\/roles\/[^/]+$/,
  /^GET identity\/entity\/id\/[0-9a-f-]{36}$/,
  /^PUT sys\/leases\/lookup$/,
  /^LIST sys\/leases\/lookup\/pki\/(issue\/(hop\/|brief\/)?)?$/,
  /^GET auth\/token\/lookup-self$/,
  /^POST sys\/capabilities-self$/,
  /^POST auth\/jwt\/login$/,
  /^POST auth\/token\/(renew|revoke)-self$/,
]

const planted = 'planted-5d1f6a0c4d6b'
const ambient = 'hvs.ambient00000000000000000000'
let vault: RealVault
const saved = { ...process.env }

beforeAll(async () => {
  vault = await startVault()
  Object.assign(process.env, {
    VAULT_TOKEN: ambient,
    VAULT_NAMESPACE: 'ambient',
    VAULT_PREFIX: '/ambient',
    VAULT_ADDR: 'http://127.0.0.1:9',
    HTTP_PROXY: 'http://127.0.0.1:9',
    http_proxy: 'http://127.0.0.1:9',
    DEBUG: 'node-vault',
  })
}, 60_000)
afterAll(async () => {
  for (const name of [
    'VAULT_TOKEN',
    'VAULT_NAMESPACE',
    'VAULT_PREFIX',
    'VAULT_ADDR',
    'HTTP_PROXY',
    'http_proxy',
    'DEBUG',
  ]) {
    if (saved[name] === undefined) delete process.env[name]
    else process.env[name] = saved[name]
  }
  await vault?.stop()
})

/** Puts secrets into every object of an answer, under names that credentials have. */
function plant(path: string, answer: unknown, depth = 0): unknown {
  if (Array.isArray(answer)) return answer.map((value) => plant(path, value, depth + 1))
  if (typeof answer !== 'object' || answer === null) return answer
  const inner = Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, plant(path, value, depth + 1)]))
  // Keys of these are paths of mounts, each with an object of its own.
  if (depth < 2 && (path === 'sys/mounts' || path === 'sys/auth')) return inner
  const secrets = { password: planted, secret_id: planted, private_key: `-----BEGIN PRIVATE KEY-----\n${planted}` }
  return { ...inner, ...secrets, connection_url: `postgres://app:${planted}@db`, wrapped: { token: planted } }
}

function asked({ method, path, isList }: RecordedRequest): string {
  return `${isList ? 'LIST' : method} ${decodeURIComponent(path)}`
}

test('nothing is asked that is not on the list, and no secret of any answer is in facts, gaps, logs or tests', async () => {
  const proxy = await startRecordingProxy(vault.address, plant)
  const written: unknown[] = []
  const write = (...line: unknown[]) => void written.push(line)
  const log: Log = { info: write, warn: write, error: write }
  const holder = await vault.logIn(workload)
  await vault.issue(holder)
  const shipped = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'rights', 'vault.hcl'), 'utf8')
  const lists = 'path "sys/leases/lookup/pki/*" { capabilities = ["list", "sudo"] }\n'
  await vault.call('PUT', 'sys/policies/acl/everyhop', { policy: shipped + lists })
  await writeFile(join(vault.folder, 'svid'), vault.jwtSvid(console_))
  const source = vaultSource(proxy.address, {
    signIn: { jwt: { mount: 'jwt', role: 'everyhop', audience: 'vault', from: { file: 'svid' } } },
    listLeasesOf: ['pki/'],
  })
  const observation = observeVault(source, vault.folder, { log })
  const reports: unknown[] = []
  try {
    await observation.until(() => observation.latest.has('leases'))
    reports.push(...observation.latest.values())
    const names = [...observation.latest.values()].flatMap(({ facts }) => (facts ?? []).map(({ kind }) => kind))
    expect(new Set(names)).toEqual(
      new Set([
        'vault-server',
        'vault-token',
        'vault-mount',
        'vault-auth-method',
        'vault-role',
        'vault-policy',
        'vault-lease',
      ]),
    )
    // The token of its own login lasts ten seconds: it is renewed before that.
    await observation.until(() => proxy.requests.some(({ path }) => path === 'auth/token/renew-self'))
    await observation.nextRound()
    reports.push(...observation.latest.values())
  } finally {
    await observation.end()
  }
  const settings = { baseDirectory: vault.folder, windowSeconds: 60 }
  reports.push(
    await vaultConnector.test(source, settings, connectorPorts({ log }), new AbortController().signal),
    await vaultConnector.test(
      { ...source, signIn: { jwt: { mount: 'jwt', role: 'hop', audience: 'vault', from: { file: 'svid' } } } },
      settings,
      connectorPorts({ log }),
      new AbortController().signal,
    ),
  )
  await proxy.close()

  expect(proxy.requests.length).toBeGreaterThan(40)
  expect(proxy.requests.map(asked).filter((one) => !allowed.some((shape) => shape.test(one)))).toEqual([])
  for (const shape of allowed) {
    const isUnused = /entity|lookup\$/.test(shape.source)
    if (!isUnused)
      expect(
        proxy.requests.some((one) => shape.test(asked(one))),
        String(shape),
      ).toBe(true)
  }

  const tokens = proxy.requests.flatMap(({ token }) => token ?? [])
  const own = new Set(tokens)
  expect(own.size).toBeGreaterThan(0)
  expect(own.has(ambient)).toBe(false)
  expect(proxy.requests.some(({ headers }) => headers['x-vault-namespace'] !== undefined)).toBe(false)
  for (const token of own) {
    // Signed out: nobody can use them any more.
    await expect(vault.call('GET', 'auth/token/lookup-self', undefined, token)).rejects.toThrow('403')
  }
  const canaries = [...vault.canaries, ...own, planted, ambient]
  expect(findSecrets(reports, canaries)).toEqual([])
  expect(findSecrets(written, canaries)).toEqual([])
})

test('a key-value engine is not asked; one that a broken Vault calls a database gives nothing away', async () => {
  const all = 'path "*" { capabilities = ["read", "list", "update", "sudo"] }'
  await writeFile(join(vault.folder, 'token'), await vault.tokenWith(all))
  for (const isBroken of [false, true]) {
    const proxy = await startRecordingProxy(vault.address, (path, answer) =>
      isBroken && path === 'sys/mounts' ? JSON.parse(JSON.stringify(answer).replaceAll('"kv"', '"database"')) : answer,
    )
    const observation = observeVault(vaultSource(proxy.address), vault.folder)
    await observation.until(() => observation.latest.has('leases'))
    await observation.end()
    await proxy.close()
    expect(proxy.requests.some(({ path }) => path.startsWith('secret/'))).toBe(isBroken)
    expect(findSecrets([...observation.latest.values()], vault.canaries)).toEqual([])
  }
})
