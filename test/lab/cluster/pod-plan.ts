/** One pod of the lab's cluster: what Kubernetes is told of it, and what really stands behind its ports and logs. */
export interface PodPlan {
  readonly namespace: string
  readonly name: string
  /** Name of the Deployment or DaemonSet it belongs to; also its service account. */
  readonly workload: string
  readonly owner: 'Deployment' | 'DaemonSet'
  readonly node: string
  /** The address that the processes behind it really have: a loopback address. */
  readonly podIp: string
  readonly labels: Readonly<Record<string, string>>
  readonly containers: readonly ContainerPlan[]
  readonly hostNetwork?: true
}

export interface ContainerPlan {
  readonly name: string
  /** Without digest. */
  readonly image: string
  readonly arguments: readonly string[]
  readonly ports: readonly PortPlan[]
  /** Files whose lines, as they grow, become the container's log. `stage`: only integrity events of this stage. */
  readonly logs: readonly { readonly file: string; readonly stage?: string }[]
}

export interface PortPlan {
  readonly name: string
  /** As the pod declares it. */
  readonly port: number
  /** Where a port-forward to it leads. */
  readonly target: { readonly address: string; readonly port: number }
  /** The pod's Service has it too. */
  readonly served?: true
}
