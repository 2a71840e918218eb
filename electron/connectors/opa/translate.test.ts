import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { masked, parseJson } from './problem.ts'
import {
  droppedInMetrics,
  droppedInStatus,
  translateBundles,
  translateDecisionLog,
  translateInstance,
  translatePolicies,
} from './translate.ts'
import { config as configSchema, status as statusSchema } from './wire.ts'

const asked = { opa: 'shared', at: 5000 }
const configOf = (result: object = {}) => configSchema.parse({ result }).result
const statusOf = (result: object = {}) => statusSchema.parse({ result }).result
const bundle = (more: object = {}) => ({
  name: 'authz',
  active_revision: 'rev-001',
  last_request: '2026-11-22T00:09:20.35819833Z',
  last_successful_request: '2026-11-22T00:09:19.35819833Z',
  last_successful_download: '2026-11-22T00:09:18Z',
  last_successful_activation: '2026-11-22T00:09:18Z',
  ...more,
})

test('an instance is read with labels, version and its Envoy plugin; credentials in its configuration are not', () => {
  const config = configOf({
    labels: { id: 'u-1', version: '1.15.2', team: 'a' },
    services: { lab: { url: 'https://b', credentials: { bearer: { token: 'canary' } } } },
    keys: { k: { key: 'canary' } },
    status: { service: 'lab' },
    plugins: { envoy_ext_authz_grpc: { addr: '127.0.0.1:9191', path: 'p/allow', 'dry-run': true } },
  })
  const fact = translateInstance({ ...asked, clockSkewMs: 0 }, config, null, true)
  expect(fact).toEqual({
    kind: 'opa-instance',
    id: 'opa/shared/instance#opa-instance/shared',
    from: { source: 'opa', instance: 'shared', locator: 'GET /v1/config', observedAt: 5000, basis: 'measured' },
    opa: 'shared',
    instanceId: 'u-1',
    version: '1.15.2',
    labels: { id: 'u-1', version: '1.15.2', team: 'a' },
    extAuthz: { address: '127.0.0.1:9191', path: 'p/allow', dryRun: true },
    statusConfigured: true,
    clockSkewMs: 0,
  })
  expect(JSON.stringify(config)).not.toContain('canary')
})

test('what the plugin leaves to its defaults is told as the defaults; without it there is none', () => {
  expect(
    translateInstance({ ...asked, clockSkewMs: 0 }, configOf({ plugins: { envoy_ext_authz_grpc: {} } }), null, null)
      .extAuthz,
  ).toEqual({
    address: ':9191',
    path: 'envoy/authz/allow',
    dryRun: false,
  })
  expect(translateInstance({ ...asked, clockSkewMs: 0 }, configOf(), null, null)).toMatchObject({
    extAuthz: null,
    instanceId: null,
    version: null,
    statusConfigured: false,
  })
  expect(
    translateInstance({ ...asked, clockSkewMs: 0 }, configOf({ status: { console: true } }), null, null)
      .statusConfigured,
  ).toBe(true)
})

test('a bundle is told by its times, and its polling and signing by the configuration', () => {
  const config = configOf({
    bundles: {
      authz: { polling: { max_delay_seconds: 2, long_polling_timeout_seconds: 10 }, signing: { keyid: 'k' } },
    },
  })
  const { facts, problems } = translateBundles(asked, statusOf({ bundles: { authz: bundle() } }), config)
  expect(problems).toEqual([])
  expect(facts).toMatchObject([
    {
      id: 'opa/shared/status#opa-bundle/authz',
      from: { locator: 'GET /v1/status' },
      activeRevision: 'rev-001',
      lastRequestAt: Date.parse('2026-11-22T00:09:20.358Z'),
      lastSuccessfulRequestAt: Date.parse('2026-11-22T00:09:19.358Z'),
      code: null,
      message: null,
      httpCode: null,
      errors: [],
      maxPollSeconds: 12,
      signed: true,
    },
  ])
})

test('Go’s zero time means never, and no revision means never activated', () => {
  const never = {
    name: 'authz',
    last_successful_activation: '0001-01-01T00:00:00Z',
    last_request: '0001-01-01T00:00:00Z',
  }
  expect(translateBundles(asked, statusOf({ bundles: { authz: never } }), configOf()).facts).toMatchObject([
    { activeRevision: null, lastSuccessfulActivationAt: null, lastRequestAt: null, lastSuccessfulRequestAt: null },
  ])
})

test('a bundle without a revision name is active when it was activated: opa build gives none by itself', () => {
  const unnamed = { name: 'authz', last_successful_activation: '2026-11-22T00:09:19.358Z' }
  expect(translateBundles(asked, statusOf({ bundles: { authz: unnamed } }), configOf()).facts).toMatchObject([
    { activeRevision: '' },
  ])
})

test('polling and signing are unknown without configuration, unsigned when it names no key, endless when by hand', () => {
  const read = (config: ReturnType<typeof configOf> | null) =>
    translateBundles(asked, statusOf({ bundles: { authz: bundle() } }), config).facts[0]
  expect(read(null)).toMatchObject({ maxPollSeconds: null, signed: null })
  expect(read(configOf())).toMatchObject({ maxPollSeconds: null, signed: null })
  expect(read(configOf({ bundles: { authz: {} } }))).toMatchObject({ maxPollSeconds: 120, signed: false })
  expect(read(configOf({ bundles: { authz: { trigger: 'manual' } } }))).toMatchObject({ maxPollSeconds: null })
})

test('failures keep code, words, HTTP code and places, as measured on a real OPA', () => {
  const location = { file: 'src/authz.rego', row: 3, col: 0 }
  const errors = [
    { code: 'rego_parse_error', message: 'unexpected eof token', location, details: { line: 'allow if if' } },
    { message: 'no place' },
    'only text',
  ]
  const failed = { code: 'bundle_error', message: 'server replied with Not Found', http_code: 404, errors }
  expect(translateBundles(asked, statusOf({ bundles: { authz: bundle(failed) } }), configOf()).facts).toMatchObject([
    {
      code: 'bundle_error',
      message: 'server replied with Not Found',
      httpCode: 404,
      errors: ['rego_parse_error: unexpected eof token (src/authz.rego:3)', 'no place', 'only text'],
      activeRevision: 'rev-001',
    },
  ])
})

test('one bundle that is not understood is a gap for it, and one that the status is silent about is too', () => {
  const status = statusOf({ bundles: { odd: { active_revision: 7 }, good: bundle() } })
  const { facts, problems } = translateBundles(asked, status, configOf({ bundles: { silent: {}, good: {} } }))
  expect(facts).toMatchObject([{ name: 'good' }])
  expect(problems.map((problem) => problem.detail)).toEqual([
    expect.stringContaining('bundle odd at active_revision'),
    expect.stringContaining('bundle silent is configured'),
  ])
})

test('decision logs: none, to a service, failing, dropping', () => {
  expect(translateDecisionLog(asked, configOf(), null, null)).toMatchObject({
    configured: false,
    service: null,
    dropped: null,
  })
  expect(translateDecisionLog(asked, configOf({ decision_logs: { console: true } }), null, 0)).toMatchObject({
    configured: true,
    service: null,
  })
  const failing = statusOf({ decision_logs: { code: 'decision_log_error', message: 'HTTP 501', http_code: 501 } })
  expect(translateDecisionLog(asked, configOf({ decision_logs: { service: 'lab' } }), failing, 3)).toMatchObject({
    id: 'opa/shared/decision-log#opa-decision-log/shared',
    service: 'lab',
    code: 'decision_log_error',
    message: 'HTTP 501',
    dropped: 3,
  })
})

test('drops are summed from the status; an absent counter is zero only where there are metrics at all', () => {
  const prometheus = {
    counter_decision_logs_dropped_rate_limit_exceeded: 2,
    counter_decision_logs_dropped_buffer_size_limit_bytes_exceeded: 3,
    counter_status_dropped_buffer_limit_exceeded: 100,
    go_info: { name: 'go_info', metric: [] },
  }
  expect(droppedInStatus(statusOf({ metrics: { prometheus } }))).toBe(5)
  expect(droppedInStatus(statusOf({ metrics: { '<built-in>': {} } }))).toBe(0)
  expect([droppedInStatus(statusOf()), droppedInStatus(null)]).toEqual([null, null])
})

test('drops are read from Prometheus text by name, and other lines are passed over', () => {
  const text = [
    '# HELP decision_logs_dropped_rate_limit_exceeded_total Counter',
    'decision_logs_dropped_rate_limit_exceeded_total 4',
    'counter_decision_logs_dropped_buffer_size_limit_exceeded{a="b"} 1e+01 1795307458000',
    'decision_logs_chunks_uploaded_total 99',
    'go_info{version="go1"} 1',
  ].join('\n')
  expect(droppedInMetrics(text)).toBe(14)
  expect([droppedInMetrics(''), droppedInMetrics('go_info 1\n<html>')]).toEqual([null, null])
})

test('policies are kept by id, package and hash, and their text is not', () => {
  const raw = 'package pipeline.authz\n\nallow := "canary"\n'
  const path = [{ type: 'var', value: 'data' }, { value: 'pipeline' }, { value: 'authz' }]
  const answer = {
    result: [
      { id: 'a.rego', raw, ast: { package: { path }, rules: [] } },
      { id: 'b.rego', raw: '# comment\npackage  other.one # why\n' },
      { id: 'c.rego', raw: 'rubbish' },
      { id: 4 },
    ],
  }
  const { facts, problems } = translatePolicies(asked, JSON.stringify(answer))
  expect(facts).toMatchObject([
    {
      id: 'opa/shared/policies#opa-policy/a.rego',
      package: 'pipeline.authz',
      sha256: createHash('sha256').update(raw).digest('hex'),
    },
    { package: 'other.one' },
    { package: null },
  ])
  expect(JSON.stringify(facts)).not.toContain('canary')
  expect(problems).toMatchObject([{ what: 'policy', reason: 'invalid' }])
})

test('credentials and signed addresses in OPA’s own errors are taken out', () => {
  const said = 'Get "https://u:canary@b.example/x?X-Amz-Signature=canary&v=1": 403 (authorization: Bearer canary)'
  expect(masked(said)).toBe('Get "https://***@b.example/x?X-Amz-Signature=***&v=***": 403 (authorization: Bearer ***)')
  const status = statusOf({ bundles: { authz: bundle({ code: 'bundle_error', message: said, errors: [said] }) } })
  expect(JSON.stringify(translateBundles(asked, status, null))).not.toContain('canary')
})

test('an answer of another shape is not understood, with its place', () => {
  expect(() => parseJson(statusSchema, '{"result":{"bundles":7}}', 'GET /v1/status')).toThrow('result.bundles')
  expect(() => parseJson(statusSchema, '{"result":', 'GET /v1/status')).toThrow('not JSON')
})
