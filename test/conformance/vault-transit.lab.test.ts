import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTransitSign } from '../../electron/actions/vault-transit.ts'
import { buildBundle, signBundle } from '../../electron/policy/build-bundle.ts'
import { signerOf } from '../../electron/policy/signing-key.ts'
import { verifyBundle } from '../../electron/policy/verify-bundle.ts'
import { type OpaCommand, opaCommand } from '../../electron/tools/opa-command.ts'
import type { PolicyBundle } from '../../shared/domain/model/environment.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { vaultConnector } from '../builders/vault-observation.ts'
import { type RealVault, startVault } from '../builders/vault-server.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'

/** A real Vault over TLS signs, OPA verifies: with the shipped rights, and for each family of keys that both know. */
const rights = join(import.meta.dirname, '..', '..', 'docs', 'rights', 'vault-transit.hcl')
const keysWire = z.object({ data: z.object({ keys: z.record(z.string(), z.object({ public_key: z.string() })) }) })

let vault: RealVault
let opa: OpaCommand
let folder: string

beforeAll(async () => {
  const { 'opa-envoy': found } = await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) })
  opa = opaCommand(found.path, found.version)
  folder = await mkdtemp(join(tmpdir(), 'everyhop-transit-'))
  await mkdir(join(folder, 'pipeline'))
  await writeFile(join(folder, '.manifest'), '{"roots":["pipeline","callers"]}')
  await writeFile(
    join(folder, 'pipeline', 'authz.rego'),
    'package pipeline.authz\n\nallow if input.caller in data.callers\n',
  )
  await writeFile(join(folder, 'data.json'), '{"callers": ["b", "a"]}')
  vault = await startVault({ tls: true })
  await vault.call('POST', 'sys/mounts/transit', { type: 'transit' })
  await writeFile(join(vault.folder, 'token'), await vault.tokenWith(await readFile(rights, 'utf8')))
}, 120_000)
afterAll(async () => {
  await vault?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function newKey(type: string): Promise<string> {
  await vault.call('POST', 'transit/keys/policy-bundles/config', { deletion_allowed: true }).catch(() => {}) // the first
  await vault.call('DELETE', 'transit/keys/policy-bundles').catch(() => {})
  await vault.call('POST', 'transit/keys/policy-bundles', { type })
  return publicKey()
}

async function publicKey(version = '1'): Promise<string> {
  const { data } = keysWire.parse(await vault.call('GET', 'transit/keys/policy-bundles'))
  return data.keys[version]?.public_key ?? ''
}

async function signedWith(algorithm: NonNullable<PolicyBundle['signing']>['algorithm'], keyName = 'policy-bundles') {
  const bundle: PolicyBundle = {
    name: 'pipeline',
    pointer: 'bundles/pipeline.tar.gz',
    signing: { algorithm, keyId: 'transit', key: { vault: 'vault', transitMount: 'transit', keyName } },
  }
  const { host, port } = vault.address
  const source = {
    id: 'vault',
    address: `https://${host}:${port}`,
    caFile: 'ca.pem',
    signIn: { tokenFile: 'token' },
    listLeasesOf: [],
    lookupsPerMinute: 30,
  }
  const ports = connectorPorts()
  const signing = await signerOf(bundle, {
    files: ports.files,
    secrets: { read: async () => null },
    variables: {},
    resolve: (path) => path,
    transit: createTransitSign((_id, use, signal) => {
      if (vaultConnector.lend === undefined) throw new Error('a Vault lends its sign-in')
      return vaultConnector.lend(source, { baseDirectory: vault.folder, windowSeconds: 60 }, ports, use, signal)
    }),
  })
  if (signing === null) throw new Error('the bundle names a signing key')
  const built = await buildBundle(opa, { folder, roots: ['pipeline', 'callers'], revision: 'r43', isSigned: true })
  return signBundle(built, signing)
}

const kinds = [
  ['ES256', 'ecdsa-p256', 'ecdsa-p384'],
  ['ES384', 'ecdsa-p384', 'ecdsa-p256'],
  ['ES512', 'ecdsa-p521', 'rsa-2048'],
  ['RS256', 'rsa-2048', 'ecdsa-p256'],
  ['RS512', 'rsa-4096', 'ed25519'],
  ['PS256', 'rsa-2048', 'ecdsa-p521'],
  ['PS384', 'rsa-3072', 'ecdsa-p384'],
] as const

test.each(kinds)(
  'a bundle that Vault signs with %s by a key of type %s is valid for OPA',
  async (algorithm, type, other) => {
    const pem = await newKey(type)
    const { bytes } = await signedWith(algorithm)
    expect(await verifyBundle(opa, bytes, { pem, keyId: 'transit' })).toEqual({ state: 'valid', keyId: 'transit' })
    await vault.call('POST', 'transit/keys/policy-bundles/rotate')
    expect(await verifyBundle(opa, bytes, { pem: await publicKey('2'), keyId: 'transit' })).toMatchObject({
      state: 'invalid',
    })
    await newKey(other)
    await expect(signedWith(algorithm)).rejects.toMatchObject({ code: 'invalid', subject: 'vault' })
  },
)

test('with the shipped rights the named key signs, and nothing else is allowed: neither another key nor reading one', async () => {
  await newKey('ecdsa-p256')
  await vault.call('POST', 'transit/keys/other', { type: 'ecdsa-p256' })
  await expect(signedWith('ES256', 'other')).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('permission denied'),
    advice: expect.stringContaining('docs/rights/vault-transit.hcl'),
  })
  const token = await readFile(join(vault.folder, 'token'), 'utf8')
  for (const [method, path] of [
    ['GET', 'transit/keys/policy-bundles'],
    ['GET', 'transit/export/signing-key/policy-bundles'],
    ['POST', 'transit/keys/policy-bundles/rotate'],
    ['GET', 'secret/roles/app'],
  ] as const) {
    await expect(vault.call(method, path, method === 'POST' ? {} : undefined, token)).rejects.toThrow('403')
  }
})

test('a sealed Vault is told as that, and signs again when it is unsealed', async () => {
  const pem = await newKey('ecdsa-p256')
  await vault.seal()
  await expect(signedWith('ES256')).rejects.toMatchObject({ code: 'unreachable', message: /sealed/ })
  await vault.unseal()
  const { bytes } = await signedWith('ES256')
  expect(await verifyBundle(opa, bytes, { pem, keyId: 'transit' })).toMatchObject({ state: 'valid' })
})
