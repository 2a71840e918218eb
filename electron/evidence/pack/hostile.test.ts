import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { ArtefactMeta } from '../../../shared/domain/evidence/model.ts'
import { artefactOf, newKey, packRequest, sealedLines, signerOf, takeAll } from '../../../test/builders/pack-parts.ts'
import { temporaryFolder } from '../../../test/builders/temporary-folder.ts'
import { Failure } from '../../core/failure.ts'
import { recordKinds } from '../../core/log-store.ts'
import type { ArtefactWriter } from '../artefact.ts'
import { newProgress, writePack } from './write-pack.ts'

const device = newKey()
const keys = { signer: signerOf(newKey()), deviceKey: device.publicPem }
const never = new AbortController().signal
// Put together here, so that no scanner of repositories takes it for real.
const token = ['hvs', 'CAESIJ1fQ2m5J8zX3kV7pR4tY6uB9nL0'].join('.')

async function make(
  collect: (to: ArtefactWriter) => Promise<undefined>,
  more: Parameters<typeof packRequest>[1] = keys,
) {
  const work = await temporaryFolder()
  const request = packRequest([artefactOf('policy-definitions', collect)], more)
  await writePack(work, request, newProgress(request), never)
  return (path: string): Buffer => readFileSync(join(work, 'bag', path))
}

const sealed = sealedLines(device, 'vault-audit', [['{"a":1}', '{"b":2}', `{"client_token":"${token}"}`]])
const folder = 'data/artefacts/01-policy-definitions'

const ways: readonly (readonly [string, string, (to: ArtefactWriter) => Promise<undefined>])[] = [
  [
    'a sealed line',
    `${folder}/vault-audit-000001.ndjson, line 3`,
    async (to) => {
      await to.sealed('vault-audit', takeAll(sealed.lines.flat()))
      return undefined
    },
  ],
  [
    'a line of our own',
    `${folder}/activations.ndjson, line 502`,
    async (to) => {
      const fill = Array.from({ length: 501 }, (_, at) => ({ record: { at }, isException: false }))
      await to.lines('activations', [...fill, { record: { note: token }, isException: false }])
      return undefined
    },
  ],
  [
    'a row of a list',
    `${folder}/leases.csv, line 2`,
    async (to) => {
      await to.row('leases', ['lease'])
      await to.row('leases', [token])
      return undefined
    },
  ],
  [
    'a bundle, packed',
    `${folder}/bundles/r1.tar.gz, line 4`,
    async (to) => {
      await to.file('bundles/r1.tar.gz', gzipSync(`package a\n\n# token\ntoken := "${token}"\n`))
      return undefined
    },
  ],
  [
    'a bundle, far into it and over the border of two pieces',
    `${folder}/bundles/r1.tar.gz, line 1`,
    async (to) => {
      await to.file('bundles/r1.tar.gz', gzipSync(`${'x'.repeat(16_384 - 20)} ${token}`))
      return undefined
    },
  ],
  [
    'a file as it is',
    `${folder}/bundles/data.json, line 1`,
    async (to) => {
      await to.file('bundles/data.json', Buffer.from(`{"t":"${token}"}`))
      return undefined
    },
  ],
]

test.each(ways)('a secret in %s ends it, and is named by its place only', async (_, place, collect) => {
  const failed = make(collect, { ...keys, heads: sealed.heads })
  await expect(failed).rejects.toThrow(`No pack was made: a Vault token is in ${place}.`)
  const reason: unknown = await failed.catch((thrown: unknown) => thrown)
  if (!(reason instanceof Failure)) throw new Error('no failure')
  expect([reason.code, [reason.subject, reason.message, reason.advice].join(' ')]).toEqual([
    'forbidden',
    expect.not.stringContaining(token),
  ])
})

test.each([...recordKinds, 'history-events', 'journal'] as const)(
  'a secret in a line of %s ends it',
  async (stream) => {
    const { heads, lines } = sealedLines(device, stream, [['{"a":1}', `{"text":"Bearer ${token}${token}"}`]])
    const failed = make(
      async (to) => {
        await to.sealed(stream, takeAll(lines.flat()))
        return undefined
      },
      { ...keys, heads },
    )
    await expect(failed).rejects.toThrow(`${folder}/${stream}-000001.ndjson, line 2`)
  },
)

test('a secret in what was typed as purpose ends it too', async () => {
  const failed = make(async () => undefined, { ...keys, purpose: `with ${token}` })
  await expect(failed).rejects.toThrow('a Vault token is in data/index.json')
})

test('a secret that is only withheld is in no file', async () => {
  const leaves = sealed.lines.flat().map((line) => ({ line, take: 'leaf' as const, isException: false }))
  const read = await make(
    async (to) => {
      await to.sealed('vault-audit', leaves)
      return undefined
    },
    { ...keys, heads: sealed.heads },
  )
  expect(read(`${folder}/withheld-1-vault-audit.ndjson`).toString()).not.toContain('hvs.')
  expect(read(`${folder}/vault-audit-000001.ndjson`).length).toBe(0)
})

test('what OPA or intake masked is counted by field, and passes', async () => {
  const read = await make(async (to) => {
    await to.lines('one', [{ record: { authorization: '***', path: '/x?token=***' }, isException: false }])
    return undefined
  })
  const meta = JSON.parse(read(`${folder}/meta.json`).toString()) as ArtefactMeta
  expect(meta.masked).toEqual({ rules: 'mask-1', fields: { authorization: 1, path: 1 } })
})

const hostile = `<script>alert(1)</script>"'&\u202e=cmd|' /C calc'!A0 日本 \u0000`

test('hostile text is text in every report', async () => {
  const read = await make(
    async (to) => {
      await to.lines('one', [{ record: { path: hostile }, isException: true }])
      await to.row('list', ['path'])
      await to.row('list', [hostile, '=1+1'])
      return undefined
    },
    {
      ...keys,
      purpose: hostile,
      watchGaps: [{ source: hostile, from: 1, to: null, why: 'silent', detail: hostile }],
    },
  )
  const html = read('data/report.html').toString()
  expect(html).not.toMatch(/<script|<img|<link|<iframe|src=|href=|url\(|@import|https?:/i)
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(html).not.toContain('\u202e')
  expect(html).not.toContain('\u0000')
  const pdf = read('data/report.pdf').toString('latin1')
  expect(pdf.startsWith('%PDF-')).toBe(true)
  expect(pdf).not.toMatch(/\/(?:JavaScript|JS|Launch|URI|EmbeddedFile)\b/)
  expect(read(`${folder}/list.csv`).toString()).toContain(",'=1+1\n")
})

test('ten thousand exceptions are listed, the report shows some, and its pages have an end', async () => {
  const read = await make(async (to) => {
    const lines = Array.from({ length: 10_050 }, (_, at) => ({
      record: { at, text: 'x'.repeat(300) },
      isException: true,
    }))
    await to.lines('one', lines)
    return undefined
  })
  expect(read('data/exceptions.csv').toString().split('\n').length).toBe(10_002)
  expect(read('data/report.html').toString()).toContain('9,850 more exceptions in artefacts/01-policy-definitions')
  const pages =
    read('data/report.pdf')
      .toString('latin1')
      .match(/\/Type \/Page\b/g)?.length ?? 0
  expect(pages).toBeGreaterThan(2)
  expect(pages).toBeLessThanOrEqual(60)
})
