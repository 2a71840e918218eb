import { describe, expect, it } from 'vitest'
import {
  builtAt,
  builtDomain,
  hopActivity,
  loggedRequest,
  registrationEntry,
  scope,
  spiffe,
  unreadScope,
} from '../../../../../test/builders/facts.ts'
import { withFacts, withScope, withSilent } from '../../../../../test/builders/pipeline.ts'
import {
  build,
  hop,
  ids,
  minute,
  partsOf,
  pipeline,
  quiet,
  workload,
} from '../../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../../words/reasons.ts'

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

  it.each([
    [-600_000, 'is 600 s behind this computer’s: it may take a fresh SVID for not yet valid.'],
    [11_000, 'is 11 s ahead of this computer’s: it may take an SVID for expired before it is.'],
  ])('needs attention when the clock of its Envoy is off by %i ms', (clockSkewMs, text) => {
    const off = (skew: number | null) =>
      withFacts(pipeline.scopes, 'envoy/tool-runtime/proxy', 'envoy-proxy', (fact) => ({ ...fact, clockSkewMs: skew }))
    const { state } = workload(build(off(clockSkewMs)), ids.tool)
    expect(state).toMatchObject({ state: 'attention', reason: { code: 'envoy-clock-off' } })
    expect(reasonSentence(state.reason)).toContain(text)
    for (const tolerated of [null, 0, 10_000, -10_000]) {
      expect(workload(build(off(tolerated)), ids.tool).state.state).toBe('verified')
    }
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
