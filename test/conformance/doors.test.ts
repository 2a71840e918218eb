import { fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { createORPCClient, isDefinedError, ORPCError, safe } from '@orpc/client'
import { RPCLink as FetchLink } from '@orpc/client/fetch'
import { RPCLink as PortLink } from '@orpc/client/message-port'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRelay, type NearPort } from '../../electron/main/relay.ts'
import { systemClock } from '../../electron/platform/clock.ts'
import { delegateRouter } from '../../electron/service/delegate.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import { connectLocal, serveLocal } from '../../electron/service/local-socket.ts'
import { createRouter, type ServiceRouter } from '../../electron/service/router.ts'
import { startWebHost } from '../../electron/service/web.ts'
import { errorCodes } from '../../shared/contract/errors.ts'
import { fromService } from '../../shared/desktop.ts'
import { canary, suiteHandlers } from './doors-handlers.ts'

interface OpenDoor {
  readonly client: ServiceClient
  close(): Promise<void>
}

const quiet = { info() {}, warn() {}, error() {} }

const doors: Readonly<Record<string, () => Promise<OpenDoor>>> = {
  async 'the message port of a worker'() {
    const worker = new Worker(new URL('./doors.worker.ts', import.meta.url))
    const { port1, port2 } = new MessageChannel()
    worker.postMessage(port1, [port1])
    const client: ServiceClient = createORPCClient(new PortLink({ port: port2 }))
    port2.start()
    return {
      client,
      async close() {
        port2.close()
        await worker.terminate()
      },
    }
  },
  async 'the desktop, relayed to a Node of its own'() {
    const child = fork(new URL('./doors-desktop.test-process.ts', import.meta.url), { stdio: 'ignore' })
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const relay = createRelay((message) => child.connected && child.send(message))
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.on('message', (message: unknown) => {
        const said = fromService.parse(message)
        if (said.kind === 'ready') resolve()
        else relay.receive(said)
      })
    })
    const { port1, port2 } = new MessageChannel()
    relay.open('page', nearPort(port1))
    const client: ServiceClient = createORPCClient(new PortLink({ port: port2 }))
    port2.start()
    return {
      client,
      async close() {
        port2.close()
        relay.close()
        child.send({ kind: 'stop' })
        await ended
      },
    }
  },
  async 'the web host'() {
    const router = createRouter(suiteHandlers())
    const host = await startWebHost({ router, clock: systemClock, log: quiet, files: '.', port: 0, codeHint: '' })
    const entered = await fetch(host.newAddress(), { redirect: 'manual' })
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? ''
    const client: ServiceClient = createORPCClient(new FetchLink({ url: `${host.origin}/rpc`, headers: { cookie } }))
    return { client, close: () => host.close() }
  },
  async 'the command line'() {
    const { client, close } = connectInProcess(createRouter(suiteHandlers()), quiet)
    return { client, close: async () => close() }
  },
  'the local socket': () => openLocal(createRouter(suiteHandlers())),
  async 'a service that asks another one by its local socket'() {
    const other = await openLocal(createRouter(suiteHandlers()))
    const { client, close } = connectInProcess(
      delegateRouter(async () => other.client),
      quiet,
    )
    return {
      client,
      async close() {
        close()
        await other.close()
      },
    }
  },
}

async function openLocal(router: ServiceRouter): Promise<OpenDoor> {
  const folder = await mkdtemp(join(tmpdir(), 'eh-door-'))
  const server = await serveLocal({ folder, router, log: quiet, info: { version: '1.2.3', host: 'web' } })
  const { client, close } = await connectLocal(folder, '1.2.3')
  return {
    client,
    async close() {
      close()
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Node's port gives the data where Electron's gives an event with it. */
function nearPort(port: MessagePort): NearPort {
  const events = new EventEmitter()
  port.on('message', (data: unknown) => events.emit('message', { data }))
  port.on('close', () => events.emit('close'))
  return Object.assign(events, {
    postMessage: (data: unknown) => port.postMessage(data),
    start: () => port.start(),
    close: () => port.close(),
  })
}

describe.each(Object.entries(doors))('%s', (_name, open) => {
  let door: OpenDoor

  beforeAll(async () => {
    door = await open()
  })
  afterAll(async () => {
    await door.close()
  })

  async function failureOf(work: Promise<unknown>): Promise<ORPCError<string, unknown>> {
    const [error] = await safe(work)
    if (!(error instanceof ORPCError)) throw new Error(`expected a failure of the contract, got ${String(error)}`)
    expect(errorCodes).toContain(error.code)
    expect(JSON.stringify([error.toJSON(), error.message, error.stack])).not.toContain(canary)
    return error
  }

  async function seen(): Promise<{ cancelled: number; streamsOpen: number }> {
    const [health] = await door.client.environments.health({ environment: 'lab' })
    return { cancelled: health?.answering ?? -1, streamsOpen: health?.configured ?? -1 }
  }

  test('values arrive as they were sent', async () => {
    expect(await door.client.system.info({})).toEqual({
      version: '1.2.3',
      host: 'web',
      home: 'somewhere',
      notKept: null,
    })
    const view = await door.client.graph.view({ environment: 'lab' })
    expect([view.revision, view.environment, view.filterProblem]).toEqual([7, 'lab', null])
  })

  test('every door says who asks', async () => {
    expect(await door.client.graph.attend({ environment: 'lab', selected: null })).toEqual({ attending: true })
  })

  test('input that the contract refuses is told as invalid, with its place and without its content', async () => {
    const error = await failureOf(door.client.graph.view({ environment: 'lab', filter: canary.repeat(50) }))
    expect([error.code, error.defined]).toEqual(['invalid', true])
    expect(error.message).toContain('filter')
    const missing = await failureOf(Reflect.apply(door.client.graph.view, undefined, [{}]))
    expect([missing.code, missing.message]).toEqual(['invalid', expect.stringContaining('environment')])
  })

  test('a question that does not exist is not-found', async () => {
    const client: unknown = door.client
    const unknown = Reflect.get(Reflect.get(Object(client), 'graph'), 'explode')
    const error = await failureOf(Reflect.apply(unknown, undefined, [{}]))
    expect([error.code, error.data]).toEqual(['not-found', { subject: 'graph.explode', advice: expect.any(String) }])
  })

  test('a failure that is expected arrives typed, with its subject and advice', async () => {
    const [error] = await safe(door.client.graph.workload({ environment: 'lab', id: 'workload/gone' }))
    expect(isDefinedError(error)).toBe(true)
    expect(isDefinedError(error) && [error.code, error.data]).toEqual([
      'not-found',
      { subject: 'workload/gone', advice: 'Look again.' },
    ])
  })

  test('a failure that nobody expected is internal, in a neutral sentence', async () => {
    for (const work of [
      door.client.environments.list({}),
      door.client.graph.hop({ environment: 'lab', id: 'x' }),
      door.client.graph.document({ environment: 'lab' }),
    ]) {
      const error = await failureOf(work)
      expect([error.code, error.message]).toEqual(['internal', 'Everyhop itself failed here. Its log has the details.'])
    }
  })

  test('a question that is withdrawn is withdrawn in the handler too', async () => {
    const before = await seen()
    const controller = new AbortController()
    const asked = door.client.environments.test({ environment: 'lab' }, { signal: controller.signal })
    const outcome = asked.then(
      () => 'answered',
      () => 'withdrawn',
    )
    await door.client.system.info({})
    controller.abort()
    expect(await outcome).toBe('withdrawn')
    await expect.poll(async () => (await seen()).cancelled).toBe(before.cancelled + 1)
  })

  test('updates arrive until they are no longer wanted, and then the handler stops', async () => {
    const stream = await door.client.live.topics({ environment: 'lab' })
    const revisions: number[] = []
    for await (const event of stream) {
      if (event.topic === 'graph') revisions.push(event.revision)
      if (revisions.length === 3) break
    }
    expect(revisions).toEqual([1, 2, 3])
    await expect.poll(async () => (await seen()).streamsOpen).toBe(0)
  })

  test('updates stop when the caller aborts', async () => {
    const controller = new AbortController()
    const stream = await door.client.live.topics({ environment: 'lab' }, { signal: controller.signal })
    await stream.next()
    expect((await seen()).streamsOpen).toBe(1)
    controller.abort()
    await expect.poll(async () => (await seen()).streamsOpen).toBe(0)
  })

  test('a stream that the service ends, ends', async () => {
    const events: unknown[] = []
    for await (const event of await door.client.live.topics({ environment: 'ends' })) events.push(event)
    expect(events).toHaveLength(3)
  })

  test('a stream that breaks says so in the same closed list', async () => {
    const stream = await door.client.live.topics({ environment: 'breaks' })
    await stream.next()
    const error = await failureOf(stream.next())
    expect(error.code).toBe('internal')
  })
})
