import { isWorkloadId } from '../../graph/spiffe-id.ts'
import type { PodFact } from '../../model/kubernetes-facts.ts'

/** Stands where the controller's own trust domain would; no SPIFFE ID has it. */
export const ownDomain = '{own}'

export type Rendering =
  | { readonly outcome: 'rendered'; readonly spiffeId: string }
  /** The pod lacks what the template asks for: its controller cannot render it. */
  | { readonly outcome: 'fails'; readonly field: string }
  /** It uses what is not worked out here. */
  | { readonly outcome: 'unclear'; readonly field: string }

/**
 * A `spiffeIDTemplate` for one pod, as spire-controller-manager renders it with text/template: plain fields, and labels and
 * annotations by name. Pipelines and functions are not worked out. An empty value leaves a path that is no SPIFFE ID.
 */
export function renderFor(template: string, pod: PodFact, trustDomain: string | null): Rendering {
  let failed: string | null = null
  let unclear: string | null = null
  const text = template.replaceAll(/\{\{-?\s*([^{}]*?)\s*-?\}\}/g, (_whole, field: string) => {
    const value = valueOf(field, pod, trustDomain)
    if (value === null) unclear ??= field
    else if (value === '') failed ??= field
    return value ?? ''
  })
  if (unclear !== null) return { outcome: 'unclear', field: unclear }
  if (failed !== null) return { outcome: 'fails', field: failed }
  const checked = text.replace(ownDomain, 'own')
  if (/[{}]/.test(checked)) return { outcome: 'unclear', field: template }
  return isWorkloadId(checked) ? { outcome: 'rendered', spiffeId: text } : { outcome: 'fails', field: text }
}

/** null: not worked out; empty: the pod has no such value. */
function valueOf(field: string, pod: PodFact, trustDomain: string | null): string | null {
  const plain: Readonly<Record<string, string | null>> = {
    '.TrustDomain': trustDomain ?? ownDomain,
    '.PodMeta.Namespace': pod.namespace,
    '.PodMeta.Name': pod.name,
    '.PodMeta.UID': pod.uid,
    '.PodSpec.ServiceAccountName': pod.serviceAccount,
    '.PodSpec.NodeName': pod.nodeName ?? '',
    '.NodeMeta.Name': pod.nodeName ?? '',
  }
  if (Object.hasOwn(plain, field)) return plain[field] ?? null
  const indexed = /^index \.PodMeta\.(Labels|Annotations) "([^"\\]+)"$/.exec(field)
  const dotted = /^\.PodMeta\.(Labels|Annotations)\.([A-Za-z_]\w*)$/.exec(field)
  const [, from, key] = indexed ?? dotted ?? []
  if (from === undefined || key === undefined) return null
  const values = from === 'Labels' ? pod.labels : pod.annotations
  return Object.hasOwn(values, key) ? (values[key] ?? '') : ''
}
