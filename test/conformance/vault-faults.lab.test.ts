import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { observeVault, startRecordingProxy, type VaultObservation, vaultSource } from '../builders/vault-observation.ts'
import { console_, type RealVault, startVault } from '../builders/vault-server.ts'

const policy = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'rights', 'vault.hcl'), 'utf8')
let vault: RealVault
let observation: VaultObservation | null = null

beforeAll(async () => {
  vault = await startVault()
  await writeFile(join(vault.folder, 'token'), await vault.tokenWith(policy))
}, 60_000)
afterEach(async () => {
  await observation?.end()
  observation = null
})
afterAll(() => vault?.stop())

const gapOf = (of: VaultObservation, part: 'mounts' | 'token' | 'leases') => of.latest.get(part)?.gaps[0]

test('a Vault that is sealed says so, everything else becomes last known, and heals when it is unsealed', async () => {
  const seen = observeVault(vaultSource(vault.address), vault.folder)
  observation = seen
  await seen.until(() => seen.latest.get('mounts')?.facts?.length !== undefined)
  await vault.seal()
  await seen.until(() => seen.facts('vault-server')[0]?.sealed === true && seen.latest.get('mounts')?.facts === null)
  expect(gapOf(seen, 'mounts')).toMatchObject({
    reason: 'unreachable',
    detail: expect.stringContaining('it is sealed'),
  })
  expect(seen.latest.get('server')?.gaps).toEqual([])
  await vault.unseal()
  await seen.until(() => (seen.latest.get('mounts')?.facts?.length ?? 0) > 0)
  expect(seen.facts('vault-server')).toMatchObject([{ sealed: false }])
})

test('a Vault that asks to be left alone is left alone for as long as it says', async () => {
  const proxy = await startRecordingProxy(vault.address)
  const seen = observeVault(vaultSource(proxy.address), vault.folder)
  observation = seen
  await seen.until(() => seen.latest.has('leases'))
  await vault.call('POST', 'sys/quotas/rate-limit/few', { rate: 1, interval: '3s' })
  try {
    await seen.until(() => gapOf(seen, 'token')?.detail.includes('HTTP 429') === true)
    const before = proxy.requests.length
    await seen.until(() => gapOf(seen, 'token')?.detail.includes('it is asked again in 1 s') === true)
    expect(gapOf(seen, 'token')).toMatchObject({ reason: 'unreachable', detail: expect.stringMatching(/left alone/) })
    // Turns go on every 50 ms; requests do not.
    expect(proxy.requests.length - before).toBeLessThanOrEqual(3)
  } finally {
    await vault.call('DELETE', 'sys/quotas/rate-limit/few')
  }
  await seen.until(() => gapOf(seen, 'token') === undefined && seen.latest.get('token')?.facts !== null)
  await observation.end()
  await proxy.close()
})

test('a token that is revoked is a gap in Vault’s own words, and one that is written anew is used at once', async () => {
  const token = await vault.tokenWith(policy)
  await writeFile(join(vault.folder, 'token'), token)
  const seen = observeVault(vaultSource(vault.address), vault.folder)
  observation = seen
  await seen.until(() => seen.latest.has('leases'))
  await vault.call('POST', 'auth/token/revoke', { token })
  await seen.until(() => seen.latest.get('token')?.facts === null)
  expect(gapOf(seen, 'token')).toMatchObject({
    reason: 'forbidden',
    detail: expect.stringContaining('permission denied'),
  })
  await writeFile(join(vault.folder, 'token'), await vault.tokenWith(policy))
  await seen.until(() => (seen.latest.get('token')?.facts?.length ?? 0) > 0)
})

test('a login that is refused is told in Vault’s words; its own token that is revoked is replaced', async () => {
  const signIn = { jwt: { mount: 'jwt', role: 'everyhop', audience: 'vault', from: { file: 'svid' } } } as const
  await writeFile(join(vault.folder, 'svid'), vault.jwtSvid('spiffe://pipeline.example/stranger'))
  const proxy = await startRecordingProxy(vault.address)
  const seen = observeVault(vaultSource(proxy.address, { signIn }), vault.folder)
  observation = seen
  await seen.until(() => seen.latest.get('token')?.facts === null)
  expect(gapOf(seen, 'token')).toMatchObject({
    reason: 'forbidden',
    detail: expect.stringMatching(
      /^the login with role everyhop is refused: POST auth\/jwt\/login answered HTTP 400: .*sub/,
    ),
  })
  await writeFile(join(vault.folder, 'svid'), vault.jwtSvid(console_))
  await seen.until(() => (seen.latest.get('token')?.facts?.length ?? 0) > 0)
  expect(seen.facts('vault-token')).toMatchObject([{ displayName: `jwt-${console_}`, policies: ['everyhop'] }])
  const first = proxy.requests.findLast(({ path }) => path === 'auth/token/lookup-self')?.token ?? ''
  await vault.call('POST', 'auth/token/revoke', { token: first })
  await seen.until(() => {
    const last = proxy.requests.findLast(({ path }) => path === 'auth/token/lookup-self')?.token
    return last !== first && seen.latest.get('token')?.facts !== null
  })
  await seen.end()
  await proxy.close()
})

test('a certificate of an authority that is not named is refused in words, and no token is sent', async () => {
  const secure = await startVault({ tls: true })
  try {
    await writeFile(join(secure.folder, 'token'), await secure.tokenWith(policy))
    const address = `https://127.0.0.1:${secure.address.port}`
    const seen = observeVault(vaultSource(secure.address, { address }), secure.folder)
    observation = seen
    await seen.until(() => seen.latest.has('server'))
    const [gap] = seen.latest.get('server')?.gaps ?? []
    expect(gap).toMatchObject({ reason: 'unreachable', detail: expect.stringContaining('TLS failed') })
    await seen.end()
  } finally {
    await secure.stop()
  }
}, 60_000)
