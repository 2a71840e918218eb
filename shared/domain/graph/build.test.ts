import { describe, expect, it } from 'vitest'
import {
  authorisationCounters,
  builtAt,
  builtDomain,
  counter,
  decisionActivity,
  envoyCluster,
  envoyProxy,
  extAuthz,
  handshakeFailing,
  hopActivity,
  loggedRequest,
  peer,
  registrationEntry,
  scope,
  spiffe,
  tlsContext,
  trafficCounters,
  unreadScope,
} from '../../../test/builders/facts.ts'
import { smallPipeline, withFacts, withScope, withSilent } from '../../../test/builders/pipeline.ts'
import type { ScopeState } from '../model/fact.ts'
import type { TrustGraph } from '../model/graph.ts'
import { buildGraph, type GraphSettings, startGraph } from './build.ts'
import type { LinkingRelation } from './relations/relation.ts'
import { allRelations } from './weave/weave.ts'

const pipeline = smallPipeline()
const settings: GraphSettings = {
  environment: 'test',
  intent: pipeline.intent,
  windowSeconds: 60,
  bundleStaleAfterSeconds: 30,
}
const ids = {
  gateway: spiffe('gateway', 'edge'),
  model: spiffe('model-server', 'ai'),
  tool: spiffe('tool-runtime', 'tools'),
}
const minute = 60_000

function build(scopes: readonly ScopeState[], now = builtAt, with_: Partial<GraphSettings> = {}): TrustGraph {
  return buildGraph({ ...settings, ...with_ }, scopes, now)
}

function hop(graph: TrustGraph, from: string, to: string) {
  const found = graph.hops.find((each) => each.id === `hop/workload/${from}>workload/${to}`)
  if (found === undefined) throw new Error(`no hop ${from} > ${to} among ${graph.hops.map(({ id }) => id).join(' ')}`)
  return found
}

function workload(graph: TrustGraph, id: string) {
  const found = graph.workloads.find((each) => each.id === `workload/${id}`)
  if (found === undefined) throw new Error(`no workload ${id}`)
  return found
}

describe('a pipeline in good order', () => {
  const graph = build(pipeline.scopes)

  it('has exactly the workloads and hops that exist, by ids derived from SPIFFE IDs', () => {
    expect(graph.workloads.map(({ id }) => id)).toEqual(
      [ids.model, ids.gateway, ids.tool].map((id) => `workload/${id}`),
    )
    expect(graph.hops.map(({ id }) => id)).toEqual([
      `hop/workload/${ids.model}>workload/${ids.tool}`,
      `hop/workload/${ids.gateway}>workload/${ids.model}`,
    ])
    expect(graph.defects).toEqual([])
  })

  it('shows every hop verified and allowing, observed, granted and intended', () => {
    for (const each of graph.hops) {
      expect([each.transport.state, each.authorisation.state, each.relations]).toEqual([
        'verified',
        'allowing',
        ['observed', 'granted', 'intended'],
      ])
    }
  })

  it('rests the verified hop on both leaves, both configurations and both logs', () => {
    expect(hop(graph, ids.gateway, ids.model).transport.restsOn.toSorted()).toEqual([
      'envoy/gateway/clusters#envoy-cluster/to_model-server',
      `envoy/gateway/secrets#envoy-secret/${ids.gateway}`,
      'envoy/model-server/listeners#envoy-listener/ingress',
      `envoy/model-server/secrets#envoy-secret/${ids.model}`,
      `logs/gateway-access/activity#hop-activity/gateway/caller/${ids.model}`,
      `logs/model-server-access/activity#hop-activity/model-server/callee/${ids.gateway}`,
    ])
  })

  it('joins each workload with its certificate, entry, agent and OPA', () => {
    const model = workload(graph, ids.model)
    expect(model.state.state).toBe('verified')
    expect(model.svid.loaded).toMatchObject({ known: true, stale: false, value: { spiffeId: ids.model } })
    expect(model.registration).toMatchObject({
      known: true,
      value: { parentId: expect.stringContaining('node-a'), agent: { known: true, value: { banned: false } } },
    })
    expect(model.slots).toMatchObject({ opa: { kind: 'value', text: 'r42', tone: 'quiet' }, vault: { kind: 'none' } })
    expect(hop(graph, ids.gateway, ids.model).guard).toMatchObject({ known: true, value: { opa: 'opa-model' } })
  })

  it('shows both sides of a hop with what each requires of the other', () => {
    const { client, server } = hop(graph, ids.gateway, ids.model)
    expect(client).toMatchObject({
      spiffeId: { known: true, value: ids.gateway },
      requiresPeer: { known: true, value: [ids.model] },
      peerAsExpected: { known: true, value: true },
      tlsVersions: { known: true, value: '1.3' },
      trusts: { known: true, value: [builtDomain] },
    })
    expect(server).toMatchObject({
      requiresPeer: { known: true, value: [ids.gateway] },
      lastError: { known: true, value: null },
    })
  })
})

describe('transport', () => {
  it('fails from the first to the last failed handshake, and says the expired certificate when it knows it', () => {
    const expired = builtAt - 3 * minute
    let scopes = withFacts(pipeline.scopes, 'envoy/tool-runtime/secrets', 'envoy-secret', (fact) =>
      fact.certificate === null
        ? fact
        : { ...fact, certificate: { ...fact.certificate, notBefore: expired - 10 * minute, notAfter: expired } },
    )
    scopes = withFacts(scopes, 'logs/model-server-access/activity', 'hop-activity', (fact) =>
      fact.side === 'caller'
        ? {
            ...fact,
            calleeSpiffeId: null,
            ...handshakeFailing('CERTIFICATE_VERIFY_FAILED: certificate has expired', builtAt - 200_000),
          }
        : fact,
    )
    scopes = withFacts(scopes, 'logs/tool-runtime-access/activity', 'hop-activity', () => null)
    const { transport, relations } = hop(build(scopes), ids.model, ids.tool)
    expect(transport).toMatchObject({
      state: 'failing',
      since: builtAt - 200_000,
      basis: 'measured',
      reason: {
        code: 'handshake-failing-expired',
        params: { owner: 'tool-runtime', other: 'model-server', notAfter: expired },
      },
    })
    expect(relations).toEqual(['granted', 'intended'])
    expect(workload(build(scopes), ids.tool).state).toMatchObject({
      state: 'failing',
      reason: { code: 'svid-expired' },
      since: expired,
    })
  })

  it('says the next handshake fails when an expired certificate has seen no traffic', () => {
    const scopes = withFacts(quiet(pipeline.scopes), 'envoy/tool-runtime/secrets', 'envoy-secret', (fact) => fact)
    const { transport } = hop(build(scopes, builtAt + 20 * minute), ids.model, ids.tool)
    expect(transport).toMatchObject({ state: 'failing', basis: 'derived', reason: { code: 'certificate-expired' } })
  })

  it('fails when the caller requires an ID that the callee does not have, and grants it no more', () => {
    let scopes = withFacts(pipeline.scopes, 'envoy/gateway/clusters', 'envoy-cluster', (fact) =>
      fact.tls === null ? fact : { ...fact, tls: { ...fact.tls, peerMatchers: [peer(spiffe('somebody-else'))] } },
    )
    scopes = withFacts(scopes, 'logs/gateway-access/activity', 'hop-activity', (fact) => ({
      ...fact,
      calleeSpiffeId: null,
      ...handshakeFailing('verify_cert_failed:_SAN_match'),
    }))
    scopes = withFacts(scopes, 'logs/model-server-access/activity', 'hop-activity', (fact) =>
      fact.side === 'callee'
        ? { ...fact, callerSpiffeId: null, ...handshakeFailing('SSLV3_ALERT_CERTIFICATE_UNKNOWN') }
        : fact,
    )
    const graph = build(scopes)
    const found = hop(graph, ids.gateway, ids.model)
    expect(found.transport).toMatchObject({ state: 'failing', reason: { code: 'handshake-failing-other-id' } })
    expect(found.relations).toEqual(['intended'])
    expect(found.client.peerAsExpected).toMatchObject({ known: true, value: false })
    expect(workload(graph, ids.gateway).state.state).toBe('verified')
    expect(graph.workloads).toHaveLength(3)
  })

  it('does not believe the SPIFFE ID that a refused client claims', () => {
    const scopes = withFacts(pipeline.scopes, 'logs/tool-runtime-access/activity', 'hop-activity', () =>
      hopActivity('tool-runtime', 'callee', {
        ...handshakeFailing('unable_to_get_local_issuer_certificate'),
        callerSpiffeId: ids.gateway,
        callerAddress: '10.9.9.9',
      }),
    )
    // An address that nobody is known by: the claim is all there is, so the hop is drawn from the claimed workload.
    expect(hop(build(scopes), ids.gateway, ids.tool).transport.state).toBe('failing')
    const known = withFacts(scopes, 'logs/tool-runtime-access/activity', 'hop-activity', (fact) => ({
      ...fact,
      callerAddress: '127.1.0.2',
    }))
    expect(build(known).hops).toHaveLength(2)
    expect(hop(build(known), ids.model, ids.tool).transport.state).toBe('failing')
  })

  it('is plaintext when neither side has TLS, and a caller without certificate keeps its own name', () => {
    let scopes = withFacts(pipeline.scopes, 'envoy/model-server/clusters', 'envoy-cluster', (fact) => ({
      ...fact,
      tls: null,
    }))
    scopes = withFacts(scopes, 'envoy/tool-runtime/listeners', 'envoy-listener', (fact) => ({
      ...fact,
      filterChains: fact.filterChains.map((chain) => ({ ...chain, tls: null })),
    }))
    scopes = withScope(scopes, 'envoy/tool-runtime/secrets', (state) => ({ ...state, facts: [] }))
    scopes = withScope(scopes, 'envoy/tool-runtime/certificates', (state) => ({ ...state, facts: [] }))
    scopes = withFacts(scopes, 'logs/tool-runtime-access/activity', 'hop-activity', (fact) => ({
      ...fact,
      callerSpiffeId: null,
      calleeSpiffeId: null,
      mutualTls: 0,
      plaintext: 24,
      allowed: 0,
      denied: 24,
    }))
    scopes = withFacts(scopes, 'logs/model-server-access/activity', 'hop-activity', (fact) =>
      fact.side === 'caller' ? { ...fact, calleeSpiffeId: null, mutualTls: 0, plaintext: 24 } : fact,
    )
    const graph = build(scopes)
    expect(graph.workloads).toHaveLength(3)
    const found = hop(graph, ids.model, ids.tool)
    expect(found.transport).toMatchObject({ state: 'plaintext', reason: { code: 'plaintext-both' } })
    expect(found.authorisation.state).toBe('denying')
    expect(workload(graph, ids.tool).state).toMatchObject({
      state: 'no-identity',
      reason: { code: 'no-svid-configured' },
    })
  })

  it.each([
    [
      'client-certificate-not-required',
      { requireClientCertificate: false, validationSecret: null, staticTrustedCa: true },
    ],
    ['peers-not-constrained', { peerMatchers: null }],
    ['client-untrusted-accepted', { weakened: ['accept-untrusted'] as const }],
  ])('is one-sided: %s', (code, change) => {
    const scopes = withFacts(pipeline.scopes, 'envoy/model-server/listeners', 'envoy-listener', (fact) => ({
      ...fact,
      filterChains: fact.filterChains.map((chain) =>
        chain.tls === null ? chain : { ...chain, tls: { ...chain.tls, ...change } },
      ),
    }))
    expect(hop(build(scopes), ids.gateway, ids.model).transport).toMatchObject({ state: 'one-sided', reason: { code } })
  })

  it('takes the SPIFFE validator for a required client certificate', () => {
    const scopes = withFacts(pipeline.scopes, 'envoy/model-server/listeners', 'envoy-listener', (fact) => ({
      ...fact,
      filterChains: fact.filterChains.map((chain) =>
        chain.tls === null ? chain : { ...chain, tls: { ...chain.tls, requireClientCertificate: false } },
      ),
    }))
    expect(hop(build(scopes), ids.gateway, ids.model).transport.state).toBe('verified')
  })

  it('is configured when both sides are set up and nothing was seen', () => {
    expect(hop(build(quiet(pipeline.scopes)), ids.gateway, ids.model)).toMatchObject({
      transport: { state: 'configured', reason: { code: 'no-handshake-in-window' } },
      relations: ['granted', 'intended'],
    })
  })

  it('counts handshakes by counters where no log is there', () => {
    const scopes = pipeline.scopes.filter((state) => !state.scope.startsWith('logs/'))
    expect(hop(build(scopes), ids.gateway, ids.model).transport).toMatchObject({
      state: 'verified',
      reason: { params: { countedBy: 'counters', seen: 12 } },
    })
  })

  it('fails by counters that only grow on the failing side', () => {
    const scopes = withFacts(
      pipeline.scopes.filter((state) => !state.scope.startsWith('logs/')),
      'envoy/gateway/counters',
      'envoy-tls-counters',
      (fact) => ({ ...fact, handshake: counter(0), failVerifySan: counter(3) }),
    )
    expect(hop(build(scopes), ids.gateway, ids.model).transport).toMatchObject({
      state: 'failing',
      reason: { code: 'handshake-counters-failing', params: { failures: 3 } },
    })
  })

  it('fails when the last request found no connection, although earlier ones did', () => {
    const scopes = withFacts(pipeline.scopes, 'logs/gateway-access/activity', 'hop-activity', (fact) => ({
      ...fact,
      upstreamFailures: 4,
      lastRequest: loggedRequest({
        at: builtAt - 500,
        status: 503,
        details:
          'upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}',
      }),
    }))
    expect(hop(build(scopes), ids.gateway, ids.model).transport).toMatchObject({
      state: 'failing',
      reason: { code: 'connection-failing' },
    })
  })

  it('is unknown, with the silent source named, when the callee cannot be read any more', () => {
    const scopes = withSilent(pipeline.scopes, 'envoy/model-server/listeners')
    const found = hop(build(scopes), ids.gateway, ids.model)
    expect(found.transport).toMatchObject({
      state: 'unknown',
      reason: { code: 'callee-tls-unread' },
      missing: [{ source: 'envoy', instance: 'model-server', what: 'listeners', lastReadAt: builtAt - 9 * minute }],
    })
    expect(found.server.requiresPeer).toMatchObject({ known: true, stale: true })
  })

  it('is unknown for a callee without an Envoy in this environment', () => {
    const scopes = [
      ...pipeline.scopes,
      scope('envoy/lonely/proxy', [envoyProxy('lonely')]),
      scope('envoy/lonely/clusters', [
        envoyCluster('lonely', 'to_far', {
          endpoints: ['10.1.1.1:8443'],
          tls: tlsContext('upstream', spiffe('lonely'), [spiffe('far')]),
        }),
      ]),
    ]
    const found = hop(build(scopes), spiffe('lonely'), spiffe('far'))
    expect(found.transport).toMatchObject({ state: 'unknown', reason: { code: 'callee-envoy-unknown' } })
    expect(workload(build(scopes), spiffe('far')).state).toMatchObject({
      state: 'unknown',
      reason: { code: 'named-by-peers-only' },
    })
  })

  it('sees a call that goes around the Envoy', () => {
    const scopes = withFacts(quiet(pipeline.scopes), 'envoy/gateway/clusters', 'envoy-cluster', (fact) =>
      fact.name === 'to_model-server' ? { ...fact, endpoints: ['127.1.0.2:8080'], tls: null } : fact,
    )
    expect(hop(build(scopes), ids.gateway, ids.model)).toMatchObject({
      transport: { state: 'plaintext', reason: { code: 'plaintext-bypass' } },
      authorisation: { state: 'unguarded', reason: { code: 'bypasses-authorisation' } },
    })
  })
})

describe('authorisation', () => {
  const callee = 'logs/model-server-access/activity'
  const listeners = 'envoy/model-server/listeners'

  function guardedBy(change: Parameters<typeof extAuthz>[0] | null) {
    return withFacts(pipeline.scopes, listeners, 'envoy-listener', (fact) =>
      fact.name === 'egress'
        ? fact
        : {
            ...fact,
            filterChains: fact.filterChains.map((chain) => ({
              ...chain,
              http: chain.http.map((http) => ({ ...http, extAuthz: change === null ? null : extAuthz(change) })),
            })),
          },
    )
  }

  it.each([
    ['denying', 'requests-denied', { denied: 6, allowed: 18 }],
    ['erroring', 'authorisation-errors', { authorisationErrors: 1, allowed: 23, decided: 23 }],
    ['unknown', 'no-decision-seen', { decided: 0 }],
  ])('is %s: %s', (state, code, counts) => {
    const scopes = withFacts(pipeline.scopes, callee, 'hop-activity', (fact) =>
      fact.side === 'callee' ? { ...fact, ...counts } : fact,
    )
    expect(hop(build(scopes), ids.gateway, ids.model).authorisation).toMatchObject({ state, reason: { code } })
  })

  it('does not call one denial in two thousand denying', () => {
    const scopes = withFacts(pipeline.scopes, callee, 'hop-activity', (fact) =>
      fact.side === 'callee' ? { ...fact, requests: 2000, allowed: 1999, decided: 2000, denied: 1 } : fact,
    )
    expect(hop(build(scopes), ids.gateway, ids.model).authorisation.state).toBe('allowing')
  })

  it('fails open, and says whether it happened or only could', () => {
    expect(hop(build(guardedBy({ failureModeAllow: true })), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'failing-open',
      reason: { code: 'open-on-error' },
    })
    const happened = withFacts(guardedBy({ failureModeAllow: true }), callee, 'hop-activity', (fact) =>
      fact.side === 'callee' ? { ...fact, failedOpen: 5, decided: 19 } : fact,
    )
    expect(hop(build(happened), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'failing-open',
      reason: { code: 'passed-undecided', params: { passed: 5 } },
    })
  })

  it('is unguarded without ext_authz, and where it is not enabled for all', () => {
    expect(hop(build(guardedBy(null)), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'unguarded',
      reason: { code: 'no-ext-authz' },
    })
    expect(hop(build(guardedBy({ alwaysEnabled: false })), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'unguarded',
      reason: { code: 'ext-authz-partly' },
    })
  })

  it('names the routes on which nobody is asked', () => {
    const scopes = guardedBy({ disabledRoutes: ['/healthz'] })
    expect(hop(build(scopes), ids.gateway, ids.model).authorisation).toMatchObject({
      state: 'allowing',
      reason: { code: 'requests-allowed-except-routes', params: { routes: 1 } },
    })
  })

  it('lets the decision log say what the access log cannot', () => {
    const scopes = [
      ...withFacts(pipeline.scopes, callee, 'hop-activity', (fact) => ({ ...fact, decided: 0 })),
      scope('logs/decisions/activity', [decisionActivity(ids.gateway, ids.model)]),
    ]
    const found = hop(build(scopes), ids.gateway, ids.model)
    expect(found.authorisation.state).toBe('allowing')
    expect(found.decision).toMatchObject({ known: true, value: { outcome: 'allow', revision: 'r42' } })
  })

  it('blames no hop for counters that several callers share', () => {
    const scopes = [
      ...withFacts(
        pipeline.scopes.filter((state) => !state.scope.startsWith('logs/')),
        'envoy/model-server/counters',
        'envoy-authorisation-counters',
        () => authorisationCounters('model-server', { denied: counter(9) }),
      ),
    ]
    expect(hop(build(scopes), ids.gateway, ids.model).authorisation.state).toBe('denying')
    const shared = [...scopes, scope('logs/other/activity', [decisionActivity(spiffe('stranger'), ids.model)])]
    expect(hop(build(shared), ids.gateway, ids.model).authorisation.state).toBe('unknown')
  })
})

describe('workloads', () => {
  it('has the worst state of its instances and says of how many', () => {
    const second = pipeline.scopes
      .filter((state) => state.scope.startsWith('envoy/tool-runtime/'))
      .map((state) => ({
        ...state,
        scope: state.scope.replace('tool-runtime', 'tool-runtime-2'),
        facts: state.facts.map((fact) => {
          const renamed = {
            ...fact,
            id: fact.id.replace('envoy/tool-runtime', 'envoy/tool-runtime-2'),
            envoy: 'tool-runtime-2',
          }
          if (renamed.kind !== 'envoy-secret' || renamed.certificate === null) return renamed
          return { ...renamed, certificate: { ...renamed.certificate, notAfter: builtAt - minute } }
        }),
      }))
    const tool = workload(build([...pipeline.scopes, ...second]), ids.tool)
    expect(tool.envoys.map(({ envoy }) => envoy)).toEqual(['tool-runtime', 'tool-runtime-2'])
    expect(tool.state).toMatchObject({
      state: 'failing',
      reason: { code: 'svid-expired', params: { affected: 1, instances: 2 } },
    })
    expect(tool.svid.loaded).toMatchObject({ known: true, value: { notAfter: builtAt - minute } })
  })

  it('needs attention when its entry is gone while its SVID still works', () => {
    const scopes = withFacts(pipeline.scopes, 'spire/spire/entries', 'registration-entry', (fact) =>
      fact.spiffeId === ids.tool ? null : fact,
    )
    const graph = build(scopes)
    expect(workload(graph, ids.tool)).toMatchObject({
      state: { state: 'attention', reason: { code: 'entry-gone' } },
      registration: { known: false, reason: { code: 'no-registration-entry' } },
    })
    expect(hop(graph, ids.model, ids.tool).transport.state).toBe('verified')
  })

  it('never says that an entry is gone when the list of entries is incomplete or old', () => {
    const gone = withFacts(pipeline.scopes, 'spire/spire/entries', 'registration-entry', () => null)
    const partial = withScope(gone, 'spire/spire/entries', (state) => ({
      ...state,
      gaps: unreadScope('spire/spire/entries').gaps,
    }))
    expect(workload(build(partial), ids.tool).state.state).toBe('verified')
    expect(workload(build(withSilent(gone, 'spire/spire/entries')), ids.tool).state.state).toBe('verified')
  })

  it('has no identity when SDS delivers nothing because there is no entry', () => {
    let scopes = withFacts(pipeline.scopes, 'spire/spire/entries', 'registration-entry', (fact) =>
      fact.spiffeId === ids.tool ? null : fact,
    )
    scopes = withFacts(scopes, 'envoy/tool-runtime/secrets', 'envoy-secret', (fact) => ({
      ...fact,
      state: 'warming',
      certificate: null,
    }))
    scopes = withScope(scopes, 'envoy/tool-runtime/certificates', (state) => ({ ...state, facts: [] }))
    scopes = withFacts(scopes, 'envoy/tool-runtime/proxy', 'envoy-proxy', (fact) => ({
      ...fact,
      state: 'INITIALIZING',
    }))
    const graph = build(quiet(scopes))
    expect(workload(graph, ids.tool).state).toMatchObject({
      state: 'no-identity',
      reason: { code: 'no-svid-no-entry' },
    })
    expect(hop(graph, ids.model, ids.tool).transport).toMatchObject({
      state: 'failing',
      reason: { code: 'identity-not-delivered' },
    })
  })

  it('fails while a secret with an entry is still warming, and when its Envoy is not live', () => {
    let warming = withFacts(pipeline.scopes, 'envoy/tool-runtime/secrets', 'envoy-secret', (fact) => ({
      ...fact,
      state: 'warming',
      certificate: null,
    }))
    warming = withScope(warming, 'envoy/tool-runtime/certificates', (state) => ({ ...state, facts: [] }))
    expect(workload(build(warming), ids.tool).state).toMatchObject({
      state: 'failing',
      reason: { code: 'secret-warming' },
    })
    const draining = withFacts(pipeline.scopes, 'envoy/tool-runtime/proxy', 'envoy-proxy', (fact) => ({
      ...fact,
      state: 'DRAINING',
    }))
    expect(workload(build(draining), ids.tool).state).toMatchObject({
      state: 'failing',
      reason: { code: 'envoy-not-live' },
    })
  })

  it('needs attention when its SVID was not renewed in time, from the moment it should have been', () => {
    // Ten minutes of life, from one minute before: half at +4, late at +5.
    expect(workload(build(pipeline.scopes, builtAt + 4.5 * minute), ids.tool).state.state).toBe('verified')
    expect(workload(build(pipeline.scopes, builtAt + 5 * minute), ids.tool).state).toMatchObject({
      state: 'attention',
      reason: { code: 'svid-not-renewed' },
      since: builtAt + 5 * minute,
    })
  })

  it('needs attention when its agent is banned or gone', () => {
    const banned = withFacts(pipeline.scopes, 'spire/spire/agents', 'spire-agent', (fact) => ({
      ...fact,
      banned: true,
    }))
    expect(workload(build(banned), ids.tool).state).toMatchObject({
      state: 'attention',
      reason: { code: 'agent-banned' },
    })
    const gone = withFacts(pipeline.scopes, 'spire/spire/agents', 'spire-agent', () => null)
    expect(workload(build(gone), ids.tool).state).toMatchObject({ state: 'attention', reason: { code: 'agent-gone' } })
  })

  it('fails when the OPA that decides for it does not answer, but not when that OPA still decides', () => {
    const silent = withSilent(pipeline.scopes, 'opa/opa-model/instance', 'opa/opa-model/status')
    const refusing = withFacts(silent, 'logs/model-server-access/activity', 'hop-activity', (fact) =>
      fact.side === 'callee' ? { ...fact, lastRequest: loggedRequest({ status: 403, decisionId: null }) } : fact,
    )
    const found = workload(build(refusing), ids.model)
    expect(found.state).toMatchObject({
      state: 'failing',
      reason: { code: 'opa-not-answering', params: { opa: 'opa-model' } },
    })
    expect(found.slots.opa).toMatchObject({ kind: 'value', tone: 'failing' })
    expect(workload(build(refusing), ids.tool).state.state).toBe('verified')
    // Last read nine minutes ago, and a decision a second ago: it is our way to its API that is broken.
    expect(workload(build(silent), ids.model).state.state).toBe('verified')
  })

  it('needs attention when the bundle of its OPA is broken or stale', () => {
    const broken = withFacts(pipeline.scopes, 'opa/opa-model/status', 'opa-bundle', (fact) => ({
      ...fact,
      code: 'bundle_error',
      message: 'verification failed',
    }))
    expect(workload(build(broken), ids.model)).toMatchObject({
      state: { state: 'attention', reason: { code: 'bundle-error' } },
      slots: { opa: { tone: 'attention', text: 'r42' } },
    })
    const fetched = (at: number) =>
      build(
        withFacts(pipeline.scopes, 'opa/opa-model/status', 'opa-bundle', (fact) => ({
          ...fact,
          lastSuccessfulRequestAt: at,
        })),
      )
    expect(workload(fetched(builtAt - 29_000), ids.model).state.state).toBe('verified')
    expect(workload(fetched(builtAt - 40_000), ids.model).state).toMatchObject({
      state: 'attention',
      reason: { code: 'bundle-stale', params: { limitSeconds: 30 } },
    })
  })

  it('shows an OPA that is behind the newest revision', () => {
    const scopes = withFacts(pipeline.scopes, 'opa/opa-shared/status', 'opa-bundle', (fact) => ({
      ...fact,
      activeRevision: 'r43',
      lastSuccessfulActivationAt: builtAt - 1000,
    }))
    expect(workload(build(scopes), ids.model).slots.opa).toMatchObject({
      text: 'r42',
      tone: 'attention',
      reason: { code: 'slot-behind', params: { newest: 'r43' } },
    })
  })

  it('is unknown when its Envoy stopped answering, and keeps the last known certificate as such', () => {
    const scopes = withSilent(pipeline.scopes, ...partsOf('tool-runtime'))
    const tool = workload(build(scopes), ids.tool)
    expect(tool.state).toMatchObject({ state: 'unknown', reason: { code: 'envoy-silent' } })
    expect(tool.svid.loaded).toMatchObject({ known: true, stale: true })
  })

  it('draws entries of workloads, and not those of agents, aliases, administrators and downstream servers', () => {
    const entries = [
      registrationEntry(spiffe('registered')),
      registrationEntry(`spiffe://${builtDomain}/node/laptop`, { parentId: `spiffe://${builtDomain}/spire/server` }),
      registrationEntry(`spiffe://${builtDomain}/console/admin`, { admin: true }),
      registrationEntry(`spiffe://${builtDomain}/nested`, { downstream: true }),
    ]
    const scopes = withScope(pipeline.scopes, 'spire/spire/entries', (state) => ({
      ...state,
      facts: [...state.facts, ...entries],
    }))
    const graph = build(scopes)
    expect(graph.workloads).toHaveLength(4)
    expect(workload(graph, spiffe('registered')).state).toMatchObject({
      state: 'unknown',
      reason: { code: 'registered-only' },
    })
  })

  it('draws a caller without certificate by its address, in the untrusted zone', () => {
    const scopes = [
      ...pipeline.scopes,
      scope('logs/extra/activity', [
        hopActivity('model-server', 'callee', { callerAddress: '10.7.7.7', mutualTls: 0, plaintext: 3, requests: 3 }),
      ]),
    ]
    const found = workload(build(scopes), 'address/10.7.7.7')
    expect(found).toMatchObject({
      zone: 'edge',
      state: { state: 'no-identity', reason: { code: 'no-certificate-presented' } },
    })
    expect(hop(build(scopes), 'address/10.7.7.7', ids.model).relations).toEqual(['observed'])
  })

  it('is external in another trust domain', () => {
    const scopes = [
      ...pipeline.scopes,
      scope('logs/extra/activity', [
        hopActivity('model-server', 'callee', {
          callerSpiffeId: 'spiffe://partner.example/app',
          callerAddress: '10.7.7.7',
        }),
      ]),
    ]
    expect(workload(build(scopes), 'spiffe://partner.example/app').state).toMatchObject({
      state: 'external',
      reason: { code: 'other-trust-domain' },
    })
  })
})

describe('intent', () => {
  it('draws a wanted hop between stages that nothing shows, and a wanted workload that is not there', () => {
    const intent = {
      ...pipeline.intent,
      stages: [
        ...pipeline.intent.stages,
        {
          id: 'vector-store',
          title: 'Vector store',
          zone: 'pipeline',
          kind: 'store',
          spiffeIds: [spiffe('vector-store', 'data')],
        },
      ],
      adjacency: [...pipeline.intent.adjacency, { from: 'gateway', to: 'vector-store' }],
    }
    const graph = build(pipeline.scopes, builtAt, { intent })
    expect(workload(graph, spiffe('vector-store', 'data')).state).toMatchObject({
      state: 'unknown',
      reason: { code: 'intended-only' },
    })
    expect(hop(graph, ids.gateway, spiffe('vector-store', 'data'))).toMatchObject({
      relations: ['intended'],
      transport: { state: 'unknown' },
    })
  })

  it('makes up no hops for stages with a prefix when one of them is there', () => {
    const intent = {
      ...pipeline.intent,
      stages: [{ id: 'all', title: 'All', zone: 'pipeline', kind: 'model', spiffeIds: [`spiffe://${builtDomain}/*`] }],
      adjacency: [{ from: 'all', to: 'all' }],
    }
    const graph = build(pipeline.scopes, builtAt, { intent })
    expect(graph.hops).toHaveLength(2)
    expect(graph.hops.every((each) => each.relations.includes('intended'))).toBe(true)
  })

  it('works without an intent', () => {
    const graph = build(pipeline.scopes, builtAt, { intent: null })
    expect(graph.zones.map(({ id }) => id)).toEqual(['unassigned', 'control'])
    expect(graph.hops.every((each) => !each.relations.includes('intended'))).toBe(true)
  })
})

describe('control plane', () => {
  it('counts agents, and says which need attention', () => {
    const scopes = withFacts(pipeline.scopes, 'spire/spire/agents', 'spire-agent', (fact) =>
      fact.id.endsWith('node-b') ? { ...fact, svidNotAfter: builtAt - minute } : fact,
    )
    const server = build(scopes).control.find(({ kind }) => kind === 'spire-server')
    expect(server).toMatchObject({
      summary: { code: 'spire-agents', params: { current: 1, total: 2 } },
      state: { state: 'attention', reason: { params: { banned: 0, expired: 1 } } },
    })
  })

  it('shows a bundle that an OPA could not load', () => {
    const scopes = withFacts(pipeline.scopes, 'opa/opa-model/status', 'opa-bundle', (fact) => ({
      ...fact,
      code: 'bundle_error',
    }))
    expect(build(scopes).control.find(({ kind }) => kind === 'opa-bundle')).toMatchObject({
      state: { state: 'attention', reason: { code: 'bundle-with-errors', params: { failing: 1, total: 2 } } },
    })
  })
})

describe('rules that fail themselves', () => {
  it('become a defect, and the rest of the graph stands', () => {
    const broken = { ...trafficCounters('gateway', 'to_model-server') }
    Object.defineProperty(broken, 'cluster', {
      get() {
        throw new Error('a broken fact')
      },
    })
    const scopes = withScope(
      pipeline.scopes.filter((state) => !state.scope.startsWith('logs/')),
      'envoy/gateway/counters',
      (state) => ({ ...state, facts: [broken] }),
    )
    const graph = build(scopes)
    expect(graph.defects.length).toBeGreaterThan(0)
    expect(new Set(graph.defects.map(({ message }) => message))).toEqual(new Set(['a broken fact']))
    expect(hop(graph, ids.model, ids.tool).transport.state).toBe('verified')
    expect(hop(graph, ids.gateway, ids.model)).toMatchObject({
      transport: { state: 'unknown', reason: { code: 'judgement-failed' } },
    })
  })

  it('lets a relation fail for one instance without losing the others', () => {
    const throwing: LinkingRelation = {
      name: 'throwing',
      of: 'envoy',
      link(instance) {
        if (instance.id === 'gateway') throw new Error('a broken relation')
        return []
      },
    }
    const relations = { ...allRelations, linking: [...allRelations.linking, throwing] }
    const { graph } = startGraph(settings, pipeline.scopes, builtAt, relations)
    expect(graph.defects).toEqual([{ rule: 'throwing', subject: 'envoy/gateway', message: 'a broken relation' }])
    expect(graph.hops).toHaveLength(2)
  })
})

/** Nothing was logged, and no counter grew. */
function quiet(scopes: readonly ScopeState[]): readonly ScopeState[] {
  return scopes
    .filter((state) => !state.scope.startsWith('logs/'))
    .map((state) => ({
      ...state,
      facts: state.facts.map((fact) => {
        if (fact.kind === 'envoy-tls-counters') return { ...fact, handshake: counter(0) }
        if (fact.kind === 'envoy-traffic-counters') return { ...fact, requests: counter(0) }
        return fact
      }),
    }))
}

function partsOf(envoy: string): readonly string[] {
  return ['proxy', 'listeners', 'clusters', 'secrets', 'certificates', 'counters'].map(
    (part) => `envoy/${envoy}/${part}`,
  )
}
