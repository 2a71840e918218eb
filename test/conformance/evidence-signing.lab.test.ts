import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPackSigner, type SigningPorts } from '../../electron/evidence/signing/index.ts'
import { createFiles } from '../../electron/platform/files.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { vaultConnector } from '../builders/vault-observation.ts'
import { type RealVault, startVault } from '../builders/vault-server.ts'
import { ensureSoftHsm, makeToken, type SoftHsm } from '../lab/provision/softhsm.ts'
import { packSignerSuite } from './pack-signer-suite.ts'

/** Packs are signed by a real Vault with the shipped rights, and by a PKCS#11 token as docs/guides/evidence-keys.md says. */
const root = join(import.meta.dirname, '..', '..')
const signal = new AbortController().signal
const bytes = new TextEncoder().encode('evidence')

function portsWith(lend: SigningPorts['lend']): SigningPorts {
  return { files: createFiles(), secrets: { read: async () => null }, variables: {}, resolve: (path) => path, lend }
}

describe('Vault', () => {
  let vault: RealVault

  beforeAll(async () => {
    vault = await startVault({ tls: true })
    await vault.call('POST', 'sys/mounts/transit', { type: 'transit' })
    await vault.call('POST', 'transit/keys/evidence', { type: 'ecdsa-p256' })
    await vault.call('POST', 'transit/keys/other', { type: 'ecdsa-p256' })
    const rights = await readFile(join(root, 'docs', 'rights', 'vault-transit-evidence.hcl'), 'utf8')
    await writeFile(join(vault.folder, 'token'), await vault.tokenWith(rights))
  }, 120_000)
  afterAll(() => vault?.stop())

  const open = (keyName = 'evidence') =>
    openPackSigner(
      { vault: 'vault', transitMount: 'transit', keyName },
      portsWith((_id, use, lent) => {
        if (vaultConnector.lend === undefined) throw new Error('a Vault lends its sign-in')
        const { host, port } = vault.address
        const source = {
          id: 'vault',
          address: `https://${host}:${port}`,
          caFile: 'ca.pem',
          signIn: { tokenFile: 'token' },
          listLeasesOf: [],
          lookupsPerMinute: 30,
        }
        const settings = { baseDirectory: vault.folder, windowSeconds: 60 }
        return vaultConnector.lend(source, settings, connectorPorts(), use, lent)
      }),
      signal,
    )

  packSignerSuite('a key that a real Vault keeps', () => open())

  test('a rotation between reading the key and signing changes nothing; the next pack has the new version', async () => {
    const before = await open()
    await vault.call('POST', 'transit/keys/evidence/rotate')
    await before.sign(bytes, signal)
    const after = await open()
    expect(after.publicKey).not.toBe(before.publicKey)
    expect([before.name, after.name].map((name) => /version (\d+)/.exec(name)?.[1])).toEqual(['1', '2'])
    // Vault no longer signs with an old one once it is told so, and its own words say that.
    await vault.call('POST', 'transit/keys/evidence/config', { min_encryption_version: 2 })
    await expect(before.sign(bytes, signal)).rejects.toMatchObject({
      subject: 'vault',
      message: expect.stringMatching(/version.*minimum/),
      advice: expect.stringContaining('make the pack again'),
    })
    await after.sign(bytes, signal)
  })

  test('the shipped rights reach no other key, and what is missing is told', async () => {
    await expect(open('other')).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('permission denied'),
      advice: expect.stringContaining('docs/rights/vault-transit-evidence.hcl'),
    })
  })
})

describe('a PKCS#11 token', () => {
  let hsm: SoftHsm
  let folder: string
  let wrapper: string
  let publicKeyFile: string
  const pin = '648219'

  beforeAll(async () => {
    hsm = await ensureSoftHsm((line) => console.log(line))
    folder = await mkdtemp(join(tmpdir(), 'everyhop-hsm-'))
    const token = await makeToken(hsm, folder, pin)
    const key = createPublicKey({ key: await readFile(token.publicKeyDer), format: 'der', type: 'spki' })
    publicKeyFile = join(folder, 'evidence.pub.pem')
    await writeFile(publicKeyFile, key.export({ type: 'spki', format: 'pem' }))
    await writeFile(join(folder, 'pin'), `${pin}\n`, { mode: 0o600 })
    // The very words of the guide, with the places of this machine.
    const guide = await readFile(join(root, 'docs', 'guides', 'evidence-keys.md'), 'utf8')
    const script = /```sh\n(#!\/bin\/sh\n# sign-evidence[\s\S]*?)```/.exec(guide)?.[1]
    if (script === undefined) throw new Error('the guide has no wrapper')
    wrapper = join(folder, 'sign-evidence')
    const places = { MODULE: hsm.module, PIN_FILE: join(folder, 'pin'), SOFTHSM2_CONF: token.configuration }
    const set = Object.entries(places).map(([name, value]) => `export ${name}='${value}'`)
    await writeFile(wrapper, script.replace('#!/bin/sh\n', `#!/bin/sh\n${set.join('\n')}\n`))
    await chmod(wrapper, 0o700)
  }, 300_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const open = () =>
    openPackSigner(
      { command: [wrapper], publicKeyFile },
      portsWith(() => Promise.reject(new Error('no Vault here'))),
      signal,
    )

  packSignerSuite('SoftHSM through pkcs11-tool', open)

  test('a wrong PIN is told in the words of the tool, and a public key of something else is found out', async () => {
    await writeFile(join(folder, 'pin'), '000000\n')
    await expect(open()).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(/CKR_PIN_INCORRECT/) })
    await writeFile(join(folder, 'pin'), `${pin}\n`)
    const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey
    const own = await readFile(publicKeyFile)
    await writeFile(publicKeyFile, other.export({ type: 'spki', format: 'pem' }))
    await expect(open()).rejects.toMatchObject({ advice: expect.stringContaining('public key belongs to it') })
    await writeFile(publicKeyFile, own)
  })
})
