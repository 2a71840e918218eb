import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, request as requestHttp, type Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { decisionEvent, kubernetesAuditEvent, noon, uploadOf, uuidOf } from '../../../test/builders/log-records.ts'
import type { LogStore } from '../../core/log-store.ts'
import type { Clock, Files, Log } from '../../core/ports.ts'
import { createMemoryStore } from '../stores/memory-store.ts'
import { type Receiver, type ReceiverOptions, startReceiver } from './receiver.ts'

const log: Log = { info() {}, warn() {}, error() {} }
/** Waits are short: back-off is not what is tested. */
const clock: Clock = {
  now: () => noon,
  sleep: (_, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, 5)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason)
      })
    }),
}
const files: Files = { readText: (path) => readFile(path, 'utf8'), watch() {} }

let folder: string
let store: LogStore
let receiver: Receiver | null
const servers: Server[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-receiver-'))
  store = createMemoryStore({ maxAgeMs: 86_400_000, maxBytes: 1024 ** 3 })
  receiver = null
})
afterEach(async () => {
  await receiver?.close()
  await store.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true })
})

async function start(options: Partial<ReceiverOptions> = {}): Promise<Receiver> {
  receiver = await startReceiver({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    store,
    tokenFile: null,
    forward: null,
    ports: { clock, log, files },
    ...options,
  })
  return receiver
}

interface Asked {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly socketPath?: string
}

function post(body: Uint8Array, asked: Asked = {}): Promise<{ readonly status: number; readonly text: string }> {
  const { path = '/logs', method = 'POST', headers = {}, socketPath } = asked
  const where = socketPath === undefined ? { host: '127.0.0.1', port: receiver?.port } : { socketPath }
  return new Promise((resolve, reject) => {
    const request = requestHttp({ ...where, path, method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

function packed(numbers: readonly number[]): Buffer {
  const events = numbers.map((number) => decisionEvent({ number }))
  return gzipSync(uploadOf('opa-decisions', events, { form: 'array' }).bytes)
}

/** The machine may be busy. */
const until = <Result>(check: () => Result | Promise<Result>): Promise<Result> => vi.waitFor(check, { timeout: 20_000 })

const gzip = { 'content-encoding': 'gzip', 'content-type': 'application/json' }

test('an upload of OPA is answered with 200 and found under its partition', async () => {
  const { state } = await start()
  expect((await post(packed([1, 2]), { path: '/logs/opa-shared', headers: gzip })).status).toBe(200)
  expect((await post(packed([3]), { headers: gzip })).status).toBe(200)
  const found = await store.find({ by: 'decision', id: uuidOf(2) }, null, 5)
  expect(found.records).toMatchObject([{ source: 'opa-shared', receivedAt: noon, outcome: 'allow' }])
  expect(state()).toMatchObject({ received: 2, refused: 0, forward: null })
})

test('audit events of an API server are taken beside it', async () => {
  await start()
  const { bytes } = uploadOf('kubernetes-audit', [kubernetesAuditEvent(1)], { form: 'event-list' })
  expect((await post(bytes, { path: '/kubernetes-audit/lab' })).status).toBe(200)
  expect((await store.counts()).map(({ record, source, accepted }) => [record, source, accepted])).toEqual([
    ['kubernetes-audit', 'lab', 1],
  ])
})

test('a unix socket is for this user alone', async () => {
  const socketPath = join(folder, 'receiver.sock')
  await start({ listen: { kind: 'unix', path: socketPath } })
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600)
  expect((await post(packed([1]), { headers: gzip, socketPath })).status).toBe(200)
})

test('what is not taken is answered in words', async () => {
  const { state } = await start()
  const cases: readonly [number, Uint8Array, Asked][] = [
    [404, packed([1]), { path: '/status', headers: gzip }],
    [404, packed([1]), { path: '/logs/../../etc', headers: gzip }],
    [405, new Uint8Array(), { method: 'GET' }],
    [415, packed([1]), { headers: { 'content-encoding': 'br' } }],
    [400, Buffer.from('not gzip'), { headers: gzip }],
    [413, gzipSync(Buffer.alloc(80 * 1024 * 1024, 0x20)), { headers: gzip }],
  ]
  for (const [status, body, asked] of cases) {
    const answer = await post(body, asked)
    expect([asked, answer.status]).toEqual([asked, status])
    expect(answer.text.length).toBeGreaterThan(10)
  }
  expect(await store.counts()).toEqual([])
  expect(state()).toMatchObject({ received: 0, refused: 2 })
})

test('a body that says nothing of its length is cut off where it becomes too long', async () => {
  await start()
  const socket = connect(receiver?.port ?? 0, '127.0.0.1')
  socket.write('POST /logs HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')
  const piece = Buffer.alloc(1024 * 1024, 0x20)
  let said = ''
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    said += text
  })
  socket.on('error', () => {})
  for (let sent = 0; sent < 18 && said === ''; sent += 1) {
    socket.write('100000\r\n')
    socket.write(piece)
    await new Promise((resolve) => socket.write('\r\n', resolve))
  }
  await until(() => expect(said).toContain('413'))
  socket.destroy()
})

test('with a token file only its bearer is heard, and a new token counts at once', async () => {
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, 'first-token\n')
  const { state } = await start({ tokenFile })
  const status = async (authorization?: string) =>
    (await post(packed([1]), { headers: authorization === undefined ? gzip : { ...gzip, authorization } })).status
  expect(await status()).toBe(401)
  expect(await status('Bearer first-tokem')).toBe(401)
  expect(await status('Bearer first-token')).toBe(200)
  await writeFile(tokenFile, 'second-token\n')
  expect(await status('Bearer first-token')).toBe(401)
  expect(await status('Bearer second-token')).toBe(200)
  await writeFile(tokenFile, '\n')
  expect(await status('Bearer ')).toBe(401)
  expect(state()).toMatchObject({ received: 2, unauthenticated: 4 })
})

test('a store that cannot keep it makes the sender come again', async () => {
  await start({ store: { append: async () => ({ outcome: 'exhausted', why: 'the disk is full' }) } })
  expect(await post(packed([1]), { headers: gzip })).toEqual({ status: 503, text: 'the disk is full\n' })
  await receiver?.close()
  await start({ store: { append: () => Promise.reject(new Error('the log store has ended')) } })
  expect((await post(packed([1]), { headers: gzip })).status).toBe(503)
})

/** The organisation's own service, which answers as told. */
async function service(status: () => number, port = 0) {
  const bodies: {
    readonly path: string
    readonly body: Buffer
    readonly headers: Readonly<Record<string, unknown>>
  }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const code = status()
      if (code === 200) bodies.push({ path: request.url ?? '', body: Buffer.concat(chunks), headers: request.headers })
      response.writeHead(code).end()
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('it does not listen')
  return { bodies, port: address.port, server }
}

function forwardTo(port: number, maxBytes = 1024 ** 2) {
  const url = new URL(`http://127.0.0.1:${port}/siem`)
  return { url, tokenFile: null, caFile: null, folder: join(folder, 'forward'), maxBytes }
}

test('uploads are sent on unchanged and in order, and then leave the disk', async () => {
  const { bodies, port } = await service(() => 200)
  const tokenFile = join(folder, 'siem-token')
  await writeFile(tokenFile, 'siem\n')
  const { state } = await start({ forward: { ...forwardTo(port), tokenFile } })
  const uploads = [packed([1]), packed([2, 3]), packed([4])]
  for (const body of uploads) await post(body, { path: '/logs/a', headers: gzip })
  await until(() => expect(bodies).toHaveLength(3))
  expect(bodies.map(({ body }) => body)).toEqual(uploads)
  expect(bodies[0]).toMatchObject({
    path: '/siem/logs/a',
    headers: { 'content-encoding': 'gzip', 'content-type': 'application/json', authorization: 'Bearer siem' },
  })
  await until(() =>
    expect(state().forward).toMatchObject({ sent: 3, refused: 0, refusedBytes: 0, waitingBytes: 0, problem: null }),
  )
  await until(async () => {
    const names = await readdir(join(folder, 'forward'))
    expect(names.filter((name) => name.endsWith('.segment'))).toEqual([])
  })
})

test('while the service is down nothing is lost, over a restart neither', async () => {
  let status = 503
  const down = await service(() => status)
  await start({ forward: forwardTo(down.port) })
  const first = [packed([1]), packed([2])]
  for (const body of first) expect((await post(body, { headers: gzip })).status).toBe(200)
  await until(() => expect(receiver?.state().forward?.problem).toContain('answered 503'))
  await receiver?.close()
  down.server.closeAllConnections()
  down.server.close()
  // Nobody listens now.
  await start({ forward: forwardTo(down.port) })
  const last = packed([3])
  expect((await post(last, { headers: gzip })).status).toBe(200)
  await until(() => expect(receiver?.state().forward?.problem).toContain('ECONNREFUSED'))
  status = 200
  const { bodies } = await service(() => status, down.port)
  await until(() => expect(bodies.map(({ body }) => body)).toEqual([...first, last]))
  await receiver?.close()
  await start({ forward: forwardTo(down.port) })
  await post(packed([4]), { headers: gzip })
  await until(() => expect(bodies).toHaveLength(4))
})

test('what the service will never take is kept aside and does not hold up the rest', async () => {
  let status = 413
  const { bodies, port } = await service(() => status)
  const { state } = await start({ forward: forwardTo(port) })
  await post(packed([1]), { headers: gzip })
  await until(() => expect(state().forward?.refused).toBe(1))
  status = 200
  await post(packed([2]), { headers: gzip })
  await until(() => expect(bodies).toHaveLength(1))
  const kept = async () =>
    (await readdir(join(folder, 'forward', 'refused'))).filter((name) => name.endsWith('.segment')).length
  expect(await kept()).toBe(1)
  expect(state().forward).toMatchObject({ refusal: `127.0.0.1:${port} answered 413`, problem: null })
  expect(state().forward?.refusedBytes).toBeGreaterThan(0)
  // When it is started again the service may take them.
  await receiver?.close()
  await start({ forward: forwardTo(port) })
  await until(() => expect(bodies).toHaveLength(2))
  await until(async () => expect(await kept()).toBe(0))
  expect(receiver?.state().forward?.refusedBytes).toBe(0)
})

test('an ingress whose service is away is not the service: what it answers with 404 waits', async () => {
  let status = 404
  const { bodies, port } = await service(() => status)
  const { state } = await start({ forward: forwardTo(port) })
  await post(packed([1]), { headers: gzip })
  for (const answered of [404, 405, 410]) {
    status = answered
    await until(() => expect(state().forward?.problem).toContain(`answered ${answered}`))
  }
  expect(state().forward).toMatchObject({ refused: 0 })
  status = 200
  await until(() => expect(bodies).toHaveLength(1))
  await until(() => expect(state().forward).toMatchObject({ sent: 1, problem: null, waitingBytes: 0 }))
})

test('sending on survives a disk that takes nothing for a while, and says so', async () => {
  const { bodies, port } = await service(() => 200)
  const { state } = await start({ forward: forwardTo(port) })
  // The file that says how far it is cannot be written.
  const inTheWay = join(folder, 'forward', 'cursor.json.new')
  await mkdir(inTheWay)
  await post(packed([1]), { headers: gzip })
  await until(() => expect(state().forward?.problem).toContain('sending on failed here: EISDIR'))
  await rm(inTheWay, { recursive: true })
  await until(() => expect(state().forward).toMatchObject({ problem: null, waitingBytes: 0 }))
  await post(packed([2]), { headers: gzip })
  await until(() => expect(bodies.map(({ body }) => body)).toContainEqual(packed([2])))
})

test('what was refused counts in what may wait', async () => {
  const { port } = await service(() => 413)
  const { state } = await start({ forward: forwardTo(port, 1500) })
  let taken = 0
  for (let number = 1; number < 8; number += 1) {
    if ((await post(packed([number]), { headers: gzip })).status !== 200) break
    taken += 1
    await until(() => expect(state().forward?.refused).toBe(taken))
  }
  expect(taken).toBeLessThan(7)
  expect(state().forward?.refusedBytes).toBeGreaterThan(800)
})

test('when as much waits as may, senders are asked to come again', async () => {
  const { port } = await service(() => 500)
  const { state } = await start({ forward: forwardTo(port, 1500) })
  const statuses = []
  for (const number of [1, 2, 3, 4]) statuses.push((await post(packed([number]), { headers: gzip })).status)
  expect(statuses.at(0)).toBe(200)
  expect(statuses.at(-1)).toBe(503)
  expect(state().postponed).toBeGreaterThan(0)
})
