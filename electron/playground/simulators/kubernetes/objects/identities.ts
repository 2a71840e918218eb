import { trustDomain } from '../../../pipeline/topology.ts'
import type { Manifest } from './pod-shape.ts'

const apiVersion = 'spire.spiffe.io/v1alpha1'

export interface StaticEntryOrder {
  /** Name of the object and hint of the entry: a stage. */
  readonly id: string
  readonly spiffeId: string
  readonly parentId: string
  /** `unix:path:/run/envoy` */
  readonly selectors: readonly string[]
  /** The class of the controller manager that looks after it. */
  readonly className: string
}

export function staticEntry({ id, spiffeId, parentId, selectors, className }: StaticEntryOrder): Manifest {
  return {
    apiVersion,
    kind: 'ClusterStaticEntry',
    metadata: { name: id },
    spec: { className, spiffeID: spiffeId, parentID: parentId, selectors, hint: id },
  }
}

const policyServicesName = 'policy-services'

/**
 * Identities by pods. Not for the stages: those would have two entries each, and the one that a fault takes away would
 * not be missed. `partOf`: which pods it selects.
 */
export function podIdentities(className: string, partOf = 'policy'): Manifest {
  return {
    apiVersion,
    kind: 'ClusterSPIFFEID',
    metadata: { name: policyServicesName },
    spec: {
      className,
      spiffeIDTemplate: `spiffe://${trustDomain}/ns/{{ .PodMeta.Namespace }}/sa/{{ .PodSpec.ServiceAccountName }}`,
      podSelector: { matchLabels: { 'app.kubernetes.io/part-of': partOf } },
      ttl: '10m',
    },
  }
}

/** No image without a digest: what runs is what was admitted. */
const admissionPolicyName = 'images-by-digest'
const admissionVersion = 'admissionregistration.k8s.io/v1'

export function admission(): readonly Manifest[] {
  return [
    {
      apiVersion: admissionVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: admissionPolicyName },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        },
        validations: [
          {
            expression: "object.spec.containers.all(c, c.image.contains('@sha256:'))",
            message: 'every image must be named by its digest',
          },
        ],
      },
    },
    admissionBinding(),
  ]
}

/** What is done with what the policy refuses. */
export function admissionBinding(validationActions: readonly ('Deny' | 'Audit')[] = ['Deny']): Manifest {
  return {
    apiVersion: admissionVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: admissionPolicyName },
    spec: {
      policyName: admissionPolicyName,
      validationActions,
      matchResources: { namespaceSelector: { matchLabels: { 'everyhop.dev/pipeline': 'true' } } },
    },
  }
}
