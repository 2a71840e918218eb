import { describe, expect, it } from 'vitest'
import {
  builtAt,
  counter,
  envoyCluster,
  envoyProxy,
  handshakeFailing,
  hopActivity,
  loggedRequest,
  peer,
  scope,
  spiffe,
  tlsContext,
} from '../../../../../test/builders/facts.ts'
import { withFacts, withScope, withSilent } from '../../../../../test/builders/pipeline.ts'
import { build, hop, ids, minute, pipeline, quiet, workload } from '../../../../../test/builders/small-graph.ts'

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

  it('fails when the callee ends every connection, though the caller counts handshakes', () => {
    const details = 'upstream_reset_before_response_started{connection_termination}'
    const cut = withFacts(pipeline.scopes, 'logs/gateway-access/activity', 'hop-activity', (fact) => ({
      ...fact,
      upstreamFailures: fact.requests,
      lastRequest: loggedRequest({ at: builtAt - 500, status: 503, details }),
    }))
    const unheard = withFacts(cut, 'logs/model-server-access/activity', 'hop-activity', (fact) =>
      fact.side === 'callee' ? null : fact,
    )
    expect(hop(build(unheard), ids.gateway, ids.model).transport).toMatchObject({
      state: 'failing',
      reason: { code: 'connection-ended', params: { text: details } },
    })
    // The callee logged requests that came through: what ended the others is not its handshake.
    expect(hop(build(cut), ids.gateway, ids.model).transport.state).toBe('verified')
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

describe('secrets of the bootstrap', () => {
  it('are no undelivered identity when their chain lies in a file: /certs shows the leaf', () => {
    const scopes = withFacts(pipeline.scopes, 'envoy/tool-runtime/secrets', 'envoy-secret', (fact) => ({
      ...fact,
      certificate: null,
    }))
    const built = hop(build(scopes), ids.model, ids.tool)
    expect(built.transport.state).toBe('verified')
    expect(built.server.certificate).toMatchObject({ known: true, value: { spiffeId: ids.tool } })
    const withoutCerts = withFacts(scopes, 'envoy/tool-runtime/certificates', 'envoy-certificate', () => null)
    expect(hop(build(withoutCerts), ids.model, ids.tool).transport).toMatchObject({
      state: 'unknown',
      reason: { code: 'leaf-unread' },
    })
  })

  it('that may name peers and cannot be read make nobody unconstrained, and nothing verified', () => {
    const open = withFacts(pipeline.scopes, 'envoy/tool-runtime/listeners', 'envoy-listener', (fact) => ({
      ...fact,
      filterChains: fact.filterChains.map((chain) =>
        chain.tls === null ? chain : { ...chain, tls: { ...chain.tls, peerMatchers: null } },
      ),
    }))
    expect(hop(build(open), ids.model, ids.tool).transport).toMatchObject({
      state: 'one-sided',
      reason: { code: 'peers-not-constrained' },
    })
    const unread = hop(build(withSilent(open, 'envoy/tool-runtime/secrets')), ids.model, ids.tool)
    expect(unread.transport).toMatchObject({
      state: 'unknown',
      reason: { code: 'accepted-peers-unread', params: { owner: 'tool-runtime' } },
      missing: [{ source: 'envoy', instance: 'tool-runtime', what: 'secrets' }],
    })
    expect(unread.server.requiresPeer).toMatchObject({ known: false })
    expect(unread.server.peerAsExpected).toMatchObject({ known: false })
  })
})
