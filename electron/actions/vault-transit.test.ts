import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { VaultSource } from '../../shared/domain/model/environment.ts'
import { connectorPorts } from '../../test/builders/connector-ports.ts'
import { vaultConnector, vaultSource } from '../../test/builders/vault-observation.ts'
import type { ConnectorPorts } from '../core/ports.ts'
import { createTransitSign, type TransitSign } from './vault-transit.ts'
import type { SigningAlgorithm } from './vault-transit-calls.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Asked {
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (path: string, answer: ServerResponse) => void

/** A Vault that answers as a test wants; it remembers what it was asked. */
async function fakeVault(answer: Answer) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (more: string) => (body += more))
    request.on('end', () => {
      const path = (request.url ?? '').replace(/^\/v1\//, '')
      asked.push({ line: `${request.method} ${path}`, headers: request.headers, body })
      answer(path, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => void server.close(resolve))
  })
  return { asked, address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } }
}

const token = 'hvs.own-token-of-this-test'
const files = { ...connectorPorts().files, readText: async () => `${token}\n` }
const key = { vault: 'vault', mount: 'transit', name: 'policy-bundles' }
const text = new TextEncoder().encode('header.payload')

function json(answer: ServerResponse, status: number, body: unknown): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const signature = (bytes: number): object => ({
  data: { signature: `vault:v3:${Buffer.alloc(bytes, 7).toString('base64url')}`, key_version: 3 },
})

function signerFor(source: VaultSource, changes: Partial<ConnectorPorts> = {}, timeoutMs?: number): TransitSign {
  const ports = connectorPorts({ files, ...changes })
  const settings = { baseDirectory: '/', windowSeconds: 60 }
  return createTransitSign((_vault, use, signal) => {
    if (vaultConnector.lend === undefined) throw new Error('a Vault lends its sign-in')
    return vaultConnector.lend(source, settings, ports, use, signal)
  }, timeoutMs)
}

test.each([
  ['ES256', 'sha2-256', {}, 64],
  ['ES384', 'sha2-384', {}, 96],
  ['ES512', 'sha2-512', {}, 132],
  ['RS256', 'sha2-256', { signature_algorithm: 'pkcs1v15' }, 256],
  ['PS512', 'sha2-512', { signature_algorithm: 'pss', salt_length: 'hash' }, 512],
] as const)(
  '%s is one request with its hash and parameters, and the token in a header alone',
  async (algorithm, hash, parameters, bytes) => {
    const { asked, address } = await fakeVault((_path, answer) => json(answer, 200, signature(bytes)))
    const found = await signerFor(vaultSource(address, { namespace: 'team-a' }))(key, algorithm, text)
    expect(found).toBe(Buffer.alloc(bytes, 7).toString('base64url'))
    expect(asked.map(({ line }) => line)).toEqual([`PUT transit/sign/policy-bundles/${hash}`])
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      input: Buffer.from(text).toString('base64'),
      prehashed: false,
      marshaling_algorithm: 'jws',
      ...parameters,
    })
    expect(asked[0]?.headers).toMatchObject({ 'x-vault-token': token, 'x-vault-namespace': 'team-a' })
    expect(asked[0]?.body).not.toContain(token)
  },
)

test('a sign-in by role is ended after the signature, and also when there is none', async () => {
  let status = 200
  const { asked, address } = await fakeVault((path, answer) => {
    if (path === 'auth/jwt/login') {
      json(answer, 200, { auth: { client_token: 'hvs.lent-by-this-login', lease_duration: 60, renewable: false } })
    } else if (path === 'auth/token/revoke-self') answer.writeHead(204).end()
    else json(answer, status, status === 200 ? signature(64) : { errors: ['permission denied'] })
  })
  const signIn = { jwt: { mount: 'jwt', role: 'signer', audience: 'vault', from: { file: 'svid' } } }
  const sign = signerFor(vaultSource(address, { signIn }))
  const lines = ['POST auth/jwt/login', 'PUT transit/sign/policy-bundles/sha2-256', 'POST auth/token/revoke-self']
  await sign(key, 'ES256', text)
  expect(asked.map(({ line }) => line)).toEqual(lines)
  status = 403
  await expect(sign(key, 'ES256', text)).rejects.toMatchObject({ code: 'forbidden' })
  expect(asked.map(({ line }) => line)).toEqual([...lines, ...lines])
  expect(asked.at(-1)?.headers['x-vault-token']).toBe('hvs.lent-by-this-login')
})

const quoting = `what stands between says ${token}\u0000\nin two lines`
test.each([
  [403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] }, 'forbidden', /permission denied/],
  [404, { errors: ['no handler for route "transit/sign/x"'] }, 'not-found', /no handler for route/],
  [400, { errors: ['signing key not found'] }, 'invalid', /signing key not found/],
  [429, { errors: ['request path rate limit quota exceeded'] }, 'exhausted', /HTTP 429/],
  [503, { errors: ['Vault is sealed'] }, 'unreachable', /Vault is sealed/],
  [307, {}, 'invalid', /HTTP 307/],
  [500, { errors: [quoting] }, 'unreachable', /says \*\*\* in two lines/],
  [502, '<html>', 'unreachable', /HTTP 502\.$/],
])('a Vault that answers %d is told in its own words, what to do, and no token', async (status, body, code, words) => {
  const { address } = await fakeVault((_path, answer) => json(answer, status, body))
  const failed = await signerFor(vaultSource(address))(key, 'ES256', text).catch((reason: unknown) => reason)
  expect(failed).toMatchObject({ code, subject: 'vault', message: expect.stringMatching(words) })
  expect(failed).toMatchObject({ advice: expect.stringMatching(/\.$/) })
  expect(JSON.stringify([failed, String(failed)])).not.toContain(token)
})

test.each<[string, SigningAlgorithm, unknown, RegExp]>([
  ['is no JSON of Vault', 'ES256', { hello: 'world' }, /is no signature of Vault/],
  ['has another form', 'ES256', { data: { signature: 'vault:v1:<script>' } }, /is no signature of Vault/],
  ['is that of an RSA key', 'ES256', signature(256), /256 bytes is none of ES256/],
  ['is that of another curve', 'ES384', signature(64), /64 bytes is none of ES384/],
  ['is that of a curve', 'RS256', signature(64), /64 bytes is none of RS256/],
])('a signature that %s is refused', async (_what, algorithm, body, words) => {
  const { address } = await fakeVault((_path, answer) => json(answer, 200, body))
  await expect(signerFor(vaultSource(address))(key, algorithm, text)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(words),
  })
})

test('nothing but a signature can be asked, and a shared secret is none', async () => {
  const { asked, address } = await fakeVault((_path, answer) => json(answer, 200, signature(64)))
  const sign = signerFor(vaultSource(address))
  const refused = [
    { ...key, mount: 'sys' },
    { ...key, mount: 'auth/token' },
    { ...key, mount: 'transit/../sys' },
    { ...key, name: '../../sys/seal' },
    { ...key, name: 'x%2f..' },
    { ...key, name: 'a?b' },
    { ...key, name: '' },
  ]
  for (const one of refused) await expect(sign(one, 'ES256', text)).rejects.toMatchObject({ code: 'invalid' })
  await expect(sign(key, 'HS256', text)).rejects.toMatchObject({ code: 'invalid', message: /shared secret/ })
  expect(asked).toEqual([])
})

test('a token goes to no other host unencrypted', async () => {
  const sign = signerFor({ ...vaultSource({ host: '127.0.0.1', port: 1 }), address: 'http://vault.example.org:8200' })
  await expect(sign(key, 'ES256', text)).rejects.toMatchObject({ code: 'invalid', message: /unencrypted/ })
})

test('a Vault that is not there, and one that says nothing, are told apart', async () => {
  const gone = await fakeVault(() => {})
  for (const close of closing.splice(0)) await close()
  await expect(signerFor(vaultSource(gone.address))(key, 'ES256', text)).rejects.toMatchObject({
    code: 'unreachable',
    message: /ECONNREFUSED/,
  })
  const silent = await fakeVault(() => {})
  await expect(signerFor(vaultSource(silent.address), {}, 100)(key, 'ES256', text)).rejects.toMatchObject({
    code: 'timed-out',
    subject: 'vault',
  })
})

test('a token file that is not there is told as a sign-in that failed', async () => {
  const { asked, address } = await fakeVault((_path, answer) => json(answer, 200, signature(64)))
  const missing = { ...files, readText: () => Promise.reject(new Error('token: there is no such file')) }
  await expect(signerFor(vaultSource(address), { files: missing })(key, 'ES256', text)).rejects.toMatchObject({
    code: 'invalid',
    message: 'Everyhop could not sign in at Vault vault to sign with it: token: there is no such file.',
  })
  expect(asked).toEqual([])
})
