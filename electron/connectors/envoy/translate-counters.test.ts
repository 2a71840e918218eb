import { expect, test } from 'vitest'
import { counterFilter } from './client.ts'
import { createCounterWindow } from './counter-window.ts'
import { readTotals, translateCounters } from './translate-counters.ts'

const ssl = [
  'handshake',
  'connection_error',
  'no_certificate',
  'fail_verify_no_cert',
  'fail_verify_error',
  'fail_verify_san',
  'fail_verify_cert_hash',
]
const tlsOf = (stat: string, value: number) => Object.fromEntries(ssl.map((name) => [`${stat}.ssl.${name}`, value]))
const traffic = (name: string, value: number) =>
  Object.fromEntries(
    ['rq_total', 'cx_total', 'cx_connect_fail', 'rq_timeout'].map((part) => [
      `cluster.${name}.upstream_${part}`,
      value,
    ]),
  )
const names = { listeners: new Map([['10.0.0.1_443', '10.0.0.1:443']]), clusters: new Map([['a_b', 'a:b']]) }

function reader(windowSeconds = 60) {
  const window = createCounterWindow(windowSeconds)
  return (at: number, values: Record<string, number>, uptime: number | null = null) =>
    translateCounters({ envoy: 'gateway', at }, new Map(Object.entries(values)), uptime, window, names)
}

test('counters become facts under the names that configuration has for listeners and clusters', () => {
  const { facts, problems } = reader()(1000, {
    ...tlsOf('listener.10.0.0.1_443', 2),
    'listener.10.0.0.1_443.server_ssl_socket_factory.downstream_context_secrets_not_ready': 4,
    'listener.10.0.0.1_443.server_ssl_socket_factory.upstream_context_secrets_not_ready': 9,
    ...tlsOf('cluster.a_b', 3),
    'cluster.a_b.client_ssl_socket_factory.upstream_context_secrets_not_ready': 5,
    ...traffic('a_b', 7),
    'http.in.ext_authz.ok': 1,
    'http.in.ext_authz.second.ok': 2,
    'http.in.ext_authz.denied': 3,
  })
  expect(problems).toEqual([])
  expect(facts).toMatchObject([
    { on: { listener: '10.0.0.1:443' }, handshake: { total: 2, delta: null }, secretsNotReady: { total: 4 } },
    { on: { cluster: 'a:b' }, failVerifySan: { total: 3 }, secretsNotReady: { total: 5 } },
    { statPrefix: 'in', ok: { total: 3 }, denied: { total: 3 }, error: { total: 0 }, windowFrom: null },
    { cluster: 'a:b', requests: { total: 7 }, from: { locator: 'GET /stats?filter=cluster.a_b.upstream_' } },
  ])
  expect(facts.map((fact) => fact.id)).toEqual([
    'envoy/gateway/counters#envoy-tls-counters/listener/10.0.0.1:443',
    'envoy/gateway/counters#envoy-tls-counters/cluster/a:b',
    'envoy/gateway/counters#envoy-authorisation-counters/in',
    'envoy/gateway/counters#envoy-traffic-counters/a:b',
  ])
})

test('a listener that configuration does not name any more keeps its address', () => {
  const { facts } = reader()(1000, tlsOf('listener.10.9.9.9_80', 0))
  expect(facts).toMatchObject([{ on: { listener: '10.9.9.9:80' } }])
})

test('counters that Envoy was told not to keep are a gap and never zero', () => {
  const { facts, problems } = reader()(1000, { 'listener.x.ssl.handshake': 1, 'cluster.c.upstream_rq_total': 1 })
  expect(facts).toEqual([])
  expect(problems.map((problem) => [problem.reason, problem.detail.split(':')[0]])).toEqual([
    ['not-configured', 'listener.x.ssl'],
    ['not-configured', 'cluster.c.upstream'],
  ])
})

test('before SDS delivered there are no handshakes to count, only connections that were turned away', () => {
  const { facts } = reader()(1000, {
    'listener.10.0.0.1_443.server_ssl_socket_factory.downstream_context_secrets_not_ready': 6,
  })
  expect(facts).toMatchObject([{ handshake: { total: 0 }, secretsNotReady: { total: 6 } }])
})

function growth(samples: readonly (readonly [at: number, total: number, uptime?: number])[], windowSeconds = 60) {
  const window = createCounterWindow(windowSeconds)
  return samples.map(([at, total, uptime]) => {
    const reading = window.add(at * 1000, new Map([['a', total]]), uptime ?? null)
    return [reading.windowFrom === null ? null : reading.windowFrom / 1000, reading.counter('a').delta]
  })
}

test('growth is counted from the first sample until there is one from before the window', () => {
  expect(
    growth([
      [0, 10],
      [5, 12],
      [30, 20],
      [60, 30],
      [65, 31],
      [100, 40],
    ]),
  ).toEqual([
    [null, null],
    [0, 2],
    [0, 10],
    [0, 20],
    [5, 19],
    [30, 20],
  ])
})

test('a restart begins a new window, by uptime or by a total that shrank', () => {
  expect(
    growth([
      [0, 10, 100],
      [5, 12, 3],
      [10, 14, 8],
    ]),
  ).toEqual([
    [null, null],
    [null, null],
    [5, 2],
  ])
  expect(
    growth([
      [0, 10],
      [5, 2],
      [10, 3],
    ]),
  ).toEqual([
    [null, null],
    [null, null],
    [5, 1],
  ])
})

test('a sample from long ago says nothing about now', () => {
  expect(
    growth([
      [0, 10],
      [301, 500],
      [310, 501],
    ]),
  ).toEqual([
    [null, null],
    [null, null],
    [301, 1],
  ])
})

test('a slow sweep still has a window: the last sample before it', () => {
  expect(
    growth([
      [0, 1],
      [200, 5],
      [400, 9],
    ]),
  ).toEqual([
    [null, null],
    [0, 4],
    [200, 4],
  ])
})

test('a long window with quick readings keeps few samples and still grows right', () => {
  const samples = Array.from({ length: 800 }, (_, index) => [index * 5, index] as const)
  const [from, delta] = growth(samples, 3600).at(-1) ?? []
  expect([Number(from) <= 399 * 10 - 3600 + 5, Number(delta) >= 720, Number(delta) <= 760]).toEqual([true, true, true])
})

test('a counter that is new grew from zero', () => {
  const window = createCounterWindow(60)
  window.add(0, new Map(), null)
  expect(window.add(5000, new Map([['new', 3]]), null).counter('new')).toEqual({ total: 3, delta: 3 })
})

test('totals are read as numbers or as strings of digits, and histograms are passed over', () => {
  const stats = [{ name: 'a', value: 1 }, { name: 'b', value: '2' }, { histograms: {} }, { name: 'c' }]
  expect([...readTotals({ stats })]).toEqual([
    ['a', 1],
    ['b', 2],
  ])
  expect(() => readTotals({ stats: [{ name: 'a', value: 'many' }] })).toThrow('stats')
  expect(() => readTotals({})).toThrow('stats')
})

test('the filter asks for what becomes facts and for nothing else', () => {
  const filter = new RegExp(counterFilter)
  const wanted = [
    ...Object.keys(tlsOf('listener.10.0.0.1_443', 0)),
    ...Object.keys(traffic('a.b', 0)),
    'http.in.ext_authz.ok',
    'http.in.ext_authz.x.failure_mode_allowed',
    'cluster.c.client_ssl_socket_factory.upstream_context_secrets_not_ready',
  ]
  expect(wanted.filter((name) => !filter.test(name))).toEqual([])
  const unwanted = [
    'cluster.a.upstream_rq_200',
    'cluster.a.ssl.ciphers.X',
    'cluster.a.ssl.handshake_more',
    'http.in.ext_authz.shadow_denied',
    'server.uptime',
  ]
  expect(unwanted.filter((name) => filter.test(name))).toEqual([])
})
