import { describe, expect, test } from 'vitest'
import { builtAt, scope, unreadScope } from '../../../../test/builders/fact-parts.ts'
import {
  envoyCertificate,
  envoyListener,
  envoyProxy,
  envoySecret,
  filterChain,
  tlsContext,
} from '../../../../test/builders/facts.ts'
import {
  agent,
  agentIdOf,
  diagnoseScopes,
  diagnoseWorld,
  gateway,
  gatewayEntry,
  gatewayId,
  type IdentityWorld,
  identityScopes,
  inOrder,
  noneSelected,
  otherMachine,
  ownMachine,
  podEvent,
  ranker,
  selecting,
} from '../../../../test/builders/identity-world.ts'
import { clusterStaticEntry, namespaceFact, pod, podContainer } from '../../../../test/builders/kubernetes-facts.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { IdentityCause } from './model.ts'
import { identityRules } from './rules/index.ts'

const second = 1000
const agentPod = (ready: boolean) =>
  pod('spire', 'spire-agent-x', {
    ready,
    containers: [{ ...podContainer('spire-agent', []), ready, waitingReason: ready ? null : 'CrashLoopBackOff' }],
  })
const withApi = { workloadApi: 'csi' } as const
const mounting = 'MountVolume.SetUp failed for volume "workload-api": driver name csi.spiffe.io not found'
const inSystem = (more: Partial<IdentityWorld> = {}): Partial<IdentityWorld> => ({
  pods: [gateway({ namespace: 'kube-system' })],
  namespaces: [namespaceFact('kube-system')],
  entries: [],
  ...more,
})
const onlyLabel = selecting({ 'everyhop.dev/identity': 'on' })
const byLabel = selecting({}, { spiffeIdTemplate: 'spiffe://{{ .TrustDomain }}/{{ index .PodMeta.Labels "team" }}' })
const ofClass = (
  className: string,
  stats: typeof noneSelected | null,
  labels: Readonly<Record<string, string>> = { 'app.kubernetes.io/name': 'gateway' },
) => selecting(labels, { className, stats })
const failing = (podEntryRenderFailures: number) => ({ ...noneSelected, podsSelected: 2, podEntryRenderFailures })

/** Each cause: a world that leads to it with how certain, and the nearest world that does not. */
const both: readonly (readonly [
  cause: IdentityCause,
  confidence: 'high' | 'medium' | 'low',
  world: Partial<IdentityWorld>,
  other: Partial<IdentityWorld>,
  asked?: string,
])[] = [
  ['no-cluster-spiffeid', 'high', { entries: [], objects: [selecting({ app: 'other' })] }, { entries: [] }],
  [
    'selector-mismatch',
    'high',
    { entries: [], objects: [selecting({ 'app.kubernetes.io/name': 'gatewya' }, { stats: noneSelected })] },
    { entries: [], objects: [selecting({ 'app.kubernetes.io/name': 'orchestrator' }, { stats: noneSelected })] },
  ],
  [
    // The label that the pods beside it have.
    'selector-mismatch',
    'medium',
    { entries: [], objects: [onlyLabel], pods: [gateway(), ranker({ labels: { 'everyhop.dev/identity': 'on' } })] },
    {
      entries: [],
      objects: [onlyLabel],
      pods: [gateway(), pod('edge', 'x', { labels: { 'everyhop.dev/identity': 'on' } })],
    },
  ],
  [
    'namespace-excluded',
    'medium',
    inSystem({
      objects: [
        selecting({ 'app.kubernetes.io/name': 'gateway' }, { stats: { ...noneSelected, namespacesIgnored: 1 } }),
      ],
    }),
    inSystem(),
    'kube-system/gateway',
  ],
  [
    'class-without-manager',
    'medium',
    { entries: [], objects: [ofClass('edge', null), ofClass('everyhop', noneSelected, { app: 'other' })] },
    // One of its own class has a status: a manager of it runs, and its silence says nothing of the class.
    { entries: [], objects: [ofClass('edge', null), ofClass('edge', noneSelected, { app: 'other' })] },
  ],
  [
    'template-fails',
    'high',
    { entries: [], objects: [{ ...byLabel, stats: failing(1) }] },
    { entries: [], objects: [{ ...byLabel, stats: failing(0) }] },
  ],
  ['entry-missing', 'high', { entries: [] }, {}],
  [
    'entry-missing',
    'high',
    { entries: [gatewayEntry({ entryExpiresAt: builtAt - second })] },
    { entries: [gatewayEntry({ entryExpiresAt: builtAt + second })] },
  ],
  // Of a pod that has just come the controller may not have made it yet.
  ['entry-missing', 'low', { entries: [], pods: [gateway({ createdAt: builtAt - second })] }, {}],
  ['entry-missing', 'high', { entries: [], objects: [] }, { objects: [] }],
  [
    'entry-selectors-mismatch',
    'high',
    { entries: [gatewayEntry({ selectors: ['k8s:ns:ai', 'k8s:sa:default'] })] },
    { entries: [gatewayEntry({ selectors: ['k8s:ns:ai', 'unix:uid:1000'] })] },
  ],
  [
    'entry-of-another-agent',
    'high',
    { entries: [gatewayEntry({ parentId: agentIdOf(otherMachine) })] },
    { entries: [gatewayEntry({ parentId: agentIdOf('of-a-cluster-that-is-not-read') })] },
  ],
  ['agent-not-attested', 'medium', { agents: [agent(otherMachine)] }, { agents: [] }],
  [
    'agent-not-attested',
    'high',
    { agents: [agent(ownMachine, { svidNotAfter: builtAt - second })] },
    { agents: [agent(ownMachine, { svidNotAfter: builtAt + second })] },
  ],
  [
    'agent-banned',
    'high',
    { agents: [agent(ownMachine, { banned: true })] },
    { agents: [agent(otherMachine, { banned: true }), agent(ownMachine)] },
  ],
  ['agent-not-in-sync', 'medium', { pods: [gateway(), agentPod(false)] }, { pods: [gateway(), agentPod(true)] }],
  [
    'agent-not-in-sync',
    'low',
    { entries: [gatewayEntry({ createdAt: builtAt - second })] },
    { entries: [gatewayEntry({ createdAt: builtAt - 60 * second })] },
  ],
  [
    'socket-not-mounted',
    'medium',
    { pods: [gateway({ ready: false })], events: [podEvent('gateway', 'FailedMount', mounting)] },
    { pods: [gateway({ ready: false })], events: [podEvent('gateway', 'FailedMount', 'volume "cache" is missing')] },
  ],
  [
    'socket-not-mounted',
    'medium',
    { pods: [gateway({ workloadApi: 'none' }), ranker(withApi)] },
    { pods: [gateway({ workloadApi: 'none' }), ranker({ workloadApi: 'none' })] },
  ],
]

test.each(both.map(([cause, confidence, world, other, asked]) => ({ cause, confidence, world, other, asked })))(
  '$cause is told, $confidence, and not of the world next to it',
  ({ cause, confidence, world, other, asked }) => {
    const found = diagnoseWorld(world, asked)
    expect(found.verdict, reasonSentence(found.verdict.reason)).toMatchObject({ cause, confidence })
    expect(found.verdict.restsOn).not.toEqual([])
    expect(found.verdict.wouldRaise.length === 0 || confidence !== 'high').toBe(true)
    const elsewhere = diagnoseWorld(other, asked).verdict
    if (!(elsewhere.cause === cause && elsewhere.confidence !== confidence)) expect(elsewhere.cause).not.toBe(cause)
  },
)

test('every cause that a rule can name is told of some world', () => {
  const told = new Set(both.map(([cause]) => cause))
  expect(identityRules.map(({ cause }) => cause).filter((cause) => !told.has(cause))).toEqual([])
})

test('of a workload in good order nothing is wrong that anything tells of, and what is not known is asked', () => {
  const { verdict, open, ruledOut } = diagnoseWorld({})
  expect(verdict).toMatchObject({ cause: 'unknown', confidence: 'low' })
  expect(open.map(({ reason }) => reason.code)).toContain('sync-not-told')
  expect(ruledOut.map(({ cause }) => cause)).toEqual(['no-cluster-spiffeid', 'entry-missing', 'agent-banned'])
})

describe('an SVID that an Envoy holds', () => {
  const envoy = 'envoy.ai.gateway.envoy'
  const holding: Partial<IdentityWorld> = {
    more: [
      scope(`envoy/${envoy}/proxy`, [envoyProxy(envoy)]),
      scope(`envoy/${envoy}/secrets`, [envoySecret(envoy, gatewayId)]),
      scope(`envoy/${envoy}/listeners`, [
        envoyListener(envoy, 'ingress', { filterChains: [filterChain(tlsContext('downstream', gatewayId, []), null)] }),
      ]),
      scope(`envoy/${envoy}/clusters`, []),
      scope(`envoy/${envoy}/certificates`, [envoyCertificate(envoy, gatewayId)]),
      scope(`envoy/${envoy}/counters`, []),
    ],
  }

  test('is an identity, where nothing else is wrong', () => {
    expect(diagnoseWorld(holding).verdict).toMatchObject({ cause: 'has-identity', confidence: 'high' })
  })

  test('does not hide that nothing will renew it', () => {
    const { verdict } = diagnoseWorld({ ...holding, entries: [] })
    expect(verdict).toMatchObject({ cause: 'entry-missing', confidence: 'high' })
    expect(reasonSentence(verdict.reason)).toContain('will not be renewed')
  })

  test('speaks against selectors that would not let it have one', () => {
    const { verdict } = diagnoseWorld({ ...holding, entries: [gatewayEntry({ selectors: ['k8s:sa:default'] })] })
    expect(verdict.cause).toBe('has-identity')
  })
})

describe('what comes near', () => {
  test('is shown with exactly what is asked for and what is there instead', () => {
    const { candidates } = diagnoseWorld({
      entries: [],
      objects: [selecting({ 'app.kubernetes.io/name': 'gatewya' }, { stats: noneSelected })],
    })
    const [nearest] = candidates
    expect(nearest).toMatchObject({ kind: 'ClusterSPIFFEID', name: 'stages', fits: false, isExpected: null })
    expect(nearest?.criteria).toEqual([
      {
        part: 'pod-label',
        key: 'app.kubernetes.io/name',
        want: 'app.kubernetes.io/name = gatewya',
        have: 'gateway',
        state: 'differs',
      },
    ])
  })

  test('of an entry is each of its selectors, also those that nothing tells of', () => {
    const selectors = ['k8s:ns:ai', 'k8s:pod-label:tier:gold', 'unix:uid:1000', 'k8s:container-name:app']
    const { candidates } = diagnoseWorld({ entries: [gatewayEntry({ selectors })] })
    const states = candidates.find(({ kind }) => kind === 'entry')?.criteria.map(({ want, state }) => [want, state])
    expect(states).toEqual([
      ['k8s:pod-label:tier:gold', 'missing'],
      ['k8s:container-name:app', 'differs'],
      ['unix:uid:1000', 'unknown'],
      ['k8s:ns:ai', 'met'],
      [agentIdOf(ownMachine), 'met'],
    ])
  })

  test('are not entries and objects of other workloads', () => {
    const others = Array.from({ length: 30 }, (_, index) =>
      clusterStaticEntry(`other-${index}`, { spiffeId: `spiffe://pipeline.example/other/${index}` }),
    )
    const { candidates } = diagnoseWorld({ staticEntries: others })
    expect(candidates.map(({ kind }) => kind)).toEqual(['entry', 'ClusterSPIFFEID'])
  })

  test('include a static entry that its controller has not set', () => {
    const unset = clusterStaticEntry('gateway', {
      spiffeId: gatewayId,
      parentId: agentIdOf(ownMachine),
      selectors: ['k8s:sa:gateway'],
      status: { rendered: true, masked: false, set: false },
    })
    const { verdict, candidates } = diagnoseWorld({ entries: [], objects: [], staticEntries: [unset] })
    expect(verdict).toMatchObject({ cause: 'entry-missing', confidence: 'high' })
    expect(candidates[0]).toMatchObject({ kind: 'ClusterStaticEntry', notes: [{ code: 'object-not-set' }] })
  })
})

describe('what could not be read', () => {
  const without = (part: string, world: Partial<IdentityWorld>) =>
    diagnoseScopes(
      identityScopes({ ...inOrder, ...world }).map((each) =>
        each.scope.endsWith(part) ? unreadScope(each.scope) : each,
      ),
    )

  test('leaves no certainty that nothing declares it', () => {
    const nothing = { entries: [], objects: [selecting({ app: 'other' })] }
    expect(without('/entries', nothing).verdict).toMatchObject({ cause: 'no-cluster-spiffeid', confidence: 'medium' })
    expect(without('/clusterstaticentries', nothing).verdict).toMatchObject({ confidence: 'medium' })
    expect(without('/namespaces', nothing).verdict.confidence).not.toBe('high')
  })

  test('is asked for', () => {
    const { open, verdict } = without('/entries', { entries: [], objects: [selecting({ app: 'other' })] })
    expect(open.map(({ reason }) => reasonSentence(reason))).toContain(
      'SPIRE’s registration entries could not be read now.',
    )
    expect(verdict.wouldRaise).not.toEqual([])
  })
})

test('a pod that is found by its service account alone is looked at, and makes nothing certain', () => {
  // The graph knows the workload by its entry and no Envoy; nothing but its SPIFFE ID leads to the pod.
  const world = {
    objects: [],
    entries: [gatewayEntry({ selectors: ['k8s:ns:ai', 'k8s:sa:gateway', 'k8s:pod-name:x'] })],
  }
  const { subject, verdict, open } = diagnoseWorld(world, gatewayId)
  expect(subject.pod).toMatchObject({ namespace: 'ai', name: 'gateway' })
  expect(verdict).toMatchObject({ cause: 'entry-selectors-mismatch', confidence: 'medium' })
  expect(open.map(({ reason }) => reason.code)).toContain('pod-by-account')
  expect(diagnoseWorld(world).verdict.confidence).toBe('high')
})
