import { trustDomain } from '../../../../electron/playground/pipeline/topology.ts'
import type { StagePlan } from '../../plan.ts'
import type { Manifest } from '../api.ts'
import { className } from '../names.ts'

const apiVersion = 'spire.spiffe.io/v1alpha1'

/**
 * Gives a running Envoy its identity: by the path of its program, because the process behind a pod of this cluster is not
 * in a container that SPIRE could tell the pod from.
 */
export function staticEntry(stage: StagePlan, parentId: string): Manifest {
  return {
    apiVersion,
    kind: 'ClusterStaticEntry',
    metadata: { name: stage.stage.id },
    spec: {
      className,
      spiffeID: stage.spiffeId,
      parentID: parentId,
      selectors: [`unix:path:${stage.program}`],
      hint: stage.stage.id,
    },
  }
}

const policyServicesName = 'policy-services'

/**
 * Identities by pods. Not for the stages: those would have two entries each, and the one that a fault takes away would
 * not be missed. `partOf`: which pods it selects.
 */
export function podIdentities(partOf = 'policy'): Manifest {
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

export function admission(): readonly Manifest[] {
  const version = 'admissionregistration.k8s.io/v1'
  return [
    {
      apiVersion: version,
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
    {
      apiVersion: version,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: admissionPolicyName },
      spec: {
        policyName: admissionPolicyName,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'everyhop.dev/pipeline': 'true' } } },
      },
    },
  ]
}
