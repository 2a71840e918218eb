import { z } from 'zod'
import { listOf, metadata, strings } from './wire.ts'

/** core/v1 and discovery.k8s.io/v1 as Kubernetes 1.36 writes them: exactly what is read. Environment variables are not. */

const time = z.string().max(64)
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false)
const word = z
  .string()
  .nullish()
  .transform((value) => value ?? '')
const portNumber = z.number().int().min(0).max(65_535)
export const intOrString = z.union([z.number(), z.string()]).transform(String)

const container = z.object({
  name: z.string(),
  image: word,
  command: listOf(z.string()),
  args: listOf(z.string()),
  restartPolicy: z.string().nullish(),
  ports: listOf(z.object({ name: z.string().nullish(), containerPort: portNumber, protocol: z.string().nullish() })),
})

const containerStatus = z.object({
  name: z.string(),
  imageID: word,
  ready: flag,
  restartCount: z
    .number()
    .nullish()
    .transform((value) => value ?? 0),
  state: z.object({ waiting: z.object({ reason: z.string().nullish() }).nullish() }).nullish(),
})

export const pod = z.object({
  metadata: metadata.extend({
    annotations: strings,
    creationTimestamp: time.nullish(),
    deletionTimestamp: time.nullish(),
    ownerReferences: listOf(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() })),
  }),
  spec: z.object({
    serviceAccountName: word,
    nodeName: word,
    hostNetwork: flag,
    containers: listOf(container),
    initContainers: listOf(container),
    volumes: listOf(
      z.object({
        csi: z.object({ driver: word }).nullish(),
        hostPath: z.object({ path: word }).nullish(),
      }),
    ),
  }),
  status: z
    .object({
      phase: word,
      podIP: word,
      podIPs: listOf(z.object({ ip: z.string() })),
      conditions: listOf(z.object({ type: z.string(), status: z.string() })),
      containerStatuses: listOf(containerStatus),
      initContainerStatuses: listOf(containerStatus),
    })
    .nullish(),
})

export const service = z.object({
  metadata,
  spec: z.object({
    clusterIP: word,
    clusterIPs: listOf(z.string()),
    type: word,
    selector: z.record(z.string(), z.string()).nullish(),
    ports: listOf(
      z.object({
        name: z.string().nullish(),
        port: portNumber,
        targetPort: intOrString.nullish(),
        protocol: z.string().nullish(),
      }),
    ),
    externalName: z.string().nullish(),
  }),
})

export const endpointSlice = z.object({
  metadata,
  ports: listOf(z.object({ name: z.string().nullish(), port: portNumber.nullish() })),
  endpoints: listOf(
    z.object({
      addresses: listOf(z.string()),
      conditions: z.object({ ready: z.boolean().nullish() }).nullish(),
      targetRef: z.object({ kind: word, namespace: word, name: word, uid: z.string().nullish() }).nullish(),
    }),
  ),
})

export const serviceAccount = z.object({ metadata, automountServiceAccountToken: z.boolean().nullish() })

export const namespace = z.object({ metadata, status: z.object({ phase: word }).nullish() })

export const node = z.object({
  metadata,
  status: z
    .object({
      conditions: listOf(z.object({ type: z.string(), status: z.string(), lastHeartbeatTime: time.nullish() })),
      addresses: listOf(z.object({ type: z.string(), address: z.string() })),
    })
    .nullish(),
})

export const event = z.object({
  metadata: metadata.extend({ creationTimestamp: time.nullish() }),
  type: word,
  reason: word,
  message: word,
  involvedObject: z.object({ kind: word, namespace: word, name: word }),
  count: z.number().nullish(),
  series: z.object({ count: z.number().nullish(), lastObservedTime: time.nullish() }).nullish(),
  lastTimestamp: time.nullish(),
  eventTime: time.nullish(),
})

export type Volumes = z.output<typeof pod>['spec']['volumes']
export type Container = z.output<typeof container>
export type ContainerStatus = z.output<typeof containerStatus>
