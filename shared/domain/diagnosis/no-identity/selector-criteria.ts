import type { PodFact } from '../../model/kubernetes-facts.ts'
import type { IdentityCriterion } from './model.ts'

/**
 * A selector of an entry against a pod, by what SPIRE's k8s workload attestor tells of a pod (doc/plugin_agent_workloadattestor_k8s.md).
 * What it tells of a process (`unix:`, `docker:`) and of an image's signature is in no object of the cluster: unknown.
 */
export function selectorCriterion(selector: string, pod: PodFact | null): IdentityCriterion {
  const [type, name, value] = partsOf(selector)
  const of = (have: string | null, state: IdentityCriterion['state']): IdentityCriterion => ({
    part: 'selector',
    key: `${type}:${name}`,
    want: selector,
    have,
    state,
  })
  if (type !== 'k8s' || pod === null) return of(null, 'unknown')
  const compared = (have: string | null): IdentityCriterion =>
    have === null ? of(null, 'missing') : of(`k8s:${name}:${have}`, have === value ? 'met' : 'differs')
  switch (name) {
    case 'ns':
      return compared(pod.namespace)
    case 'sa':
      return compared(pod.serviceAccount)
    case 'pod-uid':
      return compared(pod.uid)
    case 'pod-name':
      return compared(pod.name)
    case 'node-name':
      return compared(pod.nodeName)
    case 'container-name':
      return anyOf(pod.containers.map((each) => each.name))
    case 'container-image':
      return imageOf()
    case 'pod-label': {
      const colon = value.indexOf(':')
      const key = colon === -1 ? value : value.slice(0, colon)
      const has = Object.hasOwn(pod.labels, key)
      const have = has ? `${key}:${pod.labels[key]}` : null
      return { ...compared(have), key: `k8s:pod-label:${key}` }
    }
    default:
      return of(null, 'unknown')
  }

  /** Of several containers it is not known which one asked. */
  function anyOf(names: readonly string[]): IdentityCriterion {
    const [only, ...others] = names
    if (!names.includes(value)) return of(names.map((each) => `k8s:${name}:${each}`).join(', '), 'differs')
    return of(`k8s:${name}:${value}`, only === value && others.length === 0 ? 'met' : 'unknown')
  }

  /** The attestor tells the image by its name and by its digest; a name that is not among them may be another spelling. */
  function imageOf(): IdentityCriterion {
    const images = (pod?.containers ?? []).flatMap(({ image, imageId }) => [image, imageId ?? ''])
    return of(images.includes(value) ? selector : null, images.includes(value) ? 'met' : 'unknown')
  }
}

function partsOf(selector: string): readonly [string, string, string] {
  const [type = '', name = '', ...value] = selector.split(':')
  return [type, name, value.join(':')]
}
