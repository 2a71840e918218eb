import { os } from '@orpc/server'
import { RPCHandler } from '@orpc/server/message-port'
import { afterEach, expect, test, vi } from 'vitest'
import { helloChannel, newsChannel } from '../../shared/lib/desktop-channels.ts'
import { type DesktopDoor, openDesktopDoor } from './desktop-client.ts'

const stopped = { kind: 'stopped', failures: 1, retryInMs: 250, ending: 'signal SIGKILL', lastWords: '' } as const

/** A page that hears what the preload would pass on, and services that answer through real message ports. */
function bench() {
  const page = Object.assign(new EventTarget(), {
    location: { origin: 'app://everyhop' },
    said: [] as unknown[],
    postMessage(message: unknown) {
      page.said.push(message)
    },
  })
  const open: { close(): void }[] = []
  const door: DesktopDoor = Reflect.apply(openDesktopDoor, undefined, [page])
  const hear = (news: unknown, port?: MessagePort, origin = page.location.origin) => {
    const event = Object.assign(new Event('message'), {
      data: { [newsChannel]: news },
      origin,
      ports: port ? [port] : [],
    })
    Object.defineProperty(event, 'source', { value: page })
    page.dispatchEvent(event)
  }
  return {
    page,
    door,
    hear,
    /** @param version what it answers; null: it never answers. */
    connect(version: string | null) {
      const { port1, port2 } = new MessageChannel()
      const never = new Promise<never>(() => {})
      const info = os.handler(async () => version ?? never)
      new RPCHandler({ system: { info } }).upgrade(port1, {})
      port1.start()
      open.push(port1)
      hear({ kind: 'connected' }, port2)
    },
    close: () => open.forEach((port) => port.close()),
  }
}

let now: ReturnType<typeof bench> | null = null
afterEach(() => {
  now?.close()
  now = null
  vi.useRealTimers()
})
function start() {
  now = bench()
  return now
}

test('the page says hello, and what is asked before the service is there waits for it', async () => {
  const { page, door, connect } = start()
  expect(page.said).toEqual([helloChannel])
  const asked = door.client.system.info({})
  expect(door.status()).toEqual({ kind: 'starting' })
  connect('first')
  expect(await asked).toBe('first')
  expect(door.status()).toEqual({ kind: 'connected' })
})

test('when the service ends, what it was asked fails at once, and what is asked next waits for the next service', async () => {
  const { door, connect, hear } = start()
  connect(null)
  const lost = door.client.system.info({}).then(String, () => 'failed')
  await door.client.system.info({}, { signal: AbortSignal.timeout(20) }).catch(() => {})
  hear(stopped)
  expect(await lost).toBe('failed')
  const asked = door.client.system.info({})
  hear({ kind: 'starting' })
  connect('second')
  expect(await asked).toBe('second')
})

test('when it ends again and again, what waits fails, so that the window can say so', async () => {
  const { door, hear, connect } = start()
  const asked = door.client.system.info({}).then(String, () => 'failed')
  hear(stopped)
  hear({ kind: 'starting' })
  expect(door.status()).toEqual({ ...stopped, retryInMs: 0 })
  hear({ ...stopped, failures: 2 })
  expect(await asked).toBe('failed')
  const later = door.client.system.info({})
  connect('at last')
  expect(await later).toBe('at last')
})

test('a port that comes while another is there replaces it', async () => {
  const { door, connect } = start()
  connect(null)
  const lost = door.client.system.info({}).then(String, () => 'failed')
  await door.client.system.info({}, { signal: AbortSignal.timeout(20) }).catch(() => {})
  connect('second')
  expect(await lost).toBe('failed')
  expect(await door.client.system.info({})).toBe('second')
})

test('when nobody answers the page at all, it is unconnected, and what was asked fails', async () => {
  vi.useFakeTimers()
  const { door, connect } = start()
  const asked = door.client.system.info({}).then(String, () => 'failed')
  vi.advanceTimersByTime(15_000)
  expect(door.status()).toEqual({ kind: 'unconnected' })
  expect(await asked).toBe('failed')
  expect(await door.client.system.info({}).then(String, () => 'failed')).toBe('failed')
  vi.useRealTimers()
  connect('late')
  expect(await door.client.system.info({})).toBe('late')
})

test('menu commands are passed on; what another origin says, or what is no news, is not heard', () => {
  const { door, hear } = start()
  const commands: string[] = []
  const end = door.onCommand((command) => commands.push(command))
  hear({ kind: 'command', command: 'search' })
  hear({ kind: 'command', command: 'help' }, undefined, 'https://example.org')
  hear({ kind: 'command', command: 'format the disk' })
  hear(stopped, undefined, 'https://example.org')
  end()
  hear({ kind: 'command', command: 'graph' })
  expect(commands).toEqual(['search'])
  expect(door.status()).toEqual({ kind: 'starting' })
})
