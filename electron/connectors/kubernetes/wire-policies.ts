import { z } from 'zod'
import { listOf, metadata, strings } from './wire.ts'
import { intOrString } from './wire-workloads.ts'

/** networking.k8s.io/v1, admissionregistration.k8s.io/v1 and spire.spiffe.io/v1alpha1 (controller manager 0.6): exactly what is read. */

const word = z
  .string()
  .nullish()
  .transform((value) => value ?? '')
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false)
const count = z
  .number()
  .nullish()
  .transform((value) => value ?? 0)

export const labelSelector = z.object({
  matchLabels: strings,
  matchExpressions: listOf(z.object({ key: z.string(), operator: z.string(), values: listOf(z.string()) })),
})

const peer = z.object({
  podSelector: labelSelector.nullish(),
  namespaceSelector: labelSelector.nullish(),
  ipBlock: z.object({ cidr: z.string(), except: listOf(z.string()) }).nullish(),
})
const port = z.object({ port: intOrString.nullish(), endPort: z.number().nullish(), protocol: z.string().nullish() })

export const networkPolicy = z.object({
  metadata,
  spec: z.object({
    podSelector: labelSelector.nullish(),
    policyTypes: listOf(z.enum(['Ingress', 'Egress'])),
    ingress: listOf(z.object({ from: listOf(peer), ports: listOf(port) })),
    egress: z.array(z.object({ to: listOf(peer), ports: listOf(port) })).nullish(),
  }),
})

export const clusterSpiffeId = z.object({
  metadata,
  spec: z.object({
    spiffeIDTemplate: z.string(),
    className: z.string().nullish(),
    ttl: z.string().nullish(),
    podSelector: labelSelector.nullish(),
    namespaceSelector: labelSelector.nullish(),
    fallback: flag,
    admin: flag,
    downstream: flag,
  }),
  status: z
    .object({
      stats: z
        .object({
          namespacesSelected: count,
          namespacesIgnored: count,
          podsSelected: count,
          podEntryRenderFailures: count,
          entriesToSet: count,
          entriesMasked: count,
          entryFailures: count,
        })
        .nullish(),
    })
    .nullish(),
})

export const clusterStaticEntry = z.object({
  metadata,
  spec: z.object({
    spiffeID: z.string(),
    parentID: z.string(),
    selectors: listOf(z.string()),
    className: z.string().nullish(),
    x509SVIDTTL: z.string().nullish(),
  }),
  status: z.object({ rendered: flag, masked: flag, set: flag }).nullish(),
})

export const admissionPolicy = z.object({
  metadata,
  spec: z.object({
    failurePolicy: z.string().nullish(),
    validations: listOf(z.object({ expression: z.string(), message: z.string().nullish() })),
    matchConstraints: z.object({ namespaceSelector: labelSelector.nullish() }).nullish(),
  }),
})

export const admissionPolicyBinding = z.object({
  metadata,
  spec: z.object({
    policyName: word,
    validationActions: listOf(z.string()),
    matchResources: z.object({ namespaceSelector: labelSelector.nullish() }).nullish(),
  }),
})

export type WireLabelSelector = z.output<typeof labelSelector>
export type WirePeer = z.output<typeof peer>
export type WirePort = z.output<typeof port>
