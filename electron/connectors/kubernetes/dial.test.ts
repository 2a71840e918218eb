import { randomBytes } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { type KubernetesApi, startKubernetesApi } from '../../../test/builders/kubernetes-api.ts'
import { createHttpGet } from '../../platform/http-get.ts'
import { type ClusterAccess, openAccess } from './access.ts'
import { type ClusterDial, createClusterDial } from './dial.ts'
import { KubernetesFailure } from './failure.ts'
import { readKubeconfig } from './kubeconfig.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const files = {
  readText: async (path: string) => (await import('node:fs/promises')).readFile(path, 'utf8'),
  watch() {},
}
const clock = { now: () => Date.now() }
const never = new AbortController().signal
const target = { namespace: 'edge', pod: 'gateway', port: 15_000 }

let api: KubernetesApi
let access: ClusterAccess
let dial: ClusterDial
const servers: Server[] = []

beforeAll(async () => {
  api = await startKubernetesApi()
  access = await openAccess(
    await readKubeconfig({ id: 'c', kubeconfig: api.kubeconfig }, { baseDirectory: '/' }, { files }, {}),
  )
})

afterEach(() => {
  api.allow('portforward')
  api.hang(false)
  dial = createClusterDial(access, clock)
})

afterAll(async () => {
  access.close()
  for (const server of servers) server.close()
  await api.close()
})

dial = (place, signal) => createClusterDial(access, clock)(place, signal)

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function failureOf(promise: Promise<unknown>): Promise<KubernetesFailure> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof KubernetesFailure)) throw new Error(`expected a KubernetesFailure, got ${String(error)}`)
  return error
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('the program’s own HTTP client speaks to a pod through the cluster, and nothing listens here', async () => {
  const body = JSON.stringify({ large: 'x'.repeat(300_000) })
  const port = await listening(createHttpServer((request, response) => response.end(`${request.url} ${body}`)))
  api.forwardTo('gateway', 15_000, port)
  const get = createHttpGet((_place, signal) => dial(target, signal))
  const answer = await get(new URL('http://127.0.0.1:15000/certs'), {
    signal: never,
    deadlineMs: 10_000,
    maxBytes: 1e6,
  })
  expect([answer.status, new TextDecoder().decode(answer.body)]).toEqual([200, `/certs ${body}`])
  await until(() => api.openForwards() === 0)
})

test('megabytes go both ways unchanged, however the frames are cut', async () => {
  const port = await listening(createServer((socket) => void socket.pipe(socket)))
  api.forwardTo('gateway', 15_000, port)
  const stream = await dial(target, never)
  const sent = randomBytes(3_000_017)
  const got: Buffer[] = []
  let length = 0
  stream.on('data', (bytes: Buffer) => {
    got.push(bytes)
    length += bytes.length
  })
  stream.write(sent)
  await until(() => length >= sent.length)
  expect(Buffer.concat(got).equals(sent)).toBe(true)
  stream.destroy()
  await until(() => api.openForwards() === 0)
})

test('a reader that does not read holds the sender back', async () => {
  let sentBytes = 0
  const port = await listening(
    createServer((socket: Socket) => {
      const pour = (): void => {
        while (sentBytes < 200e6 && socket.write(Buffer.alloc(65_536))) sentBytes += 65_536
      }
      socket.on('drain', pour)
      socket.on('error', () => {})
      pour()
    }),
  )
  api.forwardTo('gateway', 15_000, port)
  const stream = await dial(target, never)
  await new Promise((resolve) => stream.once('readable', resolve))
  let before = -1
  while (before !== sentBytes) {
    before = sentBytes
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(sentBytes).toBeLessThan(100e6)
  stream.destroy()
})

test('a port on which nobody listens is a failure in the kubelet’s words', async () => {
  api.forwardTo('gateway', 15_000, 'dial tcp4 127.0.0.1:15000: connect: connection refused')
  const stream = await dial(target, never)
  const failure = await failureOf(text(stream))
  expect([failure.reason, failure.message]).toEqual([
    'unreachable',
    'port-forward to edge/gateway:15000: error forwarding port 15000 to pod: dial tcp4 127.0.0.1:15000: connect: connection refused',
  ])
})

test.each([
  [403, 'forbidden', 'pods "gateway" is forbidden: User "viewer" cannot create resource "pods/portforward"'],
  [404, 'unsupported', 'pods "gateway" not found'],
  [500, 'unreachable', 'error dialing backend: no route to host'],
])('a refusal with %i is %s, in the server’s words', async (status, reason, message) => {
  api.refuse('portforward', { status, message })
  const failure = await failureOf(dial(target, never))
  expect([failure.reason, failure.status]).toEqual([reason, status])
  expect(failure.message).toContain(`port-forward to edge/gateway:15000: HTTP ${status}: ${message}`)
})

test('an API server that is gone says nothing of the pod: that was not asked, at once and while it is left alone', async () => {
  const gone = await startKubernetesApi()
  const settings = { baseDirectory: '/' }
  const lost = await openAccess(await readKubeconfig({ id: 'c', kubeconfig: gone.kubeconfig }, settings, { files }, {}))
  await gone.close()
  const patient = createClusterDial(lost, clock)
  for (const words of [/nothing listens there/, /tried again/]) {
    const failure = await failureOf(patient(target, never))
    expect([failure.reason, failure.message]).toEqual(['no-way', expect.stringMatching(words)])
  }
  const get = createHttpGet((_place, signal) => patient(target, signal))
  const asked = get(new URL('http://127.0.0.1:15000/certs'), { signal: never, deadlineMs: 10_000, maxBytes: 1e6 })
  await expect(asked).rejects.toMatchObject({ noWay: true })
  lost.close()
})

test('a forward that drops is a failure, not an end: an answer that was cut off must not look whole', async () => {
  const port = await listening(createServer((socket) => void socket.write('half an ans')))
  api.forwardTo('gateway', 15_000, port)
  const stream = await dial(target, never)
  await new Promise((resolve) => stream.once('readable', resolve))
  api.cut('forwards')
  const failure = await failureOf(text(stream))
  expect(failure.message).toMatch(/connection was dropped|ECONNRESET|aborted/)
  expect(failure.reason).toBe('no-way')
})

test('after a failure the pod is left alone for a while, then tried again', async () => {
  let now = 1000
  const patient = createClusterDial(access, { now: () => now })
  api.refuse('portforward', { status: 500, message: 'down' })
  await failureOf(patient(target, never))
  const before = api.requests.length
  const again = await failureOf(patient(target, never))
  expect([api.requests.length, again.message]).toEqual([before, expect.stringContaining('tried again in 250 ms')])
  now += 250
  await failureOf(patient(target, never))
  expect(api.requests.length).toBe(before + 1)
  now += 250
  expect((await failureOf(patient(target, never))).message).toContain('tried again in 250 ms')
  api.allow('portforward')
  api.forwardTo('gateway', 15_000, await listening(createServer((socket) => void socket.end('hello'))))
  now += 250
  expect(await text(await patient(target, never))).toBe('hello')
})

test('more streams than a pod may have wait for one to end, other pods do not', async () => {
  const port = await listening(createServer((socket) => void socket.on('error', () => {})))
  for (const pod of ['gateway', 'model']) api.forwardTo(pod, 15_000, port)
  const narrow = createClusterDial(access, clock, { perPod: 2, inAll: 3 })
  const [first, second] = await Promise.all([narrow(target, never), narrow(target, never)])
  const abort = new AbortController()
  const given = narrow(target, abort.signal)
  const third = narrow(target, never)
  const other = await narrow({ ...target, pod: 'model' }, never)
  expect(api.openForwards()).toBe(3)
  abort.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  first?.destroy()
  const last = await third
  expect(api.openForwards()).toBeLessThanOrEqual(3)
  for (const stream of [second, other, last]) stream?.destroy()
  await until(() => api.openForwards() === 0)
})

test('aborting while the server says nothing rejects with the reason and closes the connection', async () => {
  api.hang(true)
  const abort = new AbortController()
  const dialling = dial(target, abort.signal)
  setTimeout(() => abort.abort(new Error('enough')), 50)
  await expect(dialling).rejects.toThrow('enough')
})

test('a cluster that does not speak the channel protocol is unsupported', async () => {
  const plain: ClusterAccess = {
    ...access,
    upgrade: async (call, signal) => {
      const result = await access.upgrade(call, signal)
      result.answer.headers['sec-websocket-protocol'] = 'other'
      return result
    },
  }
  api.forwardTo('gateway', 15_000, 'unused')
  const failure = await failureOf(createClusterDial(plain, clock)(target, never))
  expect([failure.reason, failure.message]).toEqual([
    'unsupported',
    'port-forward to edge/gateway:15000: the cluster does not speak v4.channel.k8s.io',
  ])
})
