/** An object as it is given to Kubernetes. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

/** What Kubernetes is told of a pod: what plans of the playground and of the lab have in common. */
export interface PodShape {
  readonly namespace: string
  readonly name: string
  /** Name of the Deployment or DaemonSet it belongs to; also its service account. */
  readonly workload: string
  readonly owner: 'Deployment' | 'DaemonSet'
  readonly node: string
  readonly podIp: string
  readonly labels: Readonly<Record<string, string>>
  readonly containers: readonly ContainerShape[]
  readonly hostNetwork?: true
}

export interface ContainerShape {
  readonly name: string
  /** Without digest. */
  readonly image: string
  readonly arguments: readonly string[]
  readonly ports: readonly PortShape[]
}

export interface PortShape {
  readonly name: string
  readonly port: number
  /** The pod's Service has it too. */
  readonly served?: true
}
