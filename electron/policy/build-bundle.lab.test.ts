import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { packTar, unpackTar } from 'modern-tar'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureBinaries } from '../../test/lab/provision/binaries.ts'
import { type OpaCommand, opaCommand } from '../tools/opa-command.ts'
import { buildBundle, localSigner, type Signing, signBundle } from './build-bundle.ts'
import { verifyBundle } from './verify-bundle.ts'

let opa: OpaCommand
let folder: string

beforeAll(async () => {
  const { 'opa-envoy': found } = await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) })
  opa = opaCommand(found.path, found.version)
  folder = await mkdtemp(join(tmpdir(), 'everyhop-bundle-'))
  await mkdir(join(folder, 'pipeline'))
  await writeFile(join(folder, '.manifest'), '{"roots":["pipeline","callers"]}')
  await writeFile(
    join(folder, 'pipeline', 'authz.rego'),
    'package pipeline.authz\n\nallow if input.caller in data.callers\n',
  )
  await writeFile(join(folder, 'pipeline', 'authz_test.rego'), 'package pipeline.authz_test\n\ntest_x if true\n')
  await writeFile(join(folder, 'data.json'), '{"callers": ["b", "a"], "x": 1.50}'.replace(', "x": 1.50', ''))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function keys(kind: 'ec' | 'rsa') {
  const pair =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    secret: String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    pem: String(pair.publicKey.export({ type: 'spki', format: 'pem' })),
  }
}

const request = (isSigned: boolean) => ({ folder, roots: ['pipeline', 'callers'], revision: 'r43', isSigned })

async function signed(algorithm: 'ES256' | 'RS256', secret: string) {
  const signing: Signing = {
    algorithm,
    keyId: 'labkey',
    keyName: 'labkey',
    asksElsewhere: false,
    sign: localSigner(secret, algorithm),
  }
  return signBundle(await buildBundle(opa, request(true)), signing)
}

test.each([
  ['ES256', 'ec'],
  ['RS256', 'rsa'],
] as const)('a bundle signed with %s is valid for OPA with its own key, and with no other', async (algorithm, kind) => {
  const own = keys(kind)
  const other = keys(kind)
  const { bytes, archive } = await signed(algorithm, own.secret)
  expect(archive).toMatchObject({ revision: 'r43', problems: [] })
  expect([...archive.files.keys()].toSorted()).toEqual(['data.json', 'pipeline/authz.rego'])
  expect(await verifyBundle(opa, bytes, { pem: own.pem, keyId: 'labkey' })).toEqual({ state: 'valid', keyId: 'labkey' })
  expect(await verifyBundle(opa, bytes, { pem: other.pem, keyId: 'labkey' })).toMatchObject({ state: 'invalid' })
  expect(await verifyBundle(opa, bytes, null)).toMatchObject({ state: 'unknown' })
})

test('the same files give the same bytes apart from the signature, and no signature where none is wanted', async () => {
  const [one, other] = await Promise.all([buildBundle(opa, request(false)), buildBundle(opa, request(false))])
  expect(one.archive.files).toEqual(other.archive.files)
  expect(await verifyBundle(opa, one.bytes, null)).toEqual({ state: 'missing' })
})

test('the whole manifest is kept, signed and unsigned: metadata, and the version of Rego that its files are in', async () => {
  const manifest = join(folder, '.manifest')
  const before = await readFile(manifest, 'utf8')
  const own = keys('ec')
  const kept = { metadata: { team: 'payments' }, file_rego_versions: { '/pipeline/old.rego': 0 } }
  try {
    await writeFile(manifest, JSON.stringify({ roots: ['pipeline', 'callers'], ...kept }))
    await writeFile(join(folder, 'pipeline', 'old.rego'), 'package pipeline.old\n\nallow { input.x }\n')
    const { archive } = await buildBundle(opa, request(false))
    expect(archive.manifest).toMatchObject(kept)
    expect((await signed('ES256', own.secret)).archive.manifest).toEqual(archive.manifest)
  } finally {
    await rm(join(folder, 'pipeline', 'old.rego'))
    await writeFile(manifest, before)
  }
})

test('a file that was changed after signing makes the signature invalid', async () => {
  const own = keys('ec')
  const { bytes } = await signed('ES256', own.secret)
  const entries = await unpackTar(gunzipSync(bytes))
  const changed = entries.map(({ header, data }) => {
    const body = header.name.endsWith('data.json')
      ? new TextEncoder().encode('{"callers":["evil"]}')
      : (data ?? new Uint8Array())
    return { header: { name: header.name, size: body.length }, body }
  })
  expect(await verifyBundle(opa, gzipSync(await packTar(changed)), { pem: own.pem, keyId: 'labkey' })).toMatchObject({
    state: 'invalid',
  })
})

test('a key that is none is refused without quoting it, and a policy that does not compile in OPA’s words', async () => {
  expect(() => localSigner('planted-secret', 'ES256')).toThrow(/^the signing key is no private key in PEM$/)
  await writeFile(join(folder, 'pipeline', 'bad.rego'), 'package pipeline.bad\n\nallow := nosuch(1)\n')
  try {
    await expect(buildBundle(opa, request(true))).rejects.toThrow(/undefined function nosuch/)
  } finally {
    await rm(join(folder, 'pipeline', 'bad.rego'))
  }
})
