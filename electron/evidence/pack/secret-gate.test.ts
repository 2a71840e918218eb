import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { tarArchive } from '../../../test/builders/tar-archive.ts'
import { refuseSecretsIn } from './secret-gate.ts'

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const proof = Buffer.alloc(256, 7).toString('base64url')
/** As `opa build --signing-key` writes it. */
const signature = [
  part({ alg: 'RS256' }),
  part({ files: [{ name: 'policy.rego', hash: 'ab12', algorithm: 'SHA-256' }], keyid: 'k' }),
  proof,
].join('.')
const token = [
  part({ alg: 'RS256', typ: 'JWT' }),
  part({ sub: 'ann', aud: 'gateway', exp: 1_800_000_000 }),
  proof,
].join('.')
const signed = JSON.stringify({ signatures: [signature] })
const policy = 'package pipeline.authz\n'

test('a signed bundle goes in: what OPA signed with opens nothing', async () => {
  const bundle = tarArchive({ '/policy.rego': policy, '/.signatures.json': signed })
  await expect(refuseSecretsIn(bundle, 'bundles/a.tar.gz')).resolves.toBeUndefined()
})

test.each([
  ['in a policy, beside a signature', { '/policy.rego': `${policy}# ${token}\n`, '/.signatures.json': signed }],
  ['in the data', { '/data.json': JSON.stringify({ token }) }],
  ['where the signature should be', { '/.signatures.json': JSON.stringify({ signatures: [token] }) }],
  ['beside the signature', { '/.signatures.json': JSON.stringify({ signatures: [signature, token] }) }],
  ['in a file that is only called alike', { '/other/.signatures.json': signed }],
])('a token %s is refused', async (_, files) => {
  await expect(refuseSecretsIn(tarArchive(files), 'bundles/a.tar.gz')).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.not.stringContaining(proof),
  })
})

test('of two signatures nobody knows which holds: they are looked through as anything else', async () => {
  const bundle = tarArchive({ '/.signatures.json': signed, './.signatures.json': signed })
  await expect(refuseSecretsIn(bundle, 'bundles/a.tar.gz')).rejects.toMatchObject({ code: 'forbidden' })
})

test('what is no archive is looked through as it is, packed or not', async () => {
  await expect(refuseSecretsIn(Buffer.from(`x ${token}`), 'bundles/a')).rejects.toMatchObject({ code: 'forbidden' })
  await expect(refuseSecretsIn(gzipSync(`x ${token}`), 'bundles/a')).rejects.toMatchObject({ code: 'forbidden' })
  await expect(refuseSecretsIn(gzipSync('nothing to hide'), 'bundles/a')).resolves.toBeUndefined()
})
