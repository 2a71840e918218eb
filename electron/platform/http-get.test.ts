import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { createTestAuthority } from '../../test/builders/test-authority.ts'
import { HttpFailure } from '../core/ports.ts'
import { dial } from './dial.ts'
import { createHttpGet } from './http-get.ts'

const get = createHttpGet(dial)
const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

const http = async (listener: RequestListener) =>
  new URL(`http://127.0.0.1:${await listen(createServer(listener))}/a?b=c`)
const tcp = async (listener: (socket: Socket) => void) =>
  new URL(
    `http://127.0.0.1:${await listen(
      createTcpServer({ allowHalfOpen: true }, (socket) => {
        socket.on('error', () => undefined)
        listener(socket)
      }),
    )}/`,
  )
const ask = (url: URL, more: Partial<Parameters<typeof get>[1]> = {}) =>
  get(url, { signal: new AbortController().signal, deadlineMs: 2000, maxBytes: 1000, ...more })
const failure = async (answer: Promise<unknown>) => {
  const error: unknown = await answer.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(HttpFailure)
  return error as HttpFailure
}

test('an answer comes back with status, headers and body, and the connection is closed', async () => {
  let seen = ''
  let closed: () => void = () => undefined
  const gone = new Promise<void>((resolve) => (closed = resolve))
  const url = await http((request, answer) => {
    seen = `${request.method} ${request.url} ${request.headers.host} ${request.headers.authorization}`
    request.socket.on('close', closed)
    answer.writeHead(200, { 'x-one': '1' }).end('body')
  })
  const answer = await ask(url, { headers: { authorization: 'Bearer t' } })
  expect([answer.status, answer.headers['x-one'], Buffer.from(answer.body).toString()]).toEqual([200, '1', 'body'])
  expect(seen).toBe(`GET /a?b=c ${url.host} Bearer t`)
  await gone
})

test('a redirect is an answer and is not followed', async () => {
  let asked = 0
  const url = await http((_, answer) => {
    asked += 1
    answer.writeHead(302, { location: '/elsewhere' }).end()
  })
  expect([(await ask(url)).status, asked]).toEqual([302, 1])
})

test('a server that is not there is unreachable, in words', async () => {
  const url = await http(() => undefined)
  closers.splice(0).forEach((close) => close())
  const error = await failure(ask(url))
  expect(error.kind).toBe('unreachable')
  expect(error.message).toContain('connection refused')
  expect(error.message).not.toContain('b=c')
})

test('a server that accepts and says nothing times out', async () => {
  expect((await failure(ask(await tcp(() => undefined), { deadlineMs: 100 }))).kind).toBe('timed-out')
})

test('the deadline holds for the whole answer, however it trickles', async () => {
  const url = await tcp((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n')
    const timer = setInterval(() => socket.write('x'), 20)
    socket.on('close', () => clearInterval(timer))
  })
  expect((await failure(ask(url, { deadlineMs: 200 }))).kind).toBe('timed-out')
})

test('endless informational answers end at the deadline', async () => {
  const url = await tcp((socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 5)
    socket.on('close', () => clearInterval(timer))
  })
  expect((await failure(ask(url, { deadlineMs: 200 }))).kind).toBe('timed-out')
})

test('aborting cancels at once, before and while waiting', async () => {
  const abort = new AbortController()
  const waiting = failure(ask(await tcp(() => undefined), { signal: abort.signal }))
  abort.abort()
  expect((await waiting).kind).toBe('cancelled')
  expect((await failure(ask(new URL('http://127.0.0.1:1/'), { signal: abort.signal }))).kind).toBe('cancelled')
})

test.each([
  ['hangs up without a word', ''],
  ['speaks something else', 'SSH-2.0-OpenSSH_9\r\n'],
  ['closes in the middle of the headers', 'HTTP/1.1 200 OK\r\nconten'],
  ['closes before the announced length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":'],
  ['closes in the middle of a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\nabc'],
  ['wants another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ['sends an encoding nobody knows', 'HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\nx'],
])('a server that %s is broken', async (_, text) => {
  const url = await tcp((socket) => socket.once('data', () => socket.end(text)))
  expect((await failure(ask(url))).kind).toBe('broken')
})

test('a server that half-closes before it answers is broken, though it keeps its side open', async () => {
  const url = await tcp((socket) => {
    socket.end()
    socket.resume()
  })
  expect((await failure(ask(url))).kind).toBe('broken')
})

test('nothing is read past the limit, announced or not', async () => {
  let sent = 0
  const endless = await http((_, answer) => {
    const push = () => {
      sent += 65_536
      if (!answer.destroyed && answer.write(Buffer.alloc(65_536))) setImmediate(push)
    }
    answer.on('drain', push)
    push()
  })
  expect((await failure(ask(endless))).kind).toBe('too-large')
  expect(sent).toBeLessThan(50_000_000)
  const announced = await http((_, answer) => answer.writeHead(200, { 'content-length': '104857600' }).flushHeaders())
  expect((await failure(ask(announced))).kind).toBe('too-large')
})

test('a compressed answer is read, and a compressed bomb is not', async () => {
  const zipped = (text: string) =>
    http((_, answer) => answer.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text)))
  expect(Buffer.from((await ask(await zipped('small'))).body).toString()).toBe('small')
  expect((await failure(ask(await zipped('x'.repeat(100_000))))).kind).toBe('too-large')
})

test('an https server is verified by name and by authority, and cannot be asked unverified', async () => {
  const authority = await createTestAuthority()
  const serve = async (ipAddresses: string[]) => {
    const leaf = await authority.issue({ ipAddresses, dnsNames: ['other.example'] })
    const server = createTlsServer({ key: leaf.key, cert: leaf.certificate }, (_, answer) => answer.end('ok'))
    return new URL(`https://127.0.0.1:${await listen(server)}/`)
  }
  const right = await serve(['127.0.0.1'])
  const wrongName = await serve(['127.0.0.9'])
  expect((await ask(right, { ca: authority.certificate })).status).toBe(200)
  expect((await failure(ask(right))).kind).toBe('tls')
  expect((await failure(ask(right, { ca: (await createTestAuthority()).certificate }))).kind).toBe('tls')
  const named = await failure(ask(wrongName, { ca: authority.certificate }))
  expect([named.kind, /does not match|altname/i.test(named.message)]).toEqual(['tls', true])
  expect((await failure(ask(right, { ca: 'not a certificate' }))).kind).toBe('tls')
})

test('TLS to a plaintext server and plaintext to a TLS server both fail in words', async () => {
  const plain = await http((_, answer) => answer.end('ok'))
  expect((await failure(ask(new URL(plain.href.replace('http:', 'https:'))))).kind).toBe('tls')
  const leaf = await (await createTestAuthority()).issue({ ipAddresses: ['127.0.0.1'] })
  const port = await listen(createTlsServer({ key: leaf.key, cert: leaf.certificate }))
  expect((await failure(ask(new URL(`http://127.0.0.1:${port}/`)))).kind).toBe('broken')
})

test('credentials in an address never reach a message', async () => {
  const error = await failure(ask(new URL('http://user:canary@127.0.0.1:1/x')))
  expect(error.message).not.toContain('canary')
  expect((await failure(ask(new URL('ftp://127.0.0.1/')))).kind).toBe('unreachable')
})

test('it works over any stream, such as one that is no socket', async () => {
  const received: string[] = []
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _, done) {
      received.push(chunk.toString())
      this.push('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      done()
    },
  })
  const answer = await createHttpGet(async () => stream)(new URL('http://pod:15000/certs'), {
    signal: new AbortController().signal,
    deadlineMs: 1000,
    maxBytes: 10,
  })
  expect([Buffer.from(answer.body).toString(), received.join('').startsWith('GET /certs HTTP/1.1')]).toEqual([
    'ok',
    true,
  ])
})

test('a dialler that never comes back is given up at the deadline', async () => {
  const asked = createHttpGet(() => new Promise(() => undefined))(new URL('http://pod/'), {
    signal: new AbortController().signal,
    deadlineMs: 50,
    maxBytes: 10,
  })
  expect((await failure(asked)).kind).toBe('timed-out')
})
