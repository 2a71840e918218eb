import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { kubernetesAuditEvent } from '../../test/builders/log-records.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { runCommandLine } from './main.ts'

const patience = { timeout: 120_000 }

async function start() {
  const folder = await temporaryFolder()
  const home = join(folder, 'home')
  await mkdir(join(home, 'environments'), { recursive: true })
  const yaml = 'apiVersion: everyhop.dev/v1\nkind: Environment\nname: lab\nsources: {}\n'
  await writeFile(join(home, 'environments', 'lab.yaml'), yaml)
  vi.stubEnv('EVERYHOP_HOME', home)
  onTestFinished(() => void vi.unstubAllEnvs())
  return {
    folder,
    async everyhop(...words: readonly string[]) {
      let out = ''
      let err = ''
      const code = await runCommandLine(words, { out: (text) => void (out += text), err: (text) => void (err += text) })
      return { code, out, err }
    },
  }
}

test(
  'a file of old audit lines is taken, what is refused is counted, and each line is found without an id',
  patience,
  async () => {
    const { folder, everyhop } = await start()
    const file = join(folder, 'kube audit.ndjson')
    const recent = { stageTimestamp: new Date().toISOString() }
    const lines = [1, 2].map((number) => JSON.stringify({ ...kubernetesAuditEvent(number), ...recent }))
    await writeFile(file, [...lines, '{"kind":"Event","password":"hunter2"}'].join('\n'))
    const kind = ['--record', 'kubernetes-audit', '--env', 'lab']
    const imported = await everyhop('logs', 'import', file, ...kind)
    expect(imported).toMatchObject({
      code: 3,
      out: '2 taken, 0 held already, 1 refused, 0 of another kind, as kube-audit.ndjson\n',
    })
    expect(imported.err).toContain('the last that was refused')
    expect(imported.err).not.toContain('hunter2')
    expect((await everyhop('logs', 'import', file, ...kind)).out).toContain('0 taken, 2 held already')

    const data = ['--data', join(folder, 'home', 'data'), '--wait', '0']
    const found = await everyhop('logs', 'find', ...kind, '--text', 'CONSOLE-viewer', ...data)
    expect(found.out.match(/kubernetes-audit of kube-audit.ndjson .*console-viewer/g)).toHaveLength(2)
    expect(found.err).toContain('kube-audit.ndjson: 2 of 4 records were refused')
    const none = await everyhop('logs', 'find', ...kind, '--text', 'somebody else', ...data)
    expect(none).toMatchObject({ code: 1, out: '' })
  },
)

test('a file that cannot be read, and a kind that does not exist, are told in words', patience, async () => {
  const { folder, everyhop } = await start()
  const missing = await everyhop('logs', 'import', join(folder, 'none'), '--record', 'opa-decisions', '--env', 'lab')
  expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('ENOENT') })
  const unknown = await everyhop('logs', 'import', 'x', '--record', 'decisions', '--env', 'lab')
  expect(unknown.err).toContain('--record takes one of opa-decisions')
})
