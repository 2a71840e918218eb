import type { IncomingMessage } from 'node:http'

/** A rule of RBAC. */
export interface Rule {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  /** With its subresource: `pods/log`. */
  readonly resources: readonly string[]
}

export interface Action {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
}

/** Who may what. */
export interface Access {
  /** The user's name; null: the credentials are not accepted. */
  authenticate(request: IncomingMessage): string | null
  allows(user: string, action: Action): boolean
  /** What SelfSubjectRulesReview answers. */
  rulesOf(user: string): { readonly incomplete: boolean; readonly rules: readonly Rule[] }
}

/**
 * The ClusterRole of docs/rights/kubernetes.yaml: the simulator hands out exactly these rights. As data, because the manual is
 * not there at run time; a test holds that both say the same.
 */
export const shippedRules: readonly Rule[] = [
  {
    apiGroups: [''],
    resources: ['pods', 'services', 'serviceaccounts', 'namespaces', 'nodes', 'events'],
    verbs: ['list', 'watch'],
  },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list', 'watch'] },
  {
    apiGroups: ['spire.spiffe.io'],
    resources: ['clusterspiffeids', 'clusterstaticentries'],
    verbs: ['list', 'watch'],
  },
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
    verbs: ['list', 'watch'],
  },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods/portforward'], verbs: ['get', 'create'] },
]

/** What every cluster gives to everyone whom it knows (system:basic-user), as far as it is served here. */
export const everybodysRules: readonly Rule[] = [
  { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectrulesreviews'], verbs: ['create'] },
]

export function rulesAllow(rules: readonly Rule[], { verb, group, resource, subresource }: Action): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`
  return rules.some(
    (rule) =>
      has(rule.verbs, verb) &&
      has(rule.apiGroups, group) &&
      (has(rule.resources, full) || (subresource !== '' && rule.resources.includes(`*/${subresource}`))),
  )
}

function has(list: readonly string[], wanted: string): boolean {
  return list.includes('*') || list.includes(wanted)
}
