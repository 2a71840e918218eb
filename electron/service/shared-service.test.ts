import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ORPCError } from '@orpc/client'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { packageVersion } from './compose.ts'
import { defaultDataFolder } from './data-folder.ts'
import { localAddress } from './local-address.ts'
import { connectLocal } from './local-socket.ts'
import { findOwner } from './owner.ts'
import { openSharedService, type SharedService } from './shared-service.ts'

/** Processes that each read all of Everyhop: on a busy machine that takes a while. */
const patience = { timeout: 240_000 }
const program = join(import.meta.dirname, '..', '..', 'test', 'builders', 'shared-service.test-process.ts')

interface Running {
  readonly child: ChildProcess
  /** What it says next. */
  next(): Promise<string>
  send(line: string): void
  kill(): Promise<void>
}

function run(home: string): Running {
  const child = spawn(process.execPath, [program, home], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const running: Running = {
    child,
    async next() {
      const { value, done } = await lines.next()
      return done ? 'ended' : value
    },
    send: (line) => child.stdin.write(`${line}\n`),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
  onTestFinished(() => running.kill())
  return running
}

async function open(home: string): Promise<SharedService> {
  const service = await openSharedService({ host: 'cli', home })
  onTestFinished(() => service.stop())
  return service
}

async function settingOf(home: string): Promise<unknown> {
  return JSON.parse(await readFile(join(home, 'settings.json'), 'utf8')).defaultEnvironment
}

test(
  'of several processes that start at the same moment exactly one is the owner, and all answer',
  patience,
  async () => {
    const home = await temporaryFolder()
    const processes = [1, 2, 3, 4].map(() => run(home))
    const said = await Promise.all(processes.map((each) => each.next()))
    expect(said.toSorted()).toEqual(['owner', 'second', 'second', 'second'])
    for (const [at, each] of processes.entries()) {
      each.send(`env-${at}`)
      expect(await each.next()).toBe(said[at])
      expect(await settingOf(home)).toBe(`env-${at}`)
    }
  },
)

test('when the owner is killed another process takes its place, and only one', patience, async () => {
  const home = await temporaryFolder()
  const first = run(home)
  expect(await first.next()).toBe('owner')
  const others = [run(home), run(home)]
  expect(await Promise.all(others.map((each) => each.next()))).toEqual(['second', 'second'])
  await first.kill()
  for (const each of others) each.send('after')
  expect((await Promise.all(others.map((each) => each.next()))).toSorted()).toEqual(['owner', 'second'])
})

test(
  'a window of the second process hears that the owner ended, and is answered when it asks again',
  patience,
  async () => {
    const home = await temporaryFolder()
    await mkdir(join(home, 'environments'))
    const text = 'apiVersion: everyhop.dev/v1\nkind: Environment\nname: quiet\nsources: {}\n'
    await writeFile(join(home, 'environments', 'quiet.yaml'), text)
    const owner = run(home)
    expect(await owner.next()).toBe('owner')
    const second = await open(home)
    expect(second.composed()).toBe(null)
    const window = await second.client('window')
    expect(await window.environments.list({})).toMatchObject([{ name: 'quiet' }])
    const topics = await window.live.topics({ environment: 'quiet' })
    expect((await topics.next()).done).toBe(false)
    await owner.kill()
    const drained = (async () => {
      for await (const _event of topics) continue
    })()
    await expect(drained).rejects.toBeInstanceOf(Error)
    expect(await (await second.client('window')).environments.list({})).toMatchObject([{ name: 'quiet' }])
    expect(second.composed()).not.toBe(null)
  },
)

test('a failure of the owner arrives as the failure that it is', async () => {
  const home = await temporaryFolder()
  const owner = await open(home)
  const second = await open(home)
  expect([owner.composed() === null, second.composed() === null]).toEqual([false, true])
  const client = await second.client('window')
  const failure: unknown = await client.graph.view({ environment: 'nowhere' }).catch((reason: unknown) => reason)
  expect(failure).toBeInstanceOf(ORPCError)
  expect(failure).toMatchObject({ code: 'not-found', defined: true, data: { subject: 'nowhere' } })
  await expect(client.secrets.unlock({ passphrase: 'x' })).rejects.toMatchObject({ code: 'conflict' })
})

test('what a stopped or killed owner left behind is replaced', patience, async () => {
  const home = await temporaryFolder()
  const folder = defaultDataFolder(home)
  const killed = run(home)
  expect(await killed.next()).toBe('owner')
  expect((await stat(localAddress(folder))).isSocket()).toBe(true)
  await killed.kill()
  expect((await stat(localAddress(folder))).isSocket()).toBe(true)
  expect(await findOwner(folder, packageVersion())).toBe(null)
  const next = await open(home)
  expect(next.composed()).not.toBe(null)
  const found = await findOwner(folder, packageVersion())
  expect(found?.owner).toEqual({ pid: process.pid, host: 'cli' })
  expect(await found?.client.system.info({})).toMatchObject({ home })
  found?.close()
})

test('socket and card are for this user only', async () => {
  const home = await temporaryFolder()
  await open(home)
  const folder = defaultDataFolder(home)
  const modes = [localAddress(folder), join(folder, 'owner.json'), folder].map(async (path) => (await stat(path)).mode)
  expect((await Promise.all(modes)).map((mode) => mode & 0o777)).toEqual([0o600, 0o600, 0o700])
})

test('another version is refused in words, and who does not know the token is not answered', async () => {
  const home = await temporaryFolder()
  await open(home)
  const folder = defaultDataFolder(home)
  await expect(connectLocal(folder, '99.0.0')).rejects.toMatchObject({ code: 'unsupported-version' })
  const card = JSON.parse(await readFile(join(folder, 'owner.json'), 'utf8'))
  await writeFile(join(folder, 'owner.json'), JSON.stringify({ ...card, token: 'x'.repeat(64) }))
  await expect(connectLocal(folder, packageVersion())).rejects.toMatchObject({ code: 'unreachable' })
})

test('a socket that somebody else serves there is not believed', async () => {
  const home = await temporaryFolder()
  const folder = defaultDataFolder(home)
  await mkdir(folder, { recursive: true })
  const address = join(folder, 'other.sock')
  const other = createServer((socket) => socket.end(Buffer.from([0, 0, 0, 2, 0x7b, 0x7d])))
  await new Promise<void>((resolve) => other.listen(address, resolve))
  onTestFinished(() => void other.close())
  const card = { address, token: 'x'.repeat(64), pid: 1, version: packageVersion(), host: 'web' }
  await writeFile(join(folder, 'owner.json'), JSON.stringify(card))
  await expect(connectLocal(folder, packageVersion())).rejects.toMatchObject({ code: 'unreachable' })
})

test('a folder whose path is too long for a socket has it near', () => {
  const folder = `/${'long/'.repeat(40)}data`
  expect(Buffer.byteLength(localAddress(folder))).toBeLessThan(104)
  expect(localAddress(folder)).toBe(localAddress(`${folder}/`))
  expect(localAddress(folder)).not.toBe(localAddress(`${folder}2`))
  expect(localAddress('anything', 'win32')).toMatch(/^\\\\\.\\pipe\\everyhop-[0-9a-f]{24}$/)
})
