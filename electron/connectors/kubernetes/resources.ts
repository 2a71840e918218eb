/** A kind of object that is listed and watched. */
export interface Resource {
  /** As RBAC names it: `pods`. */
  readonly plural: string
  /** Empty for core/v1. */
  readonly group: string
  readonly version: string
  readonly namespaced: boolean
  /** Comes with a CRD, so that a cluster need not know it. */
  readonly optional: boolean
}

const core = { group: '', version: 'v1', optional: false } as const
const spire = { group: 'spire.spiffe.io', version: 'v1alpha1', namespaced: false, optional: true } as const
const admission = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  namespaced: false,
  optional: false,
} as const

/** Everything that is ever listed or watched. Secrets and ConfigMaps are not here, and never will be. */
export const resources = {
  pods: { ...core, plural: 'pods', namespaced: true },
  services: { ...core, plural: 'services', namespaced: true },
  endpointSlices: {
    plural: 'endpointslices',
    group: 'discovery.k8s.io',
    version: 'v1',
    namespaced: true,
    optional: false,
  },
  serviceAccounts: { ...core, plural: 'serviceaccounts', namespaced: true },
  namespaces: { ...core, plural: 'namespaces', namespaced: false },
  nodes: { ...core, plural: 'nodes', namespaced: false },
  networkPolicies: {
    plural: 'networkpolicies',
    group: 'networking.k8s.io',
    version: 'v1',
    namespaced: true,
    optional: false,
  },
  clusterSpiffeIds: { ...spire, plural: 'clusterspiffeids' },
  clusterStaticEntries: { ...spire, plural: 'clusterstaticentries' },
  admissionPolicies: { ...admission, plural: 'validatingadmissionpolicies' },
  admissionPolicyBindings: { ...admission, plural: 'validatingadmissionpolicybindings' },
  events: { ...core, plural: 'events', namespaced: true },
} as const satisfies Readonly<Record<string, Resource>>

/** `pods`, `clusterspiffeids.spire.spiffe.io`: as kubectl writes it. */
export function resourceName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
}

/** Path of the collection, in one namespace or over all. */
export function collectionPath(resource: Resource, namespace: string | null): string {
  const base = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  return namespace === null
    ? `${base}/${resource.plural}`
    : `${base}/namespaces/${encodeURIComponent(namespace)}/${resource.plural}`
}

/** What a person types to see one object. */
export function objectPath(resource: Resource, namespace: string, name: string): string {
  const collection = collectionPath(resource, resource.namespaced && namespace !== '' ? namespace : null)
  return `${collection}/${encodeURIComponent(name)}`
}
