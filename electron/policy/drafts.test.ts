import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { createDrafts, type Drafts, type StoredDraft } from './drafts.ts'

const quiet = { info: () => {}, warn: () => {}, error: () => {} }
let folder: string
let drafts: Drafts
let draft: StoredDraft

const opened = () => createDrafts(folder, { clock: createManualClock(5_000), log: quiet })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-drafts-'))
  drafts = opened()
  draft = await drafts.start({
    environment: 'dev',
    bundle: 'authz',
    basedOn: { revision: 'r42', digest: 'a'.repeat(64) },
    revision: 'r43',
    roots: [''],
    manifest: {},
    leftOut: [],
    files: new Map([
      ['pipeline/authz.rego', new TextEncoder().encode('package pipeline.authz\n')],
      ['data.json', new TextEncoder().encode('{}')],
      ['logo.png', new Uint8Array([0xff, 0xfe, 0])],
    ]),
  })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a draft begins as the revision it is based on, and another process finds it as it was left', async () => {
  expect(draft).toMatchObject({ bundle: 'authz', revision: 'r43', changed: [] })
  const { version } = await drafts.read(draft.id, 'pipeline/authz.rego')
  await drafts.write(draft.id, 'pipeline/authz.rego', 'package pipeline.authz\n\nallow := true\n', version)
  await drafts.write(draft.id, 'pipeline/new.rego', 'package pipeline.new\n', null)
  await drafts.removeFile(draft.id, 'data.json')
  const [found] = await opened().list('dev')
  expect(found?.changed).toEqual(['data.json', 'pipeline/authz.rego', 'pipeline/new.rego'])
  expect(await opened().list('prod')).toEqual([])
  expect((await opened().read(draft.id, 'pipeline/authz.rego')).text).toContain('allow := true')
})

test('two editors: the second to write is told, and nothing of the first is lost', async () => {
  const left = await drafts.read(draft.id, 'data.json')
  const right = await drafts.read(draft.id, 'data.json')
  await drafts.write(draft.id, 'data.json', '{"left":1}', left.version)
  await expect(drafts.write(draft.id, 'data.json', '{"right":1}', right.version)).rejects.toMatchObject({
    code: 'conflict',
  })
  await expect(drafts.write(draft.id, 'data.json', '{}', null)).rejects.toMatchObject({ code: 'conflict' })
  expect((await drafts.read(draft.id, 'data.json')).text).toBe('{"left":1}')
})

test('a change from outside is noticed before it is overwritten', async () => {
  const { version } = await drafts.read(draft.id, 'data.json')
  await writeFile(join((await drafts.folderOf(draft.id)).folder, 'data.json'), '{"outside":1}')
  await expect(drafts.write(draft.id, 'data.json', '{}', version)).rejects.toMatchObject({ code: 'conflict' })
  const now = await drafts.read(draft.id, 'data.json')
  expect(now.text).toBe('{"outside":1}')
  expect((await drafts.write(draft.id, 'data.json', '{"both":1}', now.version)).version).toBeGreaterThan(now.version)
})

test('paths and links that lead out of the draft are refused', async () => {
  for (const path of ['../draft.json', '/etc/passwd', 'a/../../x', '', 'a\\b']) {
    await expect(drafts.write(draft.id, path, 'x', null)).rejects.toMatchObject({ code: 'invalid' })
  }
  const { folder: files } = await drafts.folderOf(draft.id)
  await symlink(tmpdir(), join(files, 'out'))
  await expect(drafts.write(draft.id, 'out/planted.rego', 'x', null)).rejects.toMatchObject({ code: 'invalid' })
  await expect(drafts.get('../x')).rejects.toMatchObject({ code: 'not-found' })
})

test('what is no text stays as it is, and is not opened', async () => {
  await expect(drafts.read(draft.id, 'logo.png')).rejects.toMatchObject({ code: 'invalid' })
  expect(draft.files.map(({ path }) => path)).toContain('logo.png')
})

test('a damaged draft is said, hides no other, and keeps its files', async () => {
  await writeFile(join(folder, draft.id, 'draft.json'), '{"id":')
  await expect(drafts.get(draft.id)).rejects.toMatchObject({ code: 'invalid' })
  expect(await drafts.list('dev')).toEqual([])
  expect(await readFile(join(folder, draft.id, 'files', 'data.json'), 'utf8')).toBe('{}')
})

test('a discarded draft leaves nothing', async () => {
  await drafts.discard(draft.id)
  expect(await readdir(folder)).toEqual([])
})

test('a large file is not opened, and a change in it by another program is noticed, also of the same length', async () => {
  const file = join((await drafts.folderOf(draft.id)).folder, 'data.json')
  const large = (letter: string) => JSON.stringify(letter.repeat(9 * 1024 ** 2))
  const other = await start('data.json', large('a'))
  expect(other.changed).toEqual([])
  const place = join((await drafts.folderOf(other.id)).folder, 'data.json')
  await writeFile(place, large('b'))
  expect((await drafts.get(other.id)).changed).toEqual(['data.json'])
  await writeFile(place, large('a'))
  expect((await drafts.get(other.id)).changed).toEqual([])
  await expect(drafts.read(other.id, 'data.json')).rejects.toThrow('data.json has 10 MB: the editor takes 8 MB.')
  expect(await readFile(file, 'utf8')).toBe('{}')
})

function start(path: string, text: string): Promise<StoredDraft> {
  return drafts.start({
    environment: 'dev',
    bundle: 'authz',
    basedOn: { revision: 'r42', digest: null },
    revision: 'r43',
    roots: [''],
    manifest: {},
    leftOut: [],
    files: new Map([[path, new TextEncoder().encode(text)]]),
  })
}
