import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EvidenceKey } from '../../../shared/domain/model/environment.ts'
import { temporaryFolder } from '../../../test/builders/temporary-folder.ts'
import { packSignerSuite } from '../../../test/conformance/pack-signer-suite.ts'
import type { VaultLoan } from '../../core/ports.ts'
import { createFiles } from '../../platform/files.ts'
import { commandSigner } from './command.ts'
import { describeKey, evidenceKeyOf, openPackSigner, type SigningPorts } from './index.ts'
import { rawToDer, verifying } from './signer.ts'

const signal = new AbortController().signal
const bytes = new TextEncoder().encode('DSSEv1 0  0 ')
const pair = (namedCurve = 'prime256v1') => generateKeyPairSync('ec', { namedCurve })
const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()
const pkcs8 = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

function portsWith(changes: Partial<SigningPorts> = {}): SigningPorts {
  return {
    files: createFiles(),
    secrets: { read: async () => null },
    variables: {},
    resolve: (path) => path,
    lend: () => Promise.reject(new Error('no Vault here')),
    ...changes,
  }
}

async function fileWith(text: string, name = 'key.pem'): Promise<string> {
  const path = join(await temporaryFolder(), name)
  await writeFile(path, text, { mode: 0o700 })
  return path
}

/** A program that signs with the key beside it, as it is told to. */
async function program(key: KeyObject, output: string): Promise<readonly string[]> {
  const keyFile = await fileWith(pkcs8(key))
  // Signs the digest itself: with node:crypto that takes WebCrypto no further, so openssl does it.
  const script = await fileWith(
    `const { execFileSync } = require('node:child_process')
const digest = require('node:fs').readFileSync(0)
const der = execFileSync('openssl', ['pkeyutl', '-sign', '-inkey', process.argv[2]], { input: digest })
const number = (at) => Buffer.concat([Buffer.alloc(32), der.subarray(at + 2, at + 2 + der[at + 1])]).subarray(-32)
const raw = Buffer.concat([number(2), number(4 + der[3])])
${output}`,
    'sign.cjs',
  )
  return [process.execPath, script, keyFile]
}

const asDer = 'process.stdout.write(der)'
const asRaw = 'process.stdout.write(raw)'

async function commandKey(output: string, key = pair(), of = key): Promise<EvidenceKey> {
  const publicKeyFile = await fileWith(spki(of.publicKey), 'key.pub.pem')
  return { command: [...(await program(key.privateKey, output))], publicKeyFile }
}

/** A Vault that has one key, and signs with its newest version unless it is asked for another one. */
function vaultWith(
  keys: readonly { readonly privateKey: KeyObject; readonly publicKey: KeyObject }[],
  type = 'ecdsa-p256',
) {
  const asked: { readonly line: string; readonly body: unknown }[] = []
  const versions = [...keys]
  const exchange: VaultLoan['exchange'] = async (method, url, { body }) => {
    const sent: unknown = body === undefined ? null : JSON.parse(body)
    asked.push({ line: `${method} ${url.pathname}`, body: sent })
    const answer = (value: unknown) => ({
      status: 200,
      headers: {},
      body: new TextEncoder().encode(JSON.stringify({ data: value })),
    })
    if (method === 'GET') {
      const told = versions.map(({ publicKey }, at) => [at + 1, { public_key: spki(publicKey) }])
      return answer({ type, latest_version: versions.length, keys: Object.fromEntries(told) })
    }
    const { input, key_version: version } = sent as { input: string; key_version: number }
    const key = versions[version - 1]?.privateKey ?? pair().privateKey
    const raw = sign('sha256', Buffer.from(input, 'base64'), { key, dsaEncoding: 'ieee-p1363' })
    return answer({ signature: `vault:v${version}:${raw.toString('base64url')}` })
  }
  const lend: SigningPorts['lend'] = (_vault, use) =>
    use({ address: 'https://vault:8200', place: 'vault', token: 't', namespace: null, ca: null, exchange })
  return { asked, versions, lend }
}

const transitKey: EvidenceKey = { vault: 'main', transitMount: 'transit', keyName: 'evidence' }

describe('every way of signing', () => {
  packSignerSuite('a key file', async () =>
    openPackSigner({ file: await fileWith(pkcs8(pair().privateKey)) }, portsWith(), signal),
  )
  packSignerSuite('Vault', () => openPackSigner(transitKey, portsWith({ lend: vaultWith([pair()]).lend }), signal))
  packSignerSuite('a program that gives DER', async () => openPackSigner(await commandKey(asDer), portsWith(), signal))
  packSignerSuite('a program that gives r ‖ s', async () =>
    openPackSigner(await commandKey(asRaw), portsWith(), signal),
  )
})

test('a key is read from a file in both forms, a variable or a secret, and its place is told', async () => {
  const { privateKey, publicKey } = pair()
  const sec1 = privateKey.export({ type: 'sec1', format: 'pem' }).toString()
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
  const file = await fileWith(`${parameters}${sec1}`)
  const ports = portsWith({ variables: { KEY: pkcs8(privateKey) }, secrets: { read: async () => sec1 } })
  const keys: readonly EvidenceKey[] = [{ file }, { variable: 'KEY' }, { secret: 'evidence' }]
  const signers = await Promise.all(keys.map((key) => openPackSigner(key, ports, signal)))
  expect(signers.map(({ name, kind, assurance }) => [name, kind, assurance])).toEqual([
    [file, 'file', 'file'],
    ['variable KEY', 'file', 'file'],
    ['secret evidence', 'file', 'file'],
  ])
  expect(keys.map(describeKey)).toEqual(signers.map(({ name, kind }) => ({ name, kind })))
  for (const signer of signers) expect(signer.publicKey).toBe(spki(publicKey))
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const encrypted = (type: 'pkcs8' | 'sec1'): string =>
  pair().privateKey.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
test.each([
  ['of another curve', () => pkcs8(pair('secp384r1').privateKey), 'invalid', /curve secp384r1/],
  ['of RSA', () => pkcs8(rsa.privateKey), 'invalid', /type rsa/],
  ['of Ed25519', () => pkcs8(generateKeyPairSync('ed25519').privateKey), 'invalid', /type ed25519/],
  ['an encrypted PKCS#8', () => encrypted('pkcs8'), 'locked', /encrypted/],
  ['an encrypted SEC 1', () => encrypted('sec1'), 'locked', /encrypted/],
  ['a public key', () => spki(pair().publicKey), 'invalid', /public key/],
  ['a certificate', () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'invalid', /certificate/],
  ['damaged', () => pkcs8(pair().privateKey).replace(/\n[^\n]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), 'invalid', /damaged/],
  [
    'of OpenSSH',
    () => '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
    'invalid',
    /OpenSSH/,
  ],
  ['empty', () => '', 'invalid', /empty/],
  ['no PEM', () => 'hello', 'invalid', /no private key in PEM/],
])('a key that is %s is named, and nothing of it', async (_what, made, code, words) => {
  const pem = made()
  const failed = await openPackSigner({ file: await fileWith(pem) }, portsWith(), signal).catch(
    (reason: unknown) => reason,
  )
  expect(failed).toMatchObject({ code, message: expect.stringMatching(words), advice: expect.any(String) })
  const [, secret = 'no body'] = pem.split('\n')
  expect(JSON.stringify([failed, String(failed)])).not.toContain(secret)
})

test.each<[string, EvidenceKey, string]>([
  ['file', { file: '/nowhere/key.pem' }, 'not-found'],
  ['variable', { variable: 'NOT_THERE' }, 'not-found'],
  ['secret', { secret: 'not-there' }, 'not-found'],
])('a %s that is not there is named', async (_what, key, code) => {
  await expect(openPackSigner(key, portsWith(), signal)).rejects.toMatchObject({ code, advice: expect.any(String) })
})

describe('Vault', () => {
  test('signs with the version that was read, also when the key is rotated meanwhile', async () => {
    const vault = vaultWith([pair(), pair()])
    const signer = await openPackSigner(transitKey, portsWith({ lend: vault.lend }), signal)
    expect(signer).toMatchObject({ name: 'evidence (version 2) of transit in Vault main', assurance: 'vault' })
    vault.versions.push(pair())
    await signer.sign(bytes, signal)
    expect(vault.asked.map(({ line }) => line)).toEqual([
      'GET /v1/transit/keys/evidence',
      'PUT /v1/transit/sign/evidence/sha2-256',
    ])
    expect(vault.asked[1]?.body).toMatchObject({ key_version: 2, prehashed: false })
  })

  test.each(['ecdsa-p384', 'rsa-2048', 'aes256-gcm96'])('with a key of type %s is told so', async (type) => {
    const { lend } = vaultWith([pair()], type)
    await expect(openPackSigner(transitKey, portsWith({ lend }), signal)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(`"${type}"`),
      advice: expect.stringContaining('type=ecdsa-p256'),
    })
  })

  test('that signs with another key than it tells of is found out', async () => {
    const vault = vaultWith([pair()])
    const signer = await openPackSigner(transitKey, portsWith({ lend: vault.lend }), signal)
    vault.versions[0] = pair()
    await expect(signer.sign(bytes, signal)).rejects.toMatchObject({
      code: 'invalid',
      message: /no signature of its public key/,
    })
  })

  test('of a name that no key has is asked nothing', async () => {
    const key: EvidenceKey = { vault: 'main', transitMount: 'sys', keyName: 'evidence' }
    const { lend, asked } = vaultWith([pair()])
    await expect(openPackSigner(key, portsWith({ lend }), signal)).rejects.toMatchObject({ code: 'invalid' })
    expect(asked).toEqual([])
  })
})

describe('a program', () => {
  test('gets 32 bytes of SHA-256 and nothing of Everyhop’s variables', async () => {
    const seen = join(await temporaryFolder(), 'seen')
    const output = `require('node:fs').writeFileSync(${JSON.stringify(seen)}, digest.toString('hex') + ' ' + (process.env.EVERYHOP_OF_THIS_TEST ?? 'nothing'))
${asDer}`
    process.env['EVERYHOP_OF_THIS_TEST'] = 'a secret'
    const signer = await openPackSigner(await commandKey(output), portsWith(), signal)
    await signer.sign(bytes, signal)
    delete process.env['EVERYHOP_OF_THIS_TEST']
    expect(await readFile(seen, 'utf8')).toBe(`${createHash('sha256').update(bytes).digest('hex')} nothing`)
  })

  test.each<[string, string, string, RegExp]>([
    [
      'fails',
      `console.error('CKR_PIN_INCORRECT\\nsecond line'); process.exit(3)`,
      'invalid',
      /ended with 3, “CKR_PIN_INCORRECT second line”/,
    ],
    ['says nothing', '', 'invalid', /gave 0 bytes/],
    ['gives text', `process.stdout.write(der.toString('base64'))`, 'invalid', /that are no signature/],
    ['signs something else', `process.stdout.write(Buffer.alloc(64, 7))`, 'invalid', /64 bytes that are no signature/],
    [
      'writes without end',
      `const more = () => process.stdout.write(Buffer.alloc(65536), more); more()`,
      'invalid',
      /more than 65536 bytes/,
    ],
    ['is killed', `process.kill(process.pid, 'SIGKILL')`, 'invalid', /was killed/],
  ])('that %s is quoted, before anything else is made', async (_what, output, code, words) => {
    await expect(openPackSigner(await commandKey(output), portsWith(), signal)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words),
      advice: expect.any(String),
    })
  })

  test('with another public key is found out', async () => {
    const key = await commandKey(asDer, pair(), pair())
    await expect(openPackSigner(key, portsWith(), signal)).rejects.toMatchObject({
      code: 'invalid',
      advice: expect.stringContaining('public key belongs to it'),
    })
  })

  test('its public key is handed out as every program reads it, however an editor wrote it', async () => {
    const key = pair()
    const written = await fileWith(`\ufeff${spki(key.publicKey).replaceAll('\n', '\r\n')}`, 'key.pub.pem')
    const named = { command: [...(await program(key.privateKey, asDer))], publicKeyFile: written }
    expect((await openPackSigner(named, portsWith(), new AbortController().signal)).publicKey).toBe(spki(key.publicKey))
  })

  test('that is not there is named, and so is a key beside it that is no public one', async () => {
    const { privateKey, publicKey } = pair()
    const missing = { command: ['/nowhere/sign'], publicKeyFile: await fileWith(spki(publicKey)) }
    await expect(openPackSigner(missing, portsWith(), signal)).rejects.toMatchObject({ code: 'not-found' })
    const wrong = { command: ['/nowhere/sign'], publicKeyFile: await fileWith(pkcs8(privateKey)) }
    await expect(openPackSigner(wrong, portsWith(), signal)).rejects.toMatchObject({
      message: expect.stringContaining('is a private key'),
    })
  })

  test('that waits for ever is ended, by its time and by whoever stops', async () => {
    const key = pair()
    const command = await program(key.privateKey, 'setInterval(() => {}, 1000)')
    const limits = { timeoutMs: 200, outputBytes: 1000 }
    await expect(
      verifying(commandSigner(command, spki(key.publicKey), limits)).sign(bytes, signal),
    ).rejects.toMatchObject({ code: 'timed-out', advice: expect.stringContaining('PIN') })
    const stop = new AbortController()
    const signing = verifying(commandSigner(command, spki(key.publicKey))).sign(bytes, stop.signal)
    stop.abort(new Error('nobody waits'))
    await expect(signing).rejects.toThrow('nobody waits')
  })

  test('gets its words without a shell', async () => {
    const key = pair()
    const command = [
      ...(await program(key.privateKey, `if (process.argv[3] !== '$(id); "x"') process.exit(9)\n${asDer}`)),
    ]
    const publicKeyFile = await fileWith(spki(key.publicKey))
    const signer = await openPackSigner({ command: [...command, '$(id); "x"'], publicKeyFile }, portsWith(), signal)
    expect(signer).toMatchObject({ kind: 'command', assurance: 'command', name: process.execPath })
  })
})

test('a key that is named for one pack is that of environment.yaml', () => {
  expect(evidenceKeyOf({ kind: 'file', file: 'k.pem' })).toEqual({ file: 'k.pem' })
  expect(evidenceKeyOf({ kind: 'transit', vault: 'main', transitMount: 'transit', keyName: 'evidence' })).toEqual(
    transitKey,
  )
  const command = { command: ['sign'], publicKeyFile: 'k.pub' }
  expect(evidenceKeyOf({ kind: 'command', ...command })).toEqual(command)
})

test('every pair of numbers has the DER that OpenSSL reads', () => {
  const number = (of: Uint8Array): bigint => BigInt(`0x${Buffer.from(of).toString('hex')}`)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (raw) => {
      const der = rawToDer(raw)
      const first = der.subarray(4, 4 + (der[3] ?? 0))
      const second = der.subarray(4 + first.length + 2)
      expect([der[0], der[1], der[2], der[4 + first.length]]).toEqual([0x30, der.length - 2, 2, 2])
      expect(der[5 + first.length]).toBe(second.length)
      expect([number(first), number(second)]).toEqual([number(raw.subarray(0, 32)), number(raw.subarray(32))])
      for (const each of [first, second]) {
        expect((each[0] ?? 0) < 0x80).toBe(true)
        if (each.length > 1 && each[0] === 0) expect((each[1] ?? 0) >= 0x80).toBe(true)
      }
    }),
  )
})
