import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { systemClock } from '../platform/clock.ts'
import { createFiles } from '../platform/files.ts'
import { environmentWriter } from '../service/environment-writer.ts'
import { environmentFolder } from '../service/home.ts'
import { type FilePorts, readEditable, removeEnvironment, saveEnvironment } from './environment-files.ts'
import { watchEnvironments } from './environments.ts'

let home: string
let ended: AbortController
let ports: FilePorts

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'everyhop-files-'))
  ended = new AbortController()
  const files = createFiles({ pollMs: 50 })
  const log = { info() {}, warn() {}, error() {} }
  const registry = watchEnvironments({ files, clock: systemClock, log, folder: environmentFolder(home) }, ended.signal)
  await registry.ready()
  ports = { registry, files, writer: environmentWriter(home, join(home, 'no-schema.json')) }
})
afterEach(async () => {
  ended.abort()
  await rm(home, { recursive: true })
})

function draftOf(name: string, more: Record<string, unknown> = {}) {
  return environmentSchema.parse({
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name,
    sources: { kubernetes: [{ id: 'cluster', context: 'prod' }] },
    ...more,
  })
}
const pathOf = (name: string): string => join(home, 'environments', name)

test('a new environment is a file for its owner alone, with what was chosen and nothing else', async () => {
  const saved = await saveEnvironment({ draft: draftOf('prod', { production: true }), edits: null }, ports)
  expect(saved).toEqual({ environment: 'prod', file: pathOf('prod.yaml') })
  const text = await readFile(saved.file, 'utf8')
  expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/environment\.schema\.json\n/)
  expect(text).toContain('production: true')
  expect(text).not.toContain('requestBudget')
  expect((await stat(saved.file)).mode & 0o777).toBe(0o600)
  expect(ports.registry.get('prod').environment.sources.kubernetes).toHaveLength(1)
  expect(await readdir(join(home, 'environments'))).toEqual(['prod.yaml'])
})

test('a name that is taken is a conflict, and the file that has it stays', async () => {
  const { file } = await saveEnvironment({ draft: draftOf('prod'), edits: null }, ports)
  const before = await readFile(file, 'utf8')
  await expect(saveEnvironment({ draft: draftOf('prod'), edits: null }, ports)).rejects.toMatchObject({
    code: 'conflict',
  })
  await writeFile(pathOf('other.yaml'), 'nonsense')
  await expect(saveEnvironment({ draft: draftOf('other'), edits: null }, ports)).rejects.toMatchObject({
    code: 'conflict',
  })
  expect(await readFile(file, 'utf8')).toBe(before)
  expect(await readFile(pathOf('other.yaml'), 'utf8')).toBe('nonsense')
})

test('an edit keeps the comments of what it does not change', async () => {
  const { file } = await saveEnvironment({ draft: draftOf('prod'), edits: null }, ports)
  await writeFile(file, `# ours\n${await readFile(file, 'utf8')}requestBudget: 3 # agreed with ops\n`)
  const { draft, version } = await readEditable('prod', ports)
  const changed = environmentSchema.parse({
    ...draft,
    production: true,
    sources: { ...draft.sources, opa: [{ id: 'o', api: 'http://h:8181' }] },
  })
  await saveEnvironment({ draft: changed, edits: { environment: 'prod', version } }, ports)
  const text = await readFile(file, 'utf8')
  expect(text).toContain('# ours\n')
  expect(text).toContain('requestBudget: 3 # agreed with ops')
  expect(ports.registry.get('prod').environment).toMatchObject({
    production: true,
    requestBudget: 3,
    sources: { opa: [{ id: 'o' }] },
  })
})

test('a file that somebody changed or broke meanwhile is not overwritten', async () => {
  const { file } = await saveEnvironment({ draft: draftOf('prod'), edits: null }, ports)
  const { version } = await readEditable('prod', ports)
  const edits = { environment: 'prod', version }
  const theirs = `${await readFile(file, 'utf8')}windowSeconds: 30\n`
  await writeFile(file, theirs)
  await expect(saveEnvironment({ draft: draftOf('prod'), edits }, ports)).rejects.toMatchObject({ code: 'conflict' })
  await writeFile(file, `${theirs}nonsense: [\n`)
  await expect(saveEnvironment({ draft: draftOf('prod'), edits }, ports)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(/prod\.yaml:\d+:\d+/),
  })
  await expect(readEditable('prod', ports)).rejects.toMatchObject({ code: 'invalid' })
  expect(await readFile(file, 'utf8')).toBe(`${theirs}nonsense: [\n`)
})

test('removing moves aside, also what is broken, and never over what was moved before', async () => {
  for (const _ of [1, 2]) {
    await saveEnvironment({ draft: draftOf('prod'), edits: null }, ports)
    await removeEnvironment('prod', ports)
  }
  await writeFile(pathOf('bad.yaml'), 'nonsense')
  await removeEnvironment('bad', ports)
  expect((await readdir(join(home, 'environments'))).toSorted()).toEqual([
    'bad.yaml.removed',
    'prod.yaml.removed',
    'prod.yaml.removed-2',
  ])
  expect(ports.registry.summaries()).toEqual([])
})

test('a draft that contradicts itself is refused before anything is written', async () => {
  const twice = [
    { id: 'o', api: 'http://h:1' },
    { id: 'o', api: 'http://h:2' },
  ]
  const draft = draftOf('x', { sources: { opa: twice } })
  await expect(saveEnvironment({ draft, edits: null }, ports)).rejects.toMatchObject({ code: 'invalid' })
  expect(ports.registry.summaries()).toEqual([])
})

test.runIf(process.getuid?.() !== 0)('a folder that may not be written to is said in words', async () => {
  await saveEnvironment({ draft: draftOf('prod'), edits: null }, ports)
  await chmod(join(home, 'environments'), 0o500)
  await expect(saveEnvironment({ draft: draftOf('two'), edits: null }, ports)).rejects.toMatchObject({
    code: 'forbidden',
  })
  await chmod(join(home, 'environments'), 0o700)
})
