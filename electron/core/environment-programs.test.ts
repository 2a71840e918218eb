import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { markOf } from '../../test/builders/program-mark.ts'
import { systemClock } from '../platform/clock.ts'
import { createFiles } from '../platform/files.ts'
import { environmentWriter } from '../service/environment-writer.ts'
import { environmentFolder } from '../service/home.ts'
import type { FilePorts } from './environment-files.ts'
import { allowProgram, programQuestions } from './environment-programs.ts'
import { watchEnvironments } from './environments.ts'

let home: string
let ended: AbortController
let ports: FilePorts

const machine = {
  files: [],
  podServer: null,
  absolute: (path: string, from = '.') => resolve(from, path),
  digest: (text: string) => createHash('sha256').update(text).digest('hex'),
}
const exec = {
  apiVersion: 'client.authentication.k8s.io/v1',
  command: './bin/fetch',
  args: ['--all'],
  env: [{ name: 'KEY', value: 'sekrit-8f3a' }],
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'everyhop-programs-'))
  await mkdir(join(home, 'environments'))
  ended = new AbortController()
  const files = createFiles({ pollMs: 50 })
  const log = { info() {}, warn() {}, error() {} }
  const registry = watchEnvironments({ files, clock: systemClock, log, folder: environmentFolder(home) }, ended.signal)
  ports = { registry, files, writer: environmentWriter(home, join(home, 'no-schema.json')) }
})
afterEach(async () => {
  ended.abort()
  await rm(home, { recursive: true })
})

const kubeconfig = () => join(home, 'environments', 'kube.yaml.config')
const file = () => join(home, 'environments', 'prod.yaml')

async function place(program: object, allowExec?: string | boolean): Promise<void> {
  await writeFile(
    kubeconfig(),
    JSON.stringify({
      'current-context': 'prod',
      contexts: [{ name: 'prod', context: { cluster: 'eu', user: 'reader' } }],
      clusters: [{ name: 'eu', cluster: { server: 'https://eu.example' } }],
      users: [{ name: 'reader', user: { exec: program } }],
    }),
  )
  const allow = allowExec === undefined ? '' : `\n      allowExec: ${String(allowExec)}`
  await writeFile(
    file(),
    `# mine\napiVersion: everyhop.dev/v1\nkind: Environment\nname: prod\nsources:\n  kubernetes:\n    - id: cluster # by hand\n      kubeconfig: kube.yaml.config${allow}\n`,
  )
  await ports.registry.refresh()
}

const questions = async () => {
  await ports.registry.refresh()
  return programQuestions(ports.registry.get('prod'), machine, ports.files)
}

test.each([
  ['never', undefined],
  ['never', false],
  ['unmarked', true],
  ['changed', `sha256:${'0'.repeat(64)}`],
] as const)(
  'a program is asked for (%s), exactly and without values, unless it is what was allowed',
  async (why, allowExec) => {
    await place(exec, allowExec)
    const mark = markOf(exec, kubeconfig())
    const asked = await questions()
    expect(asked).toEqual([
      {
        source: 'cluster',
        context: 'prod',
        user: 'reader',
        file: kubeconfig(),
        program: { command: './bin/fetch', arguments: ['--all'], variables: ['KEY'], mark },
        why,
      },
    ])
    expect(JSON.stringify(asked)).not.toContain('sekrit')
    expect(await allowProgram({ environment: 'prod', source: 'cluster', mark }, machine, ports)).toEqual([])
    expect(await questions()).toEqual([])
    const text = await readFile(file(), 'utf8')
    expect(text).toContain(`allowExec: ${mark}`)
    expect(text).toContain('# mine')
    expect(text).not.toContain('sekrit')
  },
)

test('after the kubeconfig changed it is asked for again, and what was shown before is no longer allowed', async () => {
  await place(exec)
  const [before] = await questions()
  const mark = before?.program.mark ?? ''
  await allowProgram({ environment: 'prod', source: 'cluster', mark }, machine, ports)
  await place({ ...exec, args: ['--other'] }, mark)
  expect(await questions()).toMatchObject([{ why: 'changed', program: { arguments: ['--other'] } }])
  await expect(allowProgram({ environment: 'prod', source: 'cluster', mark }, machine, ports)).rejects.toMatchObject({
    code: 'conflict',
  })
  expect(await questions()).toHaveLength(1)
})
