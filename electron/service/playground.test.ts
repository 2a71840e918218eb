import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { faults } from '../../shared/faults/index.ts'
import { type FakePlaygrounds, fakePlaygrounds } from '../../test/builders/fake-playground.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { placelessShell } from '../platform/shell.ts'
import { openPrivateFolder } from '../playground/private-folder.ts'
import { type Composed, composeService } from './compose.ts'
import { connectInProcess, type ServiceClient } from './in-process.ts'
import { createPlaygroundService } from './playground.ts'

let home: string
let fakes: FakePlaygrounds
const before = { ...process.env }
const opened: (() => Promise<void>)[] = []

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'eh-playground-home-'))
  await mkdir(join(home, 'environments'))
  fakes = fakePlaygrounds()
  // No opa of this machine is to be found.
  Object.assign(process.env, { EVERYHOP_OPA: '', EVERYHOP_CACHE: join(home, 'cache'), PATH: join(home, 'bin') })
})
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
  await rm(home, { recursive: true })
})

function open(byItself = false): { client: ServiceClient; service: Composed } {
  const service = composeService('cli', home, null, placelessShell('terminal'), {
    byItself,
    start: (options) => fakes.start(options),
  })
  const { client, close } = connectInProcess(service.router, service.log)
  opened.push(async () => {
    close()
    await service.stop()
  })
  return { client, service }
}

const named = (client: ServiceClient) => async () => (await client.environments.list({})).map(({ name }) => name)

async function write(name: string, text = 'apiVersion: everyhop.dev/v1\nkind: Environment\nname: own\nsources: {}\n') {
  await writeFile(join(home, 'environments', name), text)
}

test('started it is an environment like any other, and stopped there is none', async () => {
  const { client } = open()
  expect(await client.playground.state({})).toEqual({ phase: 'stopped' })
  expect(await client.playground.start({})).toMatchObject({
    phase: 'running',
    authorisation: 'no-opa',
    active: null,
    changing: false,
    heldBack: 0,
  })
  expect(await client.environments.list({})).toMatchObject([{ name: 'playground', playground: true, problem: null }])
  expect(await client.playground.start({}), 'a second start changes nothing').toMatchObject({ phase: 'running' })
  expect((await client.graph.document({ environment: 'playground' })).workloads).toEqual([])
  expect(await client.playground.stop({})).toEqual({ phase: 'stopped' })
  expect(await client.environments.list({})).toEqual([])
  expect(fakes.calls).toEqual(['start without opa', 'stop'])
})

test('nobody can change or remove it, or give another environment its name', async () => {
  const { client } = open()
  await write('playground.yaml', 'apiVersion: everyhop.dev/v1\nkind: Environment\nname: playground\nsources: {}\n')
  await client.playground.start({})
  const environment = 'playground'
  for (const ask of [
    () => client.environments.read({ environment }),
    () => client.environments.remove({ environment }),
  ])
    await expect(ask()).rejects.toMatchObject({
      code: 'read-only',
      message: expect.stringContaining('part of Everyhop'),
    })
  const draft = { apiVersion: 'everyhop.dev/v1', kind: 'Environment', name: environment, sources: {} } as const
  await expect(client.environments.save({ draft, edits: null })).rejects.toMatchObject({ code: 'read-only' })
  const listed = await client.environments.list({})
  expect(listed.map(({ name, playground, problem }) => [name, playground, problem?.message ?? null])).toEqual([
    ['playground', true, null],
    ['playground.yaml', false, expect.stringContaining('is the name of the demonstration pipeline')],
  ])
  // That file is a person's own: it can be moved aside.
  await client.environments.remove({ environment: 'playground.yaml' })
  expect(await named(client)()).toEqual(['playground'])
})

test('one fault at a time: the one before is healed, and what cannot be made here says why', async () => {
  const { client } = open()
  await expect(client.playground.inject({ fault: 'expired-svid' })).rejects.toMatchObject({ code: 'not-found' })
  await client.playground.start({})
  expect(await client.playground.inject({ fault: 'expired-svid' })).toMatchObject({ active: { fault: 'expired-svid' } })
  expect(await client.playground.inject({ fault: 'opa-down' })).toMatchObject({ active: { fault: 'opa-down' } })
  expect(await client.playground.heal({})).toMatchObject({ active: null })
  expect(await client.playground.heal({}), 'nothing is broken: nothing to heal').toMatchObject({ active: null })
  const told = ['inject expired-svid', 'heal', 'inject opa-down', 'heal']
  expect(fakes.calls.slice(1)).toEqual(told)
  const listed = await client.playground.faults({})
  expect(listed.map(({ id }) => id)).toEqual(faults.map(({ id }) => id))
  // Wherever a fault is met, the graph can show it; an admission policy is on no graph.
  const nowhere = listed.filter(({ look, notHere }) => look === null && notHere === null)
  expect(nowhere.map(({ id }) => id)).toEqual(['unsigned-image-admitted'])
  const parts = listed.flatMap(({ id, look }) => (look !== null && 'control' in look ? [[id, look]] : []))
  expect(parts).toContainEqual(['agent-down', { control: 'spire-agent', name: 'node-b' }])
  expect(parts).toContainEqual(['vault-sealed', { control: 'vault', name: null }])
  for (const { id, notHere } of listed) {
    if (notHere === null) continue
    const refused = client.playground.inject({ fault: id })
    await expect(refused).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(notHere) })
  }
  expect(fakes.calls.slice(1)).toEqual(told)
})

test('what fails is told in words, and it can be started again', async () => {
  const { client } = open()
  fakes.failing = { start: 'no port is free.' }
  const message = 'The playground could not be started: no port is free.'
  expect(await client.playground.start({})).toEqual({ phase: 'failed', message })
  expect(await client.environments.list({})).toEqual([])
  fakes.failing = { inject: 'the sidecar did not listen' }
  expect(await client.playground.start({})).toMatchObject({ phase: 'running' })
  await expect(client.playground.inject({ fault: 'expired-svid' })).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining('could not be made: the sidecar did not listen.'),
  })
  expect(await client.playground.state({})).toMatchObject({ phase: 'running', active: null, changing: false })
})

test('an opa that arrives while it runs is used at once', async () => {
  const { client, service } = open()
  await client.playground.start({})
  const program = join(home, 'bin', 'opa')
  await mkdir(join(home, 'bin'))
  await writeFile(program, `#!${process.execPath}\nconsole.log('Version: 1.19.1')\n`, { mode: 0o755 })
  await expect
    .poll(() => client.playground.state({}), { timeout: 20_000 })
    .toMatchObject({ phase: 'running', authorisation: 'deciding' })
  expect(fakes.calls).toEqual(['start without opa', `useOpa ${program}`])
  await service.stop()
  expect(fakes.calls.at(-1)).toBe('stop')
})

test('it starts by itself only when no environment is written down and nobody forbids it', async () => {
  const alone = open(true)
  await expect.poll(named(alone.client)).toEqual(['playground'])
  await alone.service.stop()
  process.env['EVERYHOP_PLAYGROUND'] = 'off'
  const forbidden = open(true)
  await forbidden.client.environments.list({})
  delete process.env['EVERYHOP_PLAYGROUND']
  await write('own.yaml')
  const beside = open(true)
  await expect.poll(named(beside.client)).toEqual(['own'])
  const unasked = open()
  await expect.poll(named(unasked.client)).toEqual(['own'])
  for (const { client } of [forbidden, beside, unasked]) {
    expect(await client.playground.state({})).toEqual({ phase: 'stopped' })
  }
  expect(fakes.calls).toEqual(['start without opa', 'stop'])
})

test('while nobody reads it it rests, whoever asks how it stands, and whoever reads it wakes it', async () => {
  const clock = createManualClock()
  let isRead = true
  const playground = createPlaygroundService({
    clock,
    log: { info() {}, warn() {}, error() {} },
    folder: { path: home, list: async () => [], resolve: (_directory, path) => path },
    refresh: async () => {},
    forget: async () => {},
    isRead: () => isRead,
    sweep: async () => {},
    opa: async () => '/opt/opa',
    start: (options) => fakes.start(options),
  })
  await playground.handlers.start()
  const wait = async (ms: number): Promise<void> => {
    for (let waited = 0; waited < ms; waited += 2000) {
      await clock.advance(2000)
      // As every window and the command that started it do.
      await playground.handlers.state()
    }
  }
  await wait(40_000)
  expect(fakes.calls).toEqual(['start /opt/opa'])
  isRead = false
  await wait(2000)
  expect(fakes.calls).toEqual(['start /opt/opa', 'left alone'])
  await wait(40_000)
  isRead = true
  await wait(2000)
  await playground.close()
  expect(fakes.calls).toEqual(['start /opt/opa', 'left alone', 'attended', 'stop'])
})

test('a fault that is being made is broken off by who stops the playground, and by the end of Everyhop', async () => {
  const { client, service } = open()
  fakes.isHanging = true
  for (const end of [() => client.playground.stop({}), () => service.stop()]) {
    await client.playground.start({})
    const making = client.playground.inject({ fault: 'expired-svid' }).catch(() => 'broken off')
    await expect.poll(() => fakes.calls.at(-1)).toBe('inject expired-svid')
    await end()
    expect(await making).toBe('broken off')
    expect(fakes.calls.at(-1)).toBe('stop')
  }
})

test('what a killed one left is removed by the next Everyhop, which starts none', async () => {
  const living = await openPrivateFolder()
  const { pid } = spawnSync(process.execPath, ['--version'])
  const left = living.path.replace(`-${process.pid}-`, `-${pid}-`)
  await mkdir(left)
  open()
  await expect.poll(() => existsSync(left)).toBe(false)
  expect(existsSync(living.path)).toBe(true)
  expect(fakes.calls).toEqual([])
  await living.remove()
})

test('a service that ends while it is started leaves none', async () => {
  const { client, service } = open()
  const starting = client.playground.start({})
  await expect.poll(() => fakes.calls).toContain('start without opa')
  await service.stop()
  await starting.catch(() => {}) // the door may be closed by then
  expect(fakes.calls.at(-1)).toBe('stop')
})
