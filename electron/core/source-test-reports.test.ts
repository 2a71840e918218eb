import { expect, test } from 'vitest'
import type { SourceTest } from '../../shared/contract/environments.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { type BinaryName, componentOf } from '../../test/lab/provision/components.ts'
import { reportOf, testedVersions } from './source-test-reports.ts'

const environment = environmentSchema.parse({
  apiVersion: 'everyhop.dev/v1',
  kind: 'Environment',
  name: 'x',
  sources: {
    kubernetes: [{ id: 'cluster', context: 'prod' }],
    spire: [
      {
        id: 'spire',
        cluster: 'cluster',
        trustDomain: 'a.example',
        identity: { certificate: 'svid.pem', key: 'k', bundle: 'b' },
      },
    ],
  },
})
function testOf(over: Partial<SourceTest>): SourceTest {
  return {
    source: 'kubernetes',
    instance: 'cluster',
    address: 'https://k',
    outcome: 'partly',
    version: null,
    tookMs: 1,
    steps: [],
    ...over,
  }
}
const step = (what: string, outcome: SourceTest['steps'][number]['outcome'], detail = '') => ({
  what,
  locator: `GET ${what}`,
  outcome,
  detail,
})

test('a right that is refused is missing, named with the user, and asked for alone', () => {
  const detail = 'pods/log is forbidden: User "reader" cannot get resource'
  const report = reportOf(
    testOf({
      version: 'v1.36.2',
      steps: [step('connection', 'read'), step('pods', 'read'), step('pods/log', 'forbidden', detail)],
    }),
    environment,
  )
  expect(report).toMatchObject({
    reached: true,
    tls: 'verified',
    support: { state: 'tested' },
    identity: { kind: 'kubeconfig-user', name: 'reader' },
    rights: [
      { what: 'pods', state: 'held' },
      { what: 'pods/log', state: 'missing' },
    ],
    unknown: ['pods/log'],
    ask: { kind: 'kubernetes', rights: ['pods/log'], user: 'reader' },
  })
})

test('what was not reached proves nothing: no right is held or missing, TLS and version are unknown', () => {
  const report = reportOf(
    testOf({ outcome: 'unusable', steps: [step('connection', 'unreachable', 'connection refused')] }),
    environment,
  )
  expect(report).toMatchObject({
    reached: false,
    tls: 'unknown',
    rights: [],
    ask: null,
    support: { state: 'not-told' },
  })
  const refused = reportOf(
    testOf({ steps: [step('connection', 'unreachable', "the API server's certificate has expired")] }),
    environment,
  )
  expect(refused.tls).toBe('failed')
  const list = reportOf(testOf({ steps: [step('connection', 'read'), step('pods', 'timed-out')] }), environment)
  expect(list.rights).toEqual([{ what: 'pods', right: 'pods', state: 'unknown' }])
})

test('a program that was not allowed to run is no right of the cluster that is missing', () => {
  const report = reportOf(
    testOf({ outcome: 'unusable', steps: [step('kubeconfig', 'forbidden', 'runs aws')] }),
    environment,
  )
  expect(report).toMatchObject({ reached: false, rights: [], ask: null, unknown: ['kubeconfig'] })
})

test('a SPIRE server of another trust domain answered, and was not believed', () => {
  const detail = 'pod presents spiffe://b.example/spire/server, expected spiffe://a.example/spire/server'
  const report = reportOf(
    testOf({
      source: 'spire',
      instance: 'spire',
      address: 'spire-server in cluster cluster',
      steps: [step('connection', 'invalid', `certificate: ${detail}`)],
    }),
    environment,
  )
  expect(report).toMatchObject({
    reached: true,
    tls: 'failed',
    identity: { kind: 'svid-files', name: 'svid.pem' },
    ask: null,
  })
})

test('a SPIRE server that was found and has no identity asks for the rule', () => {
  const found = testOf({
    source: 'spire',
    instance: 'spire.x',
    address: 'pod spire/s-0',
    steps: [step('registration-entries', 'not-configured')],
  })
  expect(reportOf(found, environment)).toMatchObject({
    identity: { kind: 'missing' },
    reached: false,
    ask: { kind: 'spire' },
  })
})

test('a version that was not tested is said to be so', () => {
  expect(reportOf(testOf({ version: 'v1.29.0', steps: [step('connection', 'read')] }), environment).support.state).toBe(
    'untested',
  )
})

test('versions that Everyhop says it is tested with are those that the lab starts', () => {
  const lab = {
    kubernetes: 'kube-apiserver',
    spire: 'spire-server',
    envoy: 'envoy',
    opa: 'opa-envoy',
    vault: 'vault',
    loki: 'loki',
  } as const satisfies Record<keyof typeof testedVersions, BinaryName>
  const started = Object.entries(lab).map(([kind, name]) => {
    const [major, minor] = componentOf(name).version.split('.')
    return [kind, [`${major}.${minor}`]]
  })
  expect(testedVersions).toEqual(Object.fromEntries(started))
})

test('a log has no version, and a Loki is one of a version that it does not tell', () => {
  const withHistory = environmentSchema.parse({
    ...environment,
    history: [{ id: 'loki', kind: 'loki', url: 'https://loki.example', select: { 'envoy-access': '{a="b"}' } }],
  })
  const supportOf = (instance: string) => reportOf(testOf({ source: 'logs', instance }), withHistory).support
  expect(supportOf('gateway-access')).toEqual({ state: 'no-version', tested: [] })
  expect(supportOf('loki')).toEqual({ state: 'not-told', tested: testedVersions.loki })
})
