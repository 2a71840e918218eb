import type { Fact } from '../../../shared/domain/model/fact.ts'
import type { AdmissionPolicyFact, KubernetesEventFact } from '../../../shared/domain/model/kubernetes-facts.ts'
import type { Seen } from './object.ts'
import { type Resource, resources } from './resources.ts'
import {
  bindPolicies,
  type PolicyBinding,
  translateAdmissionPolicy,
  translateBinding,
  translateClusterSpiffeId,
  translateClusterStaticEntry,
  translateNetworkPolicy,
} from './translate-policies.ts'
import {
  translateEndpointSlice,
  translateEvent,
  translateNamespace,
  translateNode,
  translatePod,
  translateService,
  translateServiceAccount,
} from './translate-workloads.ts'

/** What one object of a resource turns into: a fact, or a piece of one. Throws `KubernetesFailure` for what is not understood. */
type Translate = (object: unknown, seen: Seen) => Fact | PolicyBinding

export interface ScopePart {
  readonly resource: Resource
  readonly translate: Translate
}

/** One scope, `kubernetes/<cluster>/<part>`: the collections that are followed for it and how they become its facts. */
export interface ScopeDefinition {
  readonly part: string
  /** The first is what the scope is about; without the others its facts would be wrong, so then there are none. */
  readonly parts: readonly [ScopePart, ...ScopePart[]]
  /** `collected` has the values of each part, in the order of `parts`; `left` counts what was left out. */
  combine(collected: readonly (readonly (Fact | PolicyBinding)[])[]): {
    readonly facts: readonly Fact[]
    readonly left: number
  }
}

/** A busy cluster writes thousands of events an hour; the newest say what goes on now. */
export const mostEvents = 5000

export const scopes: readonly ScopeDefinition[] = [
  single(resources.pods, translatePod),
  single(resources.services, translateService),
  single(resources.endpointSlices, translateEndpointSlice),
  single(resources.serviceAccounts, translateServiceAccount),
  single(resources.namespaces, translateNamespace),
  single(resources.nodes, translateNode),
  single(resources.networkPolicies, translateNetworkPolicy),
  single(resources.clusterSpiffeIds, translateClusterSpiffeId),
  single(resources.clusterStaticEntries, translateClusterStaticEntry),
  {
    part: resources.admissionPolicies.plural,
    parts: [
      { resource: resources.admissionPolicies, translate: translateAdmissionPolicy },
      { resource: resources.admissionPolicyBindings, translate: translateBinding },
    ],
    combine: ([policies = [], bindings = []]) => ({
      facts: bindPolicies(policies.filter(isPolicy), bindings.filter(isBinding)),
      left: 0,
    }),
  },
  {
    part: resources.events.plural,
    parts: [{ resource: resources.events, translate: translateEvent }],
    combine: ([values = []]) => {
      const events = values.filter(isEvent)
      if (events.length <= mostEvents) return { facts: events, left: 0 }
      const newest = events.toSorted((one, other) => (other.lastAt ?? 0) - (one.lastAt ?? 0))
      return { facts: newest.slice(0, mostEvents), left: events.length - mostEvents }
    },
  },
]

function single(resource: Resource, translate: (object: unknown, seen: Seen) => Fact): ScopeDefinition {
  return {
    part: resource.plural,
    parts: [{ resource, translate }],
    combine: ([values = []]) => ({ facts: values.filter(isFact), left: 0 }),
  }
}

function isFact(value: Fact | PolicyBinding): value is Fact {
  return 'kind' in value
}

function isPolicy(value: Fact | PolicyBinding): value is AdmissionPolicyFact {
  return isFact(value) && value.kind === 'admission-policy'
}

function isEvent(value: Fact | PolicyBinding): value is KubernetesEventFact {
  return isFact(value) && value.kind === 'kubernetes-event'
}

function isBinding(value: Fact | PolicyBinding): value is PolicyBinding {
  return !isFact(value)
}
