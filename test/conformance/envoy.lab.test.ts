import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { envoyReads } from '../../electron/connectors/envoy/client.ts'
import { envoyConnector } from '../../electron/connectors/envoy/index.ts'
import { envoyParts } from '../../electron/connectors/envoy/reading.ts'
import { readAuthority, readCertificate } from '../../electron/connectors/envoy/x509.ts'
import { dial } from '../../electron/platform/dial.ts'
import { createHttpGet } from '../../electron/platform/http-get.ts'
import type { EnvoyFact } from '../../shared/domain/model/envoy-facts.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import { connectorPorts } from '../builders/connector-ports.ts'
import { gatewayId, modelId, type RealEnvoy, startEnvoy } from '../builders/envoy-server.ts'
import { ask } from '../builders/server-process.ts'
import { connectorSuite } from './connector-suite.ts'

const settings = { baseDirectory: '/', windowSeconds: 60 }
const ports = () => connectorPorts({ dial, get: createHttpGet(dial) })
const adminOf = (address: { readonly host: string; readonly port: number }) => `http://${address.host}:${address.port}`

connectorSuite({
  name: 'Envoy',
  connector: envoyConnector,
  ports,
  gapWithinMs: 4500,
  async startReal() {
    const envoy = await startEnvoy()
    await envoy.request('/')
    return {
      address: envoy.admin,
      sourceAt: (address) => ({ id: 'gateway', admin: adminOf(address) }),
      settings,
      scopes: envoyParts.map((part) => `envoy/gateway/${part}`),
      canaries: [envoy.leaves.gateway, envoy.leaves.model].map((leaf) => leaf.key.split('\n')[1] ?? ''),
      stop: () => envoy.stop(),
    }
  },
})

/** The first complete reading for which `enough` holds, as facts by kind. */
async function factsOf(envoy: RealEnvoy, enough: (facts: readonly EnvoyFact[]) => boolean = () => true) {
  const reports = new Map<string, Report>()
  const source = { id: 'gateway', admin: adminOf(envoy.admin) }
  for await (const report of envoyConnector.observe(source, settings, ports(), new AbortController().signal)) {
    reports.set(report.scope, report)
    if (reports.size < envoyParts.length) continue
    const facts = [...reports.values()].flatMap((known) => (known.facts ?? []) as EnvoyFact[])
    if (enough(facts)) return facts
    reports.clear()
  }
  throw new Error('the observation ended by itself')
}
const ofKind = <Kind extends EnvoyFact['kind']>(facts: readonly EnvoyFact[], kind: Kind) =>
  facts.filter((fact): fact is Extract<EnvoyFact, { kind: Kind }> => fact.kind === kind)

describe('a real Envoy', () => {
  let envoy: RealEnvoy
  beforeAll(async () => {
    envoy = await startEnvoy()
  })
  afterAll(() => envoy?.stop())

  test('answers every path on the list, so that none of them is a guess', async () => {
    const answers = await Promise.all(
      Object.values(envoyReads).map(async (read) => [
        read.path,
        (await ask(`${adminOf(envoy.admin)}${read.path}`)).status,
      ]),
    )
    const expected = Object.values(envoyReads).map((read) => [read.path, 200])
    // ECDS filters exist in the dump only where something uses ECDS, and are asked for only then.
    expect(answers.filter(([path]) => !String(path).includes('ecds'))).toEqual(
      expected.filter(([path]) => !String(path).includes('ecds')),
    )
  })

  test('is read as it is configured: both sides of the hop, and the guard with the route it leaves open', async () => {
    const facts = await factsOf(envoy)
    expect(ofKind(facts, 'envoy-proxy')).toMatchObject([
      { nodeId: 'gateway', version: '1.40.0', state: 'LIVE', clockSkewMs: 0 },
    ])
    const [door, ingress, egress] = ofKind(facts, 'envoy-listener')
    expect(door).toMatchObject({ name: 'admin_for_reading', filterChains: [{ tls: null, clusters: ['admin'] }] })
    expect(ingress).toMatchObject({
      name: 'ingress',
      address: envoy.ingress,
      direction: 'inbound',
      filterChains: [
        {
          tls: {
            side: 'downstream',
            certificateSecrets: [modelId],
            validationSecret: 'spiffe://pipeline.example',
            requireClientCertificate: true,
            peerMatchers: [{ sanType: 'URI', match: 'exact', value: gatewayId }],
            minimumVersion: 'TLSv1_3',
          },
          http: [
            {
              statPrefix: 'ingress',
              extAuthz: { cluster: 'opa', timeoutMs: 500, failureModeAllow: false, disabledRoutes: ['all: open'] },
            },
          ],
        },
      ],
    })
    expect(egress).toMatchObject({ direction: 'outbound', filterChains: [{ tls: null, clusters: ['hop_model'] }] })
    expect(ofKind(facts, 'envoy-cluster')).toMatchObject([
      { name: 'admin', tls: null },
      {
        name: 'hop_model',
        endpoints: [envoy.ingress],
        tls: { side: 'upstream', certificateSecrets: [gatewayId], peerMatchers: [{ value: modelId }] },
        sourceAddress: '127.0.0.1',
        http2: true,
      },
      { name: 'opa', tls: null },
    ])
  })

  test('is read whole through the read-only way of docs/rights/envoy.md, which lets nothing else through', async () => {
    const source = { id: 'gateway', admin: adminOf(envoy.reader) }
    const answer = await envoyConnector.test(source, settings, ports(), new AbortController().signal)
    expect([answer.outcome, answer.steps.filter((step) => step.outcome !== 'read')]).toEqual(['usable', []])
    const refused = ['/quitquitquit', '/logging', '/', '/runtime', '/certs/x', '/memory']
    const statuses = await Promise.all(refused.map(async (path) => (await ask(`${source.admin}${path}`)).status))
    expect(statuses).toEqual(refused.map(() => 403))
    expect((await fetch(`${source.admin}/certs`, { method: 'POST' })).status).toBe(403)
  })

  test('has loaded exactly the certificates on disk, by secret and by /certs', async () => {
    const facts = await factsOf(envoy)
    const onDisk = [readCertificate(envoy.leaves.gateway.certificate), readCertificate(envoy.leaves.model.certificate)]
    const bySecret = ofKind(facts, 'envoy-secret').flatMap((secret) => secret.certificate ?? [])
    expect(bySecret.toSorted((one, other) => one.serial.localeCompare(other.serial))).toEqual(onDisk)
    const loaded = ofKind(facts, 'envoy-certificate').map(({ certificate }) => certificate)
    expect(
      loaded
        .map(({ serial, spiffeId, notAfter }) => ({ serial, spiffeId, notAfter }))
        .toSorted((one, other) => one.serial.localeCompare(other.serial)),
    ).toEqual(onDisk.map(({ serial, spiffeId, notAfter }) => ({ serial, spiffeId, notAfter })))
    const [trusted] = ofKind(facts, 'envoy-secret').flatMap((secret) => secret.trusted ?? [])
    expect(trusted).toEqual({
      trustDomain: 'pipeline.example',
      authorities: [readAuthority(envoy.authority.certificate)],
    })
  })

  test('counts handshakes on both sides, refusals without a decision, and requests on an open route', async () => {
    const before = await factsOf(envoy)
    expect(await envoy.request('/')).toBe(403)
    expect(await envoy.request('/open')).toBe(200)
    const handshakes = (facts: readonly EnvoyFact[], on: object) =>
      ofKind(facts, 'envoy-tls-counters').find((fact) => JSON.stringify(fact.on) === JSON.stringify(on))?.handshake
        .total ?? -1
    const errors = (facts: readonly EnvoyFact[]) => ofKind(facts, 'envoy-authorisation-counters')[0]
    const after = await factsOf(
      envoy,
      (facts) => handshakes(facts, { listener: envoy.ingress }) >= handshakes(before, { listener: envoy.ingress }) + 2,
    )
    expect(handshakes(after, { cluster: 'hop_model' })).toBe(handshakes(before, { cluster: 'hop_model' }) + 2)
    expect(errors(after)).toMatchObject({ statPrefix: 'ingress', denied: { total: 0 } })
    expect(errors(after)?.error.total).toBe((errors(before)?.error.total ?? 0) + 1)
    // Measured: a route that switches the filter off is not counted anywhere, `disabled` is filter_enabled's alone.
    expect(errors(after)?.disabled.total).toBe(0)
    expect(
      ofKind(after, 'envoy-traffic-counters').find((fact) => fact.cluster === 'hop_model')?.requests.total,
    ).toBeGreaterThanOrEqual(2)
  })

  test('starts its window anew when it is restarted, and never shows a negative growth', async () => {
    const reports: EnvoyFact[][] = []
    const abort = new AbortController()
    const source = { id: 'gateway', admin: adminOf(envoy.admin) }
    for await (const report of envoyConnector.observe(source, settings, ports(), abort.signal)) {
      if (report.scope !== 'envoy/gateway/counters' || report.facts === null) continue
      reports.push(report.facts as EnvoyFact[])
      if (reports.length === 2) await envoy.restart()
      if (reports.length === 4) break
    }
    const windows = reports.map((facts) => ofKind(facts, 'envoy-traffic-counters')[0]?.windowFrom !== null)
    expect(windows).toEqual([false, true, false, true])
    const growth = reports.flatMap((facts) =>
      ofKind(facts, 'envoy-tls-counters').map((fact) => fact.handshake.delta ?? 0),
    )
    expect(Math.min(...growth)).toBeGreaterThanOrEqual(0)
  })
})

test('a real Envoy that waits for a secret says which; those of its bootstrap are read, with the peers that they demand', async () => {
  const envoy = await startEnvoy({ withGhost: true, withStaticSecrets: true })
  try {
    const facts = await factsOf(envoy)
    const [proxy] = ofKind(facts, 'envoy-proxy')
    expect(proxy?.state).toBe('INITIALIZING')
    expect(proxy?.waitingFor.join('\n')).toContain('spiffe://pipeline.example/hop/ghost')
    const ghost = ofKind(facts, 'envoy-secret').find((secret) => secret.name.endsWith('/ghost'))
    expect(ghost).toMatchObject({ state: 'warming', certificate: null, trusted: null })
    // Secrets of the bootstrap need no server: loaded although that Envoy still waits for another one.
    const fixed = ofKind(facts, 'envoy-listener').find((listener) => listener.name === 'fixed')
    expect(fixed?.filterChains[0]?.tls).toMatchObject({
      certificateSecrets: ['own'],
      validationSecret: 'peers',
      peerMatchers: [{ sanType: 'URI', match: 'exact', value: gatewayId }],
    })
    const byName = new Map(ofKind(facts, 'envoy-secret').map((secret) => [secret.name, secret]))
    expect(byName.get('own')).toMatchObject({
      state: 'active',
      certificate: { spiffeId: modelId, serial: readCertificate(envoy.leaves.model.certificate).serial },
    })
    expect(byName.get('peers')?.trusted).toEqual([
      { trustDomain: '', authorities: [readAuthority(envoy.authority.certificate)] },
    ])
  } finally {
    await envoy.stop()
  }
})
