import { expect, test } from 'vitest'
import { connectorPorts } from '../../../test/builders/connector-ports.ts'
import type { HttpAnswer } from '../../core/ports.ts'
import { HttpFailure, type HttpFailureKind } from '../../core/ports.ts'
import { createEnvoyClient, EnvoyFailure, envoyReads, locatorOf } from './client.ts'

const never = new AbortController().signal
const answer = (status: number, body: string, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers,
  body: new TextEncoder().encode(body),
})

function client(get: () => Promise<HttpAnswer>) {
  const asked: string[] = []
  let tokens = 0
  const holds: (number | null)[] = []
  const ask = createEnvoyClient('http://127.0.0.1:9901/', {
    ...connectorPorts(),
    clock: { now: () => 10_000, sleep: () => Promise.resolve() },
    get: (url) => {
      asked.push(`${url.pathname}${url.search}`)
      return get()
    },
    pace: {
      turn: () => Promise.resolve(),
      request: () => Promise.resolve(void (tokens += 1)),
      holdOff: (retryAfterMs) => void holds.push(retryAfterMs),
    },
  })
  return { ask, asked, tokens: () => tokens, holds }
}

async function failureOf(promise: Promise<unknown>): Promise<EnvoyFailure> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof EnvoyFailure)) throw new Error(`expected an EnvoyFailure, got ${String(error)}`)
  return error
}

test('only paths on the list are asked; what is not on it is refused before any connection or token', async () => {
  const { ask, asked, tokens } = client(() => Promise.resolve(answer(200, '{}')))
  for (const path of ['/quitquitquit', '/config_dump', '/server_info', '/logging?level=debug', '/clusters']) {
    await expect(ask({ ...envoyReads.serverInfo, path } as typeof envoyReads.serverInfo, never)).rejects.toThrow(
      'not on the list',
    )
  }
  expect([asked, tokens()]).toEqual([[], 0])
})

test('nothing on the list can change an Envoy or dump its whole configuration', () => {
  const mutating =
    /quit|drain|logging|reset|runtime_modify|healthcheck|cpuprofiler|heap|reopen|hot_restart|contention|tap/
  for (const { path } of Object.values(envoyReads)) {
    expect(path).not.toMatch(mutating)
    if (path.startsWith('/config_dump')) expect(path).toContain('?resource=')
    if (path.startsWith('/stats')) expect(path).toContain('filter=')
  }
})

test('each request takes one token of the budget and is asked below the address as written', async () => {
  const { ask, asked, tokens } = client(() => Promise.resolve(answer(200, '{"a":1}')))
  expect((await ask(envoyReads.certificates, never)).value).toEqual({ a: 1 })
  expect([asked, tokens()]).toEqual([['/certs'], 1])
})

test.each([
  [429, { 'retry-after': '120' }, [120_000]],
  [429, { 'retry-after': new Date(40_000).toUTCString() }, [30_000]],
  [429, { 'retry-after': 'later' }, [null]],
  [429, {}, [null]],
  [500, { 'retry-after': '120' }, []],
])('HTTP %i with %o holds the source off for %o', async (status, headers, expected) => {
  const { ask, holds } = client(() => Promise.resolve(answer(status, 'no', headers)))
  await failureOf(ask(envoyReads.certificates, never))
  expect(holds).toEqual(expected)
})

test('the clock of the date header is compared with ours, in whole seconds', async () => {
  const skew = async (headers: Record<string, string>) =>
    (await client(() => Promise.resolve(answer(200, '{}', headers))).ask(envoyReads.certificates, never)).clockSkewMs
  expect(await skew({ date: new Date(10_000).toUTCString() })).toBe(1000)
  expect(await skew({ date: new Date(9000).toUTCString() })).toBe(0)
  expect(await skew({ date: new Date(-290_000).toUTCString() })).toBe(-299_000)
  expect([await skew({}), await skew({ date: 'yesterday' })]).toEqual([null, null])
})

test.each([
  [401, 'forbidden', true],
  [403, 'forbidden', true],
  [404, 'unsupported', true],
  [405, 'unsupported', true],
  [302, 'invalid', true],
  [500, 'unreachable', true],
  [503, 'unreachable', true],
  [429, 'unreachable', false],
])('status %i is %s, with what the server said', async (status, reason, connected) => {
  const failure = await failureOf(
    client(() => Promise.resolve(answer(status, 'said the server'))).ask(envoyReads.certificates, never),
  )
  expect([failure.reason, failure.connected]).toEqual([reason, connected])
  expect(failure.message).toContain(`GET /certs answered HTTP ${status}: said the server`)
})

test.each([
  ['unreachable', 'unreachable', false],
  ['timed-out', 'timed-out', false],
  ['broken', 'invalid', false],
  ['tls', 'unreachable', false],
  ['too-large', 'invalid', true],
] as const)('a %s transport is %s', async (kind: HttpFailureKind, reason, connected) => {
  const failing = client(() => Promise.reject(new HttpFailure(kind, 'words')))
  const failure = await failureOf(failing.ask(envoyReads.staticListeners, never))
  expect([failure.reason, failure.connected]).toEqual([reason, connected])
})

test('an answer that is larger than its limit says so with the limit', async () => {
  const failing = client(() => Promise.reject(new HttpFailure('too-large', 'words')))
  expect((await failureOf(failing.ask(envoyReads.staticListeners, never))).message).toContain('larger than 32 MB')
})

test.each(['{"configs":[', '', 'upstream connect error', '\u0000'])('an answer %j is invalid', async (body) => {
  const failure = await failureOf(client(() => Promise.resolve(answer(200, body))).ask(envoyReads.certificates, never))
  expect([failure.reason, failure.message.startsWith('GET /certs: the answer is not JSON')]).toEqual(['invalid', true])
})

test('aborting rejects with the reason of the signal, not with a failure of the Envoy', async () => {
  const abort = new AbortController()
  const reason = new Error('enough')
  abort.abort(reason)
  const aborted = client(() => Promise.reject(new HttpFailure('cancelled', 'words')))
  await expect(aborted.ask(envoyReads.certificates, abort.signal)).rejects.toBe(reason)
})

test('a locator is what a person can ask by hand', () => {
  expect(locatorOf(envoyReads.staticListeners)).toBe('GET /config_dump?resource=static_listeners')
  expect(locatorOf(envoyReads.counters)).toBe('GET /stats?format=json')
})
