import type { PodFact } from '../../model/kubernetes-facts.ts'
import type { JoinedPod } from './joins.ts'

/** Programs that serve the pipelines of a cluster and are no stage of one, by the last part of their image's name. */
const programs: ReadonlyMap<string, string> = new Map([
  ['opa', 'OPA'],
  ['opa-envoy-plugin', 'OPA'],
  ['bundle-server', 'a bundle server'],
  ['opa-bundle-server', 'a bundle server'],
  ['opal-server', 'OPAL'],
  ['spire-server', 'SPIRE'],
  ['spire-agent', 'SPIRE'],
  ['spire-controller-manager', 'the SPIRE controller manager'],
  ['vault', 'Vault'],
  ['prometheus', 'Prometheus'],
  ['loki', 'Loki'],
])

export interface Support {
  /** In words: "OPA". */
  readonly program: string
  readonly pods: readonly PodFact[]
}

/**
 * What pods run that only serve others: every container of every pod is a known program, told by its image, and none is an
 * application. null: one is not, or no pod is known. A label or a name alone says too little to leave a workload out of its lane.
 */
export function supportOf(pods: readonly JoinedPod[]): Support | null {
  const names = new Set<string>()
  for (const { pod } of pods) {
    for (const { image, role } of pod.containers) {
      if (role === 'init') continue
      const program = programs.get(imageName(image))
      if (program === undefined) return null
      names.add(program)
    }
  }
  const [program] = names
  return program === undefined ? null : { program, pods: pods.map(({ pod }) => pod) }
}

/** `registry.example:5000/policy/opa:1.2-envoy@sha256:…` is `opa`. */
function imageName(image: string): string {
  const [withoutDigest = ''] = image.split('@')
  return (withoutDigest.split('/').at(-1) ?? '').replace(/:.*$/, '')
}
