import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { envoyConnector } from '../../electron/connectors/envoy/index.ts'
import { dial } from '../../electron/platform/dial.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'

/** The listener of docs/rights/envoy-read-only-listener.yaml in a real Envoy: all that Everyhop asks, and nothing else. */

const shipped = new URL('../../docs/rights/envoy-read-only-listener.yaml', import.meta.url)

let folder = ''
let port = 0
let socket = ''
let envoy: ReturnType<typeof spawn>

beforeAll(async () => {
  const binaries = await ensureBinaries(['envoy'], { log: (line) => console.log(line) })
  folder = await mkdtemp(join(tmpdir(), 'safer-'))
  socket = join(folder, 'admin.sock')
  port = await freePort()
  const text = await readFile(shipped, 'utf8')
  const config = text.replaceAll('/tmp/envoy-admin.sock', socket).replace('port_value: 15009', `port_value: ${port}`)
  expect(config).not.toBe(text)
  await writeFile(join(folder, 'envoy.yaml'), config)
  const options = ['--config-path', join(folder, 'envoy.yaml'), '--concurrency', '1', '--disable-hot-restart']
  envoy = spawn(binaries.envoy.path, [...options, '--log-level', 'warning'], { stdio: 'inherit' })
  while ((await ask('GET', '/server_info').catch(() => ({ status: 0 }))).status !== 200) {
    if (envoy.exitCode !== null) throw new Error(`Envoy ended with ${envoy.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}, 600_000)

afterAll(async () => {
  if (envoy?.exitCode === null) {
    const ended = new Promise((resolve) => envoy.once('exit', resolve))
    envoy.kill('SIGTERM')
    await ended
  }
  await rm(folder, { recursive: true, force: true })
})

test('everything that Everyhop reads of an Envoy is let through', async () => {
  const source = { id: 'gateway', admin: `http://127.0.0.1:${port}` }
  const ports = connectorPorts({ dial, get: createHttpGet(dial) })
  const answer = await envoyConnector.test(
    source,
    { baseDirectory: '/', windowSeconds: 60 },
    ports,
    new AbortController().signal,
  )
  expect(answer.steps.filter(({ outcome }) => outcome !== 'read')).toEqual([])
  expect([answer.outcome, answer.version]).toEqual(['usable', expect.stringMatching(/^\d+\.\d+/)])
})

test.each([
  ['POST', '/quitquitquit'],
  ['GET', '/quitquitquit'],
  ['POST', '/drain_listeners'],
  ['POST', '/logging?level=trace'],
  ['POST', '/healthcheck/fail'],
  ['POST', '/reset_counters'],
  ['POST', '/server_info'],
  ['GET', '/config_dump'],
  ['GET', '/config_dump?resource=bootstrap'],
  ['GET', '/config_dump?resource=static_listeners_and_more'],
  ['GET', '/config_dump?include_eds'],
  ['GET', '/runtime'],
  ['GET', '/memory'],
  ['GET', '/'],
  ['GET', '/server_info/../quitquitquit'],
  ['GET', '/server_info%2f..%2fquitquitquit'],
  ['GET', '//quitquitquit'],
  ['GET', '/stats/../quitquitquit?x=/stats'],
  ['GET', '/stats/prometheus'],
])('%s %s is answered by the listener itself', async (method, path) => {
  expect(await ask(method, path)).toEqual({ status: 403, body: 'this listener only reads\n' })
})

test('a second request hidden in the first is no way in either', async () => {
  const raw =
    'GET /certs HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\nPOST /quitquitquit HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const stream = connect(port, '127.0.0.1', () => stream.write(raw))
    stream.on('data', (bytes) => {
      text += bytes.toString()
    })
    stream.on('end', () => resolve(text))
    stream.on('error', reject)
  })
  expect(answer.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403'])
})

test('the admin endpoint itself is a socket that only its own user may open, and Envoy still runs', async () => {
  const { mode } = await stat(socket)
  expect([mode & 0o777, envoy.exitCode]).toEqual([0o600, null])
})

function ask(method: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ method, path, port, host: '127.0.0.1', agent: false }, (answer) => {
      let body = ''
      answer.on('data', (bytes: Buffer) => {
        body += bytes.toString()
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
