import { identityCaseOf } from '../../shared/domain/diagnosis/no-identity/case.ts'
import { diagnoseNoIdentity } from '../../shared/domain/diagnosis/no-identity/diagnose-no-identity.ts'
import type { NoIdentityDiagnosis } from '../../shared/domain/diagnosis/no-identity/model.ts'
import { buildGraph } from '../../shared/domain/graph/build.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import type {
  ClusterSpiffeIdFact,
  ClusterStaticEntryFact,
  KubernetesEventFact,
  KubernetesNodeFact,
  LabelSelector,
  NamespaceFact,
  PodFact,
} from '../../shared/domain/model/kubernetes-facts.ts'
import type { RegistrationEntryFact, SpireAgentFact } from '../../shared/domain/model/spire-facts.ts'
import { builtAt, provenance, scope, spiffe } from './fact-parts.ts'
import { builtCluster, clusterSpiffeId, labelled, namespaceFact, pod } from './kubernetes-facts.ts'
import { registrationEntry, spireAgent, spireServer } from './spire-facts.ts'

/** One pod `ai/gateway` on `node-a` with a pod beside it, and everything that decides whether it is given an identity. */
export interface IdentityWorld {
  readonly pods: readonly PodFact[]
  readonly objects: readonly ClusterSpiffeIdFact[]
  readonly staticEntries: readonly ClusterStaticEntryFact[]
  readonly entries: readonly RegistrationEntryFact[]
  readonly agents: readonly SpireAgentFact[]
  readonly events: readonly KubernetesEventFact[]
  readonly namespaces: readonly NamespaceFact[]
  /** Of other sources: Envoys of the pod. */
  readonly more: readonly ScopeState[]
}

export const ownMachine = '6f1d4c1e-0000-4000-8000-00000000000a'
export const otherMachine = '6f1d4c1e-0000-4000-8000-00000000000b'
export const gatewayId = spiffe('gateway', 'ai')
export const gatewayLabels = { 'app.kubernetes.io/name': 'gateway', 'app.kubernetes.io/part-of': 'pipeline' }

export const agentIdOf = (uid: string): string => `spiffe://pipeline.example/spire/agent/k8s_psat/lab/${uid}`
export const gateway = (more: Partial<PodFact> = {}): PodFact =>
  pod('ai', 'gateway', { labels: gatewayLabels, ...more })
export const ranker = (more: Partial<PodFact> = {}): PodFact =>
  pod('ai', 'ranker', { labels: { 'app.kubernetes.io/name': 'ranker' }, ...more })
export const gatewayEntry = (more: Partial<RegistrationEntryFact> = {}): RegistrationEntryFact =>
  registrationEntry(gatewayId, {
    entryId: 'e-1',
    parentId: agentIdOf(ownMachine),
    selectors: ['k8s:ns:ai', 'k8s:sa:gateway'],
    ...more,
  })
export const agent = (uid: string, more: Partial<SpireAgentFact> = {}): SpireAgentFact =>
  spireAgent(uid, { spiffeId: agentIdOf(uid), attestationType: 'k8s_psat', ...more })
export const selecting = (
  matchLabels: Readonly<Record<string, string>>,
  more: Partial<ClusterSpiffeIdFact> & { readonly expressions?: LabelSelector['matchExpressions'] } = {},
): ClusterSpiffeIdFact => {
  const { expressions = [], ...rest } = more
  return clusterSpiffeId('stages', { podSelector: labelled(matchLabels, expressions), ...rest })
}
/** What a controller writes on an object that selects nothing. */
export const noneSelected = {
  namespacesSelected: 3,
  namespacesIgnored: 0,
  podsSelected: 0,
  podEntryRenderFailures: 0,
  entriesToSet: 0,
  entriesMasked: 0,
  entryFailures: 0,
}

/** Selected, registered, and its agent attested: nothing tells why it would have no identity. */
export const inOrder: IdentityWorld = {
  pods: [gateway(), ranker()],
  objects: [selecting({ 'app.kubernetes.io/name': 'gateway' })],
  staticEntries: [],
  entries: [gatewayEntry()],
  agents: [agent(ownMachine), agent(otherMachine)],
  events: [],
  namespaces: [namespaceFact('ai')],
  more: [],
}

export function identityScopes(world: IdentityWorld): readonly ScopeState[] {
  const of = (part: string) => `kubernetes/${builtCluster}/${part}`
  return [
    scope(of('pods'), world.pods),
    scope(of('services'), []),
    scope(of('endpointslices'), []),
    scope(of('namespaces'), world.namespaces),
    scope(of('nodes'), [machine('node-a', ownMachine), machine('node-b', otherMachine)]),
    scope(of('networkpolicies'), []),
    scope(of('clusterspiffeids'), world.objects),
    scope(of('clusterstaticentries'), world.staticEntries),
    scope(of('events'), world.events),
    scope('spire/spire/server', [spireServer()]),
    scope('spire/spire/entries', world.entries),
    scope('spire/spire/agents', world.agents),
    ...world.more,
  ]
}

/** Throws where nothing, or more than one thing, has the name. */
export function diagnoseScopes(scopes: readonly ScopeState[], asked = 'ai/gateway'): NoIdentityDiagnosis {
  const settings = { environment: 'test', intent: null, windowSeconds: 60, bundleStaleAfterSeconds: null }
  const found = identityCaseOf(buildGraph(settings, scopes, builtAt), scopes, asked, builtAt)
  if ('unplaced' in found) throw new Error(found.unplaced)
  return diagnoseNoIdentity(found)
}

export function diagnoseWorld(change: Partial<IdentityWorld>, asked?: string): NoIdentityDiagnosis {
  return diagnoseScopes(identityScopes({ ...inOrder, ...change }), asked)
}

export function podEvent(name: string, reason: string, message: string): KubernetesEventFact {
  return {
    ...named('kubernetes-event', 'events', `${name}.1`, 'ai'),
    type: 'Warning',
    reason,
    message,
    regarding: { kind: 'Pod', namespace: 'ai', name },
    count: 3,
    lastAt: builtAt,
  }
}

function machine(name: string, uid: string): KubernetesNodeFact {
  return { ...named('kubernetes-node', 'nodes', name, ''), uid, ready: true, heartbeatAt: builtAt, addresses: [] }
}

function named<Kind extends string>(kind: Kind, part: string, name: string, namespace: string) {
  return {
    kind,
    id: `kubernetes/${builtCluster}/${part}#${kind}/${name}`,
    from: provenance('kubernetes', builtCluster, `GET ${part}`),
    cluster: builtCluster,
    namespace,
    name,
    uid: `uid-of-${name}`,
    resourceVersion: '1',
    labels: {},
  }
}
