import type { LabelSelector } from '../../model/kubernetes-facts.ts'

export type Labels = Readonly<Record<string, string>>

/**
 * Whether labels fit a selector (metav1.LabelSelector): every label and every expression must. An empty selector fits
 * everything. null: an operator that is not known, so it cannot be told.
 */
export function fits(selector: LabelSelector, labels: Labels): boolean | null {
  for (const key in selector.matchLabels) {
    if (!Object.hasOwn(selector.matchLabels, key)) continue
    if (!Object.hasOwn(labels, key) || labels[key] !== selector.matchLabels[key]) return false
  }
  let isSure = true
  for (const { key, operator, values } of selector.matchExpressions) {
    const has = Object.hasOwn(labels, key)
    const isAmong = has && values.includes(labels[key] ?? '')
    if (operator === 'In') {
      if (!isAmong) return false
    } else if (operator === 'NotIn') {
      if (isAmong) return false
    } else if (operator === 'Exists') {
      if (!has) return false
    } else if (operator === 'DoesNotExist') {
      if (has) return false
    } else isSure = false
  }
  return isSure ? true : null
}

/** The label that the API server gives every namespace: its own name. */
const nameLabel = 'kubernetes.io/metadata.name'

/** The same for a namespace; `labels: null`: it was not read, and then only its name is known. */
export function fitsNamespace(selector: LabelSelector, name: string, labels: Labels | null): boolean | null {
  if (labels !== null) return fits(selector, { [nameLabel]: name, ...labels })
  const isName = ({ key }: { readonly key: string }) => key === nameLabel
  const byName = fits(
    {
      matchLabels: Object.fromEntries(Object.entries(selector.matchLabels).filter(([key]) => key === nameLabel)),
      matchExpressions: selector.matchExpressions.filter(isName),
    },
    { [nameLabel]: name },
  )
  if (byName !== true) return byName
  const asksMore =
    Object.keys(selector.matchLabels).some((key) => key !== nameLabel) ||
    !selector.matchExpressions.every((expression) => isName(expression))
  return asksMore ? null : true
}
