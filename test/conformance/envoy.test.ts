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
import { ask } from '../builders/server-process.ts'
import { type SidecarPair, startPair } from '../builders/sidecar-pair.ts'
import { connectorSuite } from './connector-suite.ts'

/** The Envoy connector on a sidecar of the playground: what envoy.lab.test.ts asks of a real Envoy. */
const settings = { baseDirectory: '/', windowSeconds: 60 }
const ports = () => connectorPorts({ dial, get: createHttpGet(dial) })
const adminOf = (pair: SidecarPair) => ({ host: '127.0.0.1', port: pair.callee.ports.admin })
const urlOf = ({ host, port }: { readonly host: string; readonly port: number }) => `http://${host}:${port}`
const undecided = { address: '10.244.1.30:9191', authorise: () => Promise.reject(new Error('nobody is there')) }

connectorSuite({
  name: 'Envoy (sidecar of the playground)',
  connector: envoyConnector,
  ports,
  gapWithinMs: 4500,
  async startReal() {
    const pair = await startPair({ authoriser: undecided })
    await pair.ask()
    return {
      address: adminOf(pair),
      sourceAt: (address) => ({ id: 'prompt-firewall', admin: urlOf(address) }),
      settings,
      scopes: envoyParts.map((part) => `envoy/prompt-firewall/${part}`),
      canaries: ['gateway', 'prompt-firewall'].map(
        (stage) => pair.world.delivered(stage).svid?.key.split('\n')[1] ?? 'no key',
      ),
      stop: () => pair.stop(),
    }
  },
})

/** The first complete reading for which `enough` holds, as facts. */
async function factsOf(pair: SidecarPair, enough: (facts: readonly EnvoyFact[]) => boolean = () => true) {
  const reports = new Map<string, Report>()
  const source = { id: 'prompt-firewall', admin: urlOf(adminOf(pair)) }
  for await (const report of envoyConnector.observe(source, settings, ports(), new AbortController().signal)) {
    reports.set(report.scope, report)
    if (reports.size < envoyParts.length) continue
    expect([...reports.values()].flatMap((known) => known.gaps)).toEqual([])
    const facts = [...reports.values()].flatMap((known) => (known.facts ?? []) as EnvoyFact[])
    if (enough(facts)) return facts
    reports.clear()
  }
  throw new Error('the observation ended by itself')
}
const ofKind = <Kind extends EnvoyFact['kind']>(facts: readonly EnvoyFact[], kind: Kind) =>
  facts.filter((fact): fact is Extract<EnvoyFact, { kind: Kind }> => fact.kind === kind)

const ownId = 'spiffe://pipeline.example/ns/ai/sa/prompt-firewall'
const callerId = 'spiffe://pipeline.example/ns/ai/sa/gateway'
const nextId = 'spiffe://pipeline.example/ns/ai/sa/input-sanitiser'
const ingress = '10.244.1.13:15008'

describe('a sidecar of the playground', () => {
  let pair: SidecarPair
  beforeAll(async () => {
    pair = await startPair({ authoriser: undecided })
  })
  afterAll(() => pair?.stop())

  test('answers every path that is asked for, and has no ECDS, as the real one', async () => {
    const answers = await Promise.all(
      Object.values(envoyReads).map(async ({ path }) => [path, (await ask(`${urlOf(adminOf(pair))}${path}`)).status]),
    )
    expect(answers).toEqual(Object.values(envoyReads).map(({ path }) => [path, path.includes('ecds') ? 404 : 200]))
  })

  test('is read as it is configured: both sides of its hops, and the guard', async () => {
    const facts = await factsOf(pair)
    expect(ofKind(facts, 'envoy-proxy')).toMatchObject([
      { nodeId: 'prompt-firewall', version: '1.40.0', state: 'LIVE', clockSkewMs: 0 },
    ])
    const [inbound, outbound] = ofKind(facts, 'envoy-listener')
    expect(inbound).toMatchObject({
      name: 'ingress',
      address: ingress,
      direction: 'inbound',
      filterChains: [
        {
          tls: {
            side: 'downstream',
            certificateSecrets: [ownId],
            validationSecret: 'spiffe://pipeline.example',
            requireClientCertificate: true,
            peerMatchers: [{ sanType: 'URI', match: 'exact', value: callerId }],
            minimumVersion: 'TLSv1_3',
          },
          http: [
            {
              statPrefix: 'ingress',
              forwardClientCertDetails: 'SANITIZE_SET',
              extAuthz: {
                cluster: 'opa',
                timeoutMs: 1000,
                failureModeAllow: false,
                alwaysEnabled: true,
                disabledRoutes: [],
                statusOnError: 403,
              },
            },
          ],
          clusters: ['local_app'],
        },
      ],
    })
    expect(outbound).toMatchObject({
      direction: 'outbound',
      filterChains: [{ tls: null, clusters: ['to_input-sanitiser'] }],
    })
    expect(ofKind(facts, 'envoy-cluster')).toMatchObject([
      {
        name: 'to_input-sanitiser',
        endpoints: ['10.244.1.14:15008'],
        tls: { side: 'upstream', certificateSecrets: [ownId], peerMatchers: [{ value: nextId }] },
        sourceAddress: '10.244.1.13',
        http2: false,
      },
      { name: 'local_app', endpoints: ['10.244.1.13:8080'], tls: null },
      { name: 'opa', endpoints: ['10.244.1.30:9191'], tls: null, http2: true },
      { name: 'spire_agent' },
    ])
  })

  test('has loaded exactly the certificate and the bundle that were delivered to it', async () => {
    const facts = await factsOf(pair)
    const { svid, bundle } = pair.world.delivered('prompt-firewall')
    const delivered = readCertificate(svid?.certificates ?? '')
    expect(ofKind(facts, 'envoy-secret').flatMap((secret) => secret.certificate ?? [])).toEqual([delivered])
    const { serial, spiffeId, notBefore, notAfter } = delivered
    expect(ofKind(facts, 'envoy-certificate').map((fact) => fact.certificate)).toMatchObject([
      { serial, spiffeId, notBefore, notAfter },
    ])
    const [trusted] = ofKind(facts, 'envoy-secret').flatMap((secret) => secret.trusted ?? [])
    expect(trusted).toEqual({ trustDomain: 'pipeline.example', authorities: [readAuthority(bundle)] })
  })

  test('counts handshakes and refusals without a decision', async () => {
    const before = await factsOf(pair)
    expect((await pair.ask()).status).toBe(403)
    const tls = (facts: readonly EnvoyFact[]) =>
      ofKind(facts, 'envoy-tls-counters').find((fact) => 'listener' in fact.on && fact.on.listener === ingress)
    const authorisation = (facts: readonly EnvoyFact[]) => ofKind(facts, 'envoy-authorisation-counters')[0]
    const after = await factsOf(pair)
    expect(tls(after)?.handshake.total).toBe((tls(before)?.handshake.total ?? 0) + 1)
    expect(authorisation(after)).toMatchObject({ statPrefix: 'ingress', ok: { total: 0 }, denied: { total: 0 } })
    expect(authorisation(after)?.error.total).toBe((authorisation(before)?.error.total ?? 0) + 1)
  })

  test('shows in its configuration what its knobs do, and loses it with them', async () => {
    pair.callee.failureModeAllow(true)
    pair.callee.trustClaims(true)
    pair.callee.acceptCallers([nextId])
    pair.callee.requireOfCallee('input-sanitiser', [callerId])
    pair.callee.alsoCall('vector-store', true)
    pair.callee.clockSkew(600_000)
    const broken = await factsOf(pair)
    expect(ofKind(broken, 'envoy-proxy')[0]?.clockSkewMs).toBe(600_000)
    const [chain] = ofKind(broken, 'envoy-listener')[0]?.filterChains ?? []
    expect(chain).toMatchObject({
      tls: { peerMatchers: [{ value: nextId }] },
      http: [{ extAuthz: { failureModeAllow: true }, forwardClientCertDetails: 'APPEND_FORWARD' }],
    })
    const [first, second] = ofKind(broken, 'envoy-cluster')
    expect(first).toMatchObject({ name: 'to_input-sanitiser', tls: { peerMatchers: [{ value: callerId }] } })
    expect(second).toMatchObject({ name: 'to_vector-store', endpoints: ['10.244.2.18:15008'] })
    pair.callee.plaintext('ingress', true)
    pair.callee.plaintext({ to: 'input-sanitiser' }, true)
    pair.callee.authoriseBy(null)
    const plain = await factsOf(pair)
    expect(ofKind(plain, 'envoy-listener')[0]?.filterChains).toMatchObject([
      { tls: null, http: [{ extAuthz: null, awaitsExtAuthz: true }] },
    ])
    expect(ofKind(plain, 'envoy-cluster').map((cluster) => cluster.tls === null)).toEqual([true, false, true, true])

    pair.callee.plaintext('ingress', false)
    pair.callee.plaintext({ to: 'input-sanitiser' }, false)
    pair.callee.authoriseBy(undecided)
    pair.callee.failureModeAllow(false)
    pair.callee.trustClaims(false)
    pair.callee.acceptCallers(null)
    pair.callee.requireOfCallee('input-sanitiser', null)
    pair.callee.alsoCall('vector-store', false)
    pair.callee.clockSkew(0)
    const healed = await factsOf(pair)
    expect(ofKind(healed, 'envoy-proxy')[0]?.clockSkewMs).toBe(0)
    expect(ofKind(healed, 'envoy-listener')[0]?.filterChains).toMatchObject([
      { tls: { peerMatchers: [{ value: callerId }] }, http: [{ extAuthz: { failureModeAllow: false } }] },
    ])
    expect(ofKind(healed, 'envoy-cluster').map((cluster) => cluster.name)).toEqual([
      'to_input-sanitiser',
      'local_app',
      'opa',
      'spire_agent',
    ])
  })

  test('without an entry it starts without an identity, says which secret it waits for, and counts from zero', async () => {
    pair.world.removeEntry('prompt-firewall')
    await pair.callee.setUp(false)
    await pair.callee.setUp(true)
    const facts = await factsOf(pair)
    const [proxy] = ofKind(facts, 'envoy-proxy')
    expect(proxy?.state).toBe('INITIALIZING')
    expect(proxy?.waitingFor.join('\n')).toContain(ownId)
    expect(ofKind(facts, 'envoy-certificate')).toEqual([])
    expect(ofKind(facts, 'envoy-secret')).toMatchObject([
      { name: ownId, state: 'warming', certificate: null, trusted: null },
      { name: 'spiffe://pipeline.example', state: 'warming', certificate: null, trusted: null },
    ])
    expect(ofKind(facts, 'envoy-authorisation-counters')).toMatchObject([{ error: { total: 0 } }])
    pair.world.restoreEntry('prompt-firewall')
    // Of one reading the state is asked first and the certificates last: the SVID may come in between, as with a real Envoy.
    const isLive = (found: readonly EnvoyFact[]) => ofKind(found, 'envoy-proxy')[0]?.state === 'LIVE'
    const healed = await factsOf(pair, isLive)
    expect(ofKind(healed, 'envoy-proxy')[0]?.waitingFor).toEqual([])
    expect(ofKind(healed, 'envoy-certificate')).toHaveLength(1)
  })
})
