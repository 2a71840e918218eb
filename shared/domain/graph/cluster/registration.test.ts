import { describe, expect, it } from 'vitest'
import { builtAt, envoySecret, spiffe, unreadScope } from '../../../../test/builders/facts.ts'
import {
  clusterScopes,
  clusterSpiffeId,
  clusterStaticEntry,
  labelled,
} from '../../../../test/builders/kubernetes-facts.ts'
import { withFacts, withScope, withSilent } from '../../../../test/builders/pipeline.ts'
import { build, hop, ids, pipeline, workload } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { ScopeState } from '../../model/fact.ts'

const byAddress = pipeline.scopes
const unreadSpire = ['server', 'agents', 'entries'].map((part) => unreadScope(`spire/spire/${part}`))
/** What one kubeconfig gives: everything, but SPIRE is not readable. */
const byCluster: readonly ScopeState[] = [
  ...byAddress.filter((state) => !state.scope.startsWith('spire/')),
  ...unreadSpire,
  ...clusterScopes(pipeline.workloads, pipeline.calls),
]
const entries = 'kubernetes/cluster/clusterstaticentries'
const spiffeIds = 'kubernetes/cluster/clusterspiffeids'

function without(name: string): readonly ScopeState[] {
  return withFacts(byCluster, entries, 'cluster-static-entry', (fact) => (fact.name === name ? null : fact))
}

function notDelivered(scopes: readonly ScopeState[]): readonly ScopeState[] {
  const warming = envoySecret('tool-runtime', ids.tool, { state: 'warming', certificate: null })
  const certificates = withScope(scopes, 'envoy/tool-runtime/certificates', (state) => ({ ...state, facts: [] }))
  return withFacts(certificates, 'envoy/tool-runtime/secrets', 'envoy-secret', (fact) =>
    fact.name === ids.tool ? warming : fact,
  )
}

describe('registration through the cluster', () => {
  it('gives the same states of workloads and hops as by address', () => {
    const direct = build(byAddress)
    const through = build(byCluster)
    expect(through.workloads.map(({ id, name, zone, state }) => [id, name, zone, state.state])).toEqual(
      direct.workloads.map(({ id, name, zone, state }) => [id, name, zone, state.state]),
    )
    expect(
      through.hops.map(({ id, transport, authorisation, relations }) => [
        id,
        transport.state,
        authorisation.state,
        relations,
      ]),
    ).toEqual(
      direct.hops.map(({ id, transport, authorisation, relations }) => [
        id,
        transport.state,
        authorisation.state,
        relations,
      ]),
    )
  })

  it('shows a ClusterStaticEntry as declared', () => {
    const { registration } = workload(build(byCluster), ids.model)
    expect(registration).toMatchObject({
      known: true,
      value: { entryId: 'ClusterStaticEntry/model-server', selectors: ['unix:path:/envoy'] },
      fact: { source: 'kubernetes', basis: 'declared' },
    })
  })

  it("lets SPIRE's own entries win", () => {
    const { registration } = workload(build([...byAddress, ...clusterScopes(pipeline.workloads, [])]), ids.model)
    expect(registration).toMatchObject({ known: true, fact: { source: 'spire', basis: 'measured' } })
  })

  it('renders the template of a ClusterSPIFFEID for the pods it selects', () => {
    const scopes = withScope(
      withScope(byCluster, entries, (state) => ({ ...state, facts: [] })),
      spiffeIds,
      (state) => ({
        ...state,
        facts: [clusterSpiffeId('ai', { podSelector: labelled({ 'everyhop.dev/stage': 'model-server' }) })],
      }),
    )
    const graph = build(scopes)
    expect(workload(graph, ids.model).registration).toMatchObject({
      known: true,
      value: { entryId: 'ClusterSPIFFEID/ai', selectors: ['k8s:pod-uid:uid-of-model-server-1'] },
    })
    expect(workload(graph, ids.gateway).registration.known).toBe(false)
  })

  it('does not guess what a template with other parts would give', () => {
    const scopes = withScope(without('model-server'), spiffeIds, (state) => ({
      ...state,
      facts: [
        clusterSpiffeId('labels', {
          spiffeIdTemplate: 'spiffe://{{ .TrustDomain }}/{{ index .PodMeta.Labels "app" }}',
          podSelector: labelled({ 'everyhop.dev/stage': 'model-server' }),
        }),
      ],
    }))
    const found = workload(build(scopes), ids.model)
    expect(found.registration.known).toBe(false)
    expect(found.state.state).toBe('verified')
  })

  it('draws a workload that only an object declares', () => {
    const scopes = withScope(byCluster, entries, (state) => ({
      ...state,
      facts: [...state.facts, clusterStaticEntry('lonely')],
    }))
    expect(workload(build(scopes), spiffe('lonely')).state).toMatchObject({
      state: 'unknown',
      reason: { code: 'declared-only' },
    })
  })

  it('needs attention when the declaration of a workload with an SVID is gone', () => {
    expect(workload(build(without('model-server')), ids.model).state).toMatchObject({
      state: 'attention',
      reason: { code: 'declaration-gone', params: { cluster: 'cluster' } },
      missing: [{ source: 'spire', what: 'entries' }],
    })
  })

  it('has no identity when nothing declares a workload without an SVID', () => {
    expect(workload(build(notDelivered(without('tool-runtime'))), ids.tool).state).toMatchObject({
      state: 'no-identity',
      reason: { code: 'no-svid-not-declared' },
    })
    expect(workload(build(notDelivered(byCluster)), ids.tool).state.reason.code).toBe('secret-warming')
  })

  it.each([entries, spiffeIds, 'kubernetes/cluster/pods', 'kubernetes/cluster/namespaces'])(
    'says nothing about a missing declaration when %s cannot be read',
    (silent) => {
      const { state } = workload(build(withSilent(without('model-server'), silent)), ids.model)
      expect(state.reason.code).not.toBe('declaration-gone')
    },
  )

  it('says nothing about a missing declaration where none of the trust domain is made by objects', () => {
    const scopes = withScope(byCluster, entries, (state) => ({ ...state, facts: [] }))
    expect(workload(build(scopes), ids.model).state.state).toBe('verified')
  })
})

describe('objects that declare identities', () => {
  const stats = {
    namespacesSelected: 1,
    namespacesIgnored: 0,
    podsSelected: 2,
    podEntryRenderFailures: 0,
    entriesToSet: 2,
    entriesMasked: 0,
    entryFailures: 0,
  }
  function stateOf(more: Partial<typeof stats> | null): readonly [string, string] {
    const object = clusterSpiffeId('policy', { stats: more === null ? null : { ...stats, ...more } })
    const scopes = withScope(byCluster, spiffeIds, (state) => ({ ...state, facts: [object] }))
    const found = build(scopes).control.find(({ name }) => name === 'policy')
    return [found?.state.state ?? '', found?.state.reason.code ?? '']
  }

  it.each([
    [{}, 'verified', 'declares-pods'],
    [{ podsSelected: 0, entriesToSet: 0 }, 'attention', 'declares-nothing'],
    [{ podsSelected: 0, namespacesIgnored: 1 }, 'attention', 'declares-ignored-namespaces'],
    [{ podEntryRenderFailures: 1 }, 'attention', 'declares-unrendered'],
    [{ entriesMasked: 1 }, 'attention', 'declares-masked'],
    [{ entryFailures: 1 }, 'attention', 'declares-with-failures'],
    [null, 'unknown', 'declares-without-status'],
  ])('with %j are %s', (more, state, code) => {
    expect(stateOf(more)).toEqual([state, code])
  })

  it('are unknown when they cannot be read any more', () => {
    const graph = build(withSilent(byCluster, entries))
    const found = graph.control.find(({ name }) => name === 'ClusterStaticEntry')
    expect(found?.state).toMatchObject({ state: 'unknown', reason: { code: 'declares-unread' } })
  })

  it('need attention when one is masked, and not when the controller leaves `set` false for what it made', () => {
    const withStatus = (masked: boolean) =>
      withFacts(byCluster, entries, 'cluster-static-entry', (fact) =>
        fact.name === 'gateway' ? { ...fact, status: { rendered: true, masked, set: false } } : fact,
      )
    const found = (masked: boolean) =>
      build(withStatus(masked), builtAt).control.find(({ name }) => name === 'ClusterStaticEntry')
    expect(found(false)?.state.state).toBe('verified')
    expect(found(true)?.state.reason).toMatchObject({
      code: 'declares-entries-with-trouble',
      params: { masked: 1, total: 3 },
    })
  })
})

it('a hop of the cluster is where it was', () => {
  expect(hop(build(byCluster), ids.gateway, ids.model).transport.state).toBe('verified')
})

describe('an object of a class that no controller manager has', () => {
  const ofClass = (className: string | null, status: { rendered: boolean; masked: boolean; set: boolean } | null) =>
    withFacts(byCluster, entries, 'cluster-static-entry', (fact) =>
      fact.name === 'tool-runtime'
        ? { ...fact, className, status }
        : { ...fact, className: 'lab', status: { rendered: true, masked: false, set: false } },
    )
  const card = (scopes: readonly ScopeState[]) =>
    build(scopes).control.find(({ id }) => id === 'control/kubernetes/cluster/cluster-static-entries')?.state
  const acted = { rendered: true, masked: false, set: false }

  it.each(['other', null])('declares nobody, and that is said: %s', (className) => {
    const scopes = ofClass(className, null)
    expect(workload(build(scopes), ids.tool).registration).toMatchObject({ known: false })
    expect(workload(build(scopes), ids.model).registration).toMatchObject({ known: true })
    const state = card(scopes)
    expect(state).toMatchObject({ state: 'attention', reason: { code: 'declares-for-other-class' } })
    if (state === undefined) throw new Error('no card')
    expect(reasonSentence(state.reason)).toBe(
      `No controller manager acts on ClusterStaticEntry tool-runtime: ${className === null ? 'it has no class' : 'its class is “other”'}, and the one that runs acts on “lab”.`,
    )
  })

  it('is not one while a status says that somebody acted on it, or another of its class has one', () => {
    expect(workload(build(ofClass('other', acted)), ids.tool).registration).toMatchObject({ known: true })
    expect(workload(build(ofClass('lab', null)), ids.tool).registration).toMatchObject({ known: true })
    expect(card(ofClass('lab', null))).toMatchObject({ reason: { code: 'declares-without-status' } })
  })
})
