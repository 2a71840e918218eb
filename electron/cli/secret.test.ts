import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { markOf } from '../../test/builders/program-mark.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { openSharedService } from '../service/shared-service.ts'

/** Each command is a process that reads all of Everyhop: on a busy machine that takes seconds. */
const patience = { timeout: 300_000 }
const program = join(import.meta.dirname, '..', '..', 'bin', 'everyhop.js')
const planted = 'hvs.CANARY-77aa-value'
const passphrase = 'PASSPHRASE-91c2 words'

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Given {
  readonly stdin?: string
  /** What can be read from descriptor 3. */
  readonly third?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Without a terminal, as in a script. */
function everyhop(home: string, words: readonly string[], { stdin = '', third, env = {} }: Given = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn('setsid', ['-w', process.execPath, program, ...words], {
      env: { ...process.env, EVERYHOP_HOME: home, EVERYHOP_LOG: 'info', ...env },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
    child.stdin.on('error', () => {}).end(stdin)
    const descriptor = child.stdio[3]
    if (descriptor !== null && descriptor !== undefined && 'end' in descriptor) {
      descriptor.on('error', () => {})
      descriptor.end(third === undefined ? '' : `${third}\n`)
    }
  })
}

async function everythingIn(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile())
  return (await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')))).join('\n')
}

async function start() {
  const folder = await temporaryFolder()
  const file = join(folder, 'passphrase')
  await writeFile(file, `${passphrase}\n`)
  return { home: join(folder, 'home'), env: { EVERYHOP_PASSPHRASE_FILE: file } }
}

test.runIf(process.platform === 'linux')(
  'a secret goes in by standard input and is in no file, answer or log',
  patience,
  async () => {
    const { home, env } = await start()
    const set = await everyhop(home, ['secret', 'set', 'vault.token'], { stdin: `${planted}\n`, env })
    expect(set).toMatchObject({ code: 0, out: '' })
    const list = await everyhop(home, ['secret', 'list'])
    expect(list.out).toContain('vault.token')
    expect(list.err).toContain('locked')
    const locked = await everyhop(home, ['secret', 'set', 'other'], { stdin: planted })
    expect(locked).toMatchObject({ code: 1, err: expect.stringContaining('EVERYHOP_PASSPHRASE_FILE') })
    const wrong = await everyhop(home, ['secret', 'set', 'other', '--passphrase-fd', '3'], {
      stdin: planted,
      third: 'another passphrase',
    })
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('The passphrase is wrong.') })
    const other = await everyhop(home, ['secret', 'set', 'other', '--passphrase-fd', '3'], {
      stdin: planted,
      third: passphrase,
    })
    expect(other.code).toBe(0)
    const removed = await everyhop(home, ['secret', 'remove', 'vault.token'])
    expect(removed.code).toBe(0)
    expect((await everyhop(home, ['secret', 'list', '--json'])).out).not.toContain('vault.token')
    const said = JSON.stringify([set, list, locked, wrong, other, removed]) + (await everythingIn(home))
    for (const secret of [planted, passphrase, 'another passphrase']) expect(said).not.toContain(secret)
  },
)

test.runIf(process.platform === 'linux')(
  'a value that was given as an argument is refused, and not repeated',
  patience,
  async () => {
    const { home, env } = await start()
    const refused = await everyhop(home, ['secret', 'set', 'vault.token', planted], { env })
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('never as an argument') })
    const alone = await everyhop(home, ['secret', 'set', planted], { env })
    expect(alone.code).toBe(2)
    expect(JSON.stringify([refused, alone])).not.toContain(planted)
  },
)

test.runIf(process.platform === 'linux')(
  'the Everyhop that runs keeps the secret, and can read it from then on',
  patience,
  async () => {
    const { home } = await start()
    const owner = await openSharedService({ host: 'web', home })
    onTestFinished(() => owner.stop())
    const set = await everyhop(home, ['secret', 'set', 'vault.token', '--passphrase-fd', '3'], {
      stdin: planted,
      third: passphrase,
    })
    expect(set).toMatchObject({ code: 0 })
    const client = await owner.client('test')
    expect(await client.secrets.state({})).toMatchObject({ condition: 'open', count: 1 })
    await client.secrets.lock({})
    const unlocked = await everyhop(home, ['secret', 'unlock', '--passphrase-fd', '3'], { third: passphrase })
    expect(unlocked).toMatchObject({ code: 0, err: expect.stringContaining('unlocked') })
    expect(await client.secrets.state({})).toMatchObject({ condition: 'open' })
  },
)

test.runIf(process.platform === 'linux')(
  'settings are shown and changed, and a broken file is told',
  patience,
  async () => {
    const { home } = await start()
    expect(await everyhop(home, ['settings', 'set', 'theme', 'dark'])).toMatchObject({ code: 0 })
    expect(await everyhop(home, ['settings', 'set', 'lockSecretsAfterMinutes', '15'])).toMatchObject({ code: 0 })
    const shown = await everyhop(home, ['settings', 'show', '--json'])
    expect(JSON.parse(shown.out)).toMatchObject({
      settings: { theme: 'dark', lockSecretsAfterMinutes: 15 },
      problem: null,
    })
    expect(await everyhop(home, ['settings', 'set', 'theme', 'pink'])).toMatchObject({ code: 2 })
    expect(await everyhop(home, ['settings', 'set', 'colour', 'dark'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('there are theme'),
    })
    await writeFile(join(home, 'settings.json'), '{')
    const broken = await everyhop(home, ['settings', 'show'])
    expect(broken).toMatchObject({ code: 3, err: expect.stringContaining('settings.json.broken') })
  },
)

test(
  'a program of a kubeconfig is shown in the terminal, and allowed by its mark where nobody can be asked',
  patience,
  async () => {
    const { home } = await start()
    const folder = join(home, 'environments')
    await mkdir(folder, { recursive: true })
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'aws', args: ['eks', 'get-token'] }
    const kubeconfig = {
      'current-context': 'work',
      contexts: [{ name: 'work', context: { cluster: 'eu', user: 'reader' } }],
      clusters: [{ name: 'eu', cluster: { server: 'https://127.0.0.1:9' } }],
      users: [{ name: 'reader', user: { exec } }],
    }
    await writeFile(join(folder, 'kubeconfig'), JSON.stringify(kubeconfig))
    const kubernetes = [{ id: 'cluster', kubeconfig: 'kubeconfig', allowExec: true }]
    const environment = { apiVersion: 'everyhop.dev/v1', kind: 'Environment', name: 'some', sources: { kubernetes } }
    await writeFile(join(folder, 'some.yaml'), JSON.stringify(environment))
    const mark = markOf(exec, join(folder, 'kubeconfig'))
    const shown = await everyhop(home, ['env', 'allow', 'some'])
    expect([shown.code, shown.err]).toEqual([3, expect.stringContaining('Not allowed: 1. Nothing ran.')])
    expect(shown.out).toContain('aws eks get-token')
    expect(shown.out).toContain(mark)
    expect(await readFile(join(folder, 'some.yaml'), 'utf8')).not.toContain(mark)
    expect(await everyhop(home, ['env', 'allow', 'some', '--program', mark])).toMatchObject({ code: 0 })
    expect(await readFile(join(folder, 'some.yaml'), 'utf8')).toContain(mark)
  },
)
