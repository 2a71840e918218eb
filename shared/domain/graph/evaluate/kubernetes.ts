import type { Known, KubernetesView } from '../../model/graph.ts'
import type { PodFact } from '../../model/kubernetes-facts.ts'
import type { JoinedPod } from '../cluster/joins.ts'
import { isCurrent } from '../instances/records.ts'
import { notKnown, referenceTo, whyUnread } from '../known.ts'
import { reason } from '../reasons.ts'
import type { WorkloadEvidence } from './workload-evidence.ts'

/** The pods that a workload runs in. Derived: which pod it is follows from an id, an address or a declared SPIFFE ID. */
export function kubernetesOf({ naming, pods, world }: WorkloadEvidence): Known<KubernetesView> {
  const { clusters } = world.sight
  const [first] = pods
  if (first === undefined) {
    if (clusters.length === 0) return notKnown(reason('source-not-configured', { source: 'Kubernetes' }))
    const unread = clusters.find(({ parts }) => !isCurrent(parts.pods))
    if (unread !== undefined) return whyUnread('kubernetes', unread.id, 'pods', unread.parts.pods)
    return notKnown(reason('no-pod-found', { name: naming.name }))
  }
  const { pod, cluster } = first
  const view: KubernetesView = {
    cluster,
    namespace: pod.namespace,
    pods: pods.map(({ pod: { name, ready, nodeName } }) => ({ name, ready, node: nodeName })),
    owner: ownerOf(pod),
    serviceAccount: pod.serviceAccount,
  }
  const scope = clusters.find(({ id }) => id === cluster)?.parts.pods
  return { known: true, value: view, fact: { ...referenceTo(pod), basis: 'derived' }, stale: !isCurrent(scope) }
}

const stageLabels = ['everyhop.dev/stage', 'app.kubernetes.io/component'] as const

/** The stage that all its pods name in the same label; null: none, or they differ. */
export function stageLabelOf(pods: readonly JoinedPod[]): string | null {
  const [first, ...others] = pods
  if (first === undefined) return null
  for (const label of stageLabels) {
    const value = first.pod.labels[label]
    if (value === undefined || value === '') continue
    return others.every(({ pod }) => pod.labels[label] === value) ? value : null
  }
  return null
}

/** `apps` makes a ReplicaSet for each version of a Deployment, and names it by the hash of its template. */
function ownerOf({ owner, labels }: PodFact): KubernetesView['owner'] {
  const hash = labels['pod-template-hash']
  if (owner?.kind !== 'ReplicaSet' || hash === undefined || !owner.name.endsWith(`-${hash}`)) return owner
  return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) }
}
