import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { buildPack, type PackEdits } from '../../test/builders/evidence-pack.ts'
import { newKeyPair, testKeys } from '../../test/builders/evidence-parts.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { regularZip } from '../../test/builders/zip.ts'
import { runCommandLine } from './main.ts'

let folder: string
let key: string

beforeEach(async () => {
  folder = await temporaryFolder()
  key = join(folder, 'organisation.pub.pem')
  await writeFile(key, testKeys().organisation.publicPem)
})

async function run(...words: readonly string[]) {
  let out = ''
  let err = ''
  const code = await runCommandLine(words, { out: (text) => (out += text), err: (text) => (err += text) })
  return { code, out, err }
}

async function pack(name: string, edits: PackEdits = {}): Promise<string> {
  const { root, files } = buildPack(edits)
  await writeFile(join(folder, name), await regularZip(root, files))
  return join(folder, name)
}

test('it ends with 0, 1 and 2, and says both verdicts first', async () => {
  const whole = await run('evidence', 'verify', await pack('whole.zip'), '--key', key)
  expect(whole).toMatchObject({ code: 0, err: '' })
  expect(whole.out).toMatch(/^EP-2026-0007 is intact and complete\.\n/)
  expect(whole.out).toMatch(/passed +Chain of heads +3 heads, 11 to 13/)

  const gaps = await run('evidence', 'verify', await pack('gaps.zip', { gaps: true }), '--key', key)
  expect(gaps.code).toBe(2)
  expect(gaps.out).toMatch(/^EP-2026-0007 is intact, with 1 gap\.\n/)
  expect(gaps.out).toContain('spire/main: nothing from 2026-11-22 00:00:00 UTC')
  expect(gaps.out).toContain('SVID issuance audit log: insufficient')

  const forged = await run('evidence', 'verify', await pack('forged.zip', { signer: newKeyPair() }), '--key', key)
  expect(forged.code).toBe(1)
  expect(forged.out).toMatch(/^This pack is not intact\. Do not rely on anything in it\.\n/)
  expect(forged.out).toMatch(/FAILED +Organisation key, from outside the pack +Not signed by the key/)
})

test('what is written wrongly is never taken for "intact, with gaps"', async () => {
  const file = await pack('whole.zip')
  for (const words of [[], [file], [file, '--kye', key], [file, file, '--key', key], [file, '--key']]) {
    const { code, err, out } = await run('evidence', 'verify', ...words)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('everyhop evidence verify <pack.zip> --key <file>')
  }
  const missing = await run('evidence', 'verify', join(folder, 'none.zip'), '--key', key)
  expect(missing.code).toBe(1)
  expect(missing.out).toContain('is not verifiable')
  const noKey = await run('evidence', 'verify', file, '--key', join(folder, 'none.pem'))
  expect(noKey.code).toBe(1)
  expect(noKey.out).toContain('cannot be read')
})

test('as JSON it is the whole result, harmless in a terminal', async () => {
  const file = await pack('lies.zip', { all: (files) => files.set('data/\u001b[31mred', Buffer.from('x')) })
  const { code, out } = await run('evidence', 'verify', file, '--key', key, '--json')
  expect(code).toBe(1)
  expect(out).not.toContain('\u001b')
  const shape = z.object({
    exitCode: z.literal(1),
    integrity: z.literal('not-intact'),
    steps: z.array(z.object({ step: z.string(), finding: z.object({ code: z.string() }) })),
  })
  expect(shape.parse(JSON.parse(out)).steps[0]).toMatchObject({ step: 'container', finding: { code: 'entry-path' } })
  const plain = await run('evidence', 'verify', file, '--key', key)
  expect(plain.out).not.toContain('\u001b')
})

test('the verifier for auditors is written once, and not over something else', async () => {
  const file = join(folder, 'verify.py')
  expect((await run('evidence', 'verifier', '--out', file)).code).toBe(0)
  const written = await readFile(file, 'utf8')
  expect(written).toMatch(/^#!\/usr\/bin\/env python3\n/)
  expect((await run('evidence', 'verifier')).out).toBe(written)
  await writeFile(file, 'mine')
  expect((await run('evidence', 'verifier', '--out', file)).code).toBe(1)
  expect(await readFile(file, 'utf8')).toBe('mine')
})
