import type { Report } from '../../../shared/domain/model/fact.ts'
import type { KubernetesRightsFact } from '../../../shared/domain/model/kubernetes-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { KubernetesClient, Rules } from './client.ts'
import { connectionFailure, gapOf, KubernetesFailure } from './failure.ts'
import { measured } from './object.ts'

/**
 * Rights that no list shows. Forwarding needs two verbs: the WebSocket request is a GET, and since Kubernetes 1.35 the API
 * server asks for `create` as well (feature gate AuthorizePodWebsocketUpgradeCreatePermission).
 */
const wanted = [
  { right: 'pods/log', field: 'mayReadLogs', verbs: ['get'] },
  { right: 'pods/portforward', field: 'mayForwardPorts', verbs: ['get', 'create'] },
] as const

/** Asked one after the other; more namespaces than this take too long to ask, and are told apart by trying. */
const mostNamespaces = 50

/** Asks for Everyhop's own rights in the namespaces that matter, as the scope `kubernetes/<cluster>/rights`. */
export async function readRights(
  cluster: string,
  namespaces: readonly string[],
  client: KubernetesClient,
  now: () => EpochMs,
  signal: AbortSignal,
): Promise<Report> {
  const scope = `kubernetes/${cluster}/rights`
  const facts: KubernetesRightsFact[] = []
  try {
    for (const namespace of namespaces.slice(0, mostNamespaces)) {
      const rules = await client.rights(namespace, signal)
      facts.push(rightsFact(cluster, namespace, rules, now()))
    }
  } catch (error) {
    signal.throwIfAborted()
    const failure = connectionFailure(error, 'SelfSubjectRulesReview')
    return unreadRights(cluster, failure, now())
  }
  const gaps = wanted.flatMap(({ right, field, verbs }) => {
    const lacking = facts.filter((fact) => fact[field] === false).map(({ namespace }) => namespace)
    if (lacking.length === 0) return []
    const where = lacking.length === facts.length ? 'any namespace' : `namespace ${lacking.slice(0, 10).join(', ')}`
    const words = `${verbs.join(' and ')} ${right} in ${where}: not among the rights of this user (SelfSubjectRulesReview)`
    return gapOf(cluster, right, new KubernetesFailure('forbidden', words), now())
  })
  return { scope, at: now(), facts, gaps }
}

export function unreadRights(cluster: string, failure: KubernetesFailure, at: EpochMs): Report {
  return { scope: `kubernetes/${cluster}/rights`, at, facts: null, gaps: [gapOf(cluster, 'rights', failure, at)] }
}

function rightsFact(cluster: string, namespace: string, rules: Rules, at: EpochMs): KubernetesRightsFact {
  return {
    kind: 'kubernetes-rights',
    id: `kubernetes/${cluster}/rights#kubernetes-rights/${namespace}`,
    from: measured(
      { cluster, at },
      `POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews (namespace ${namespace})`,
    ),
    cluster,
    namespace,
    mayReadLogs: holds(rules, wanted[0]),
    mayForwardPorts: holds(rules, wanted[1]),
  }
}

function holds(rules: Rules, { right, verbs }: (typeof wanted)[number]): boolean | null {
  const [, subresource] = right.split('/')
  const isHeld = verbs.every((verb) =>
    rules.rules.some(
      (rule) =>
        rule.verbs.some((one) => one === verb || one === '*') &&
        rule.apiGroups.some((group) => group === '' || group === '*') &&
        rule.resources.some((one) => one === right || one === '*' || one === '*/*' || one === `*/${subresource}`),
    ),
  )
  return isHeld ? true : rules.incomplete ? null : false
}
