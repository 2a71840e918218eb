/** A kind of object that the simulator serves. */
export interface Kind {
  readonly kind: string
  /** As RBAC and paths name it: `pods`. */
  readonly plural: string
  /** Empty for core/v1. */
  readonly group: string
  readonly version: string
  readonly namespaced: boolean
}

const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const
const apps = { group: 'apps', version: 'v1', namespaced: true } as const
const core = { group: '', version: 'v1' } as const
const spire = { group: 'spire.spiffe.io', version: 'v1alpha1', namespaced: false } as const

export const kinds: readonly Kind[] = [
  { ...core, kind: 'Pod', plural: 'pods', namespaced: true },
  { ...core, kind: 'Service', plural: 'services', namespaced: true },
  { ...core, kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true },
  { ...core, kind: 'Event', plural: 'events', namespaced: true },
  { ...core, kind: 'Namespace', plural: 'namespaces', namespaced: false },
  { ...core, kind: 'Node', plural: 'nodes', namespaced: false },
  { ...apps, kind: 'Deployment', plural: 'deployments' },
  { ...apps, kind: 'ReplicaSet', plural: 'replicasets' },
  { ...apps, kind: 'DaemonSet', plural: 'daemonsets' },
  { kind: 'EndpointSlice', plural: 'endpointslices', group: 'discovery.k8s.io', version: 'v1', namespaced: true },
  { kind: 'NetworkPolicy', plural: 'networkpolicies', group: 'networking.k8s.io', version: 'v1', namespaced: true },
  { ...spire, kind: 'ClusterSPIFFEID', plural: 'clusterspiffeids' },
  { ...spire, kind: 'ClusterStaticEntry', plural: 'clusterstaticentries' },
  { ...spire, kind: 'ClusterFederatedTrustDomain', plural: 'clusterfederatedtrustdomains' },
  { ...admission, kind: 'ValidatingAdmissionPolicy', plural: 'validatingadmissionpolicies' },
  { ...admission, kind: 'ValidatingAdmissionPolicyBinding', plural: 'validatingadmissionpolicybindings' },
]

export function kindOf(name: string): Kind {
  const found = kinds.find(({ kind }) => kind === name)
  if (found === undefined) throw new Error(`the Kubernetes simulator does not serve the kind ${name}`)
  return found
}

/** `v1`, `apps/v1` */
export function apiVersionOf({ group, version }: Pick<Kind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`
}

/** `pods`, `networkpolicies.networking.k8s.io`: as Kubernetes' errors name it. */
export function qualified(plural: string, group: string): string {
  return group === '' ? plural : `${plural}.${group}`
}
