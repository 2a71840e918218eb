import { fits, fitsNamespace, type Labels } from '../../graph/cluster/label-selector.ts'
import type { LabelSelector } from '../../model/kubernetes-facts.ts'
import type { IdentityCriterion } from './model.ts'

const nameLabel = 'kubernetes.io/metadata.name'

/** Each label and expression of a selector, against the labels of a pod. */
export function podCriteria(selector: LabelSelector | null, labels: Labels): readonly IdentityCriterion[] {
  return piecesOf(selector).map((piece) => criterion('pod-label', piece, labels, fits(piece, labels)))
}

/** The same of a namespace; `labels: null`: it was not read, and then only its name is known. */
export function namespaceCriteria(
  selector: LabelSelector | null,
  name: string,
  labels: Labels | null,
): readonly IdentityCriterion[] {
  const all = { [nameLabel]: name, ...labels }
  return piecesOf(selector).map((piece) =>
    criterion('namespace-label', piece, all, fitsNamespace(piece, name, labels), labels === null),
  )
}

/** A selector with one label or one expression. */
interface Piece extends LabelSelector {
  readonly key: string
  readonly want: string
}

function piecesOf(selector: LabelSelector | null): readonly Piece[] {
  if (selector === null) return []
  const { matchLabels, matchExpressions } = selector
  return [
    ...Object.entries(matchLabels).map(([key, value]) => ({
      key,
      want: `${key} = ${value}`,
      matchLabels: { [key]: value },
      matchExpressions: [],
    })),
    ...matchExpressions.map((expression) => ({
      key: expression.key,
      want: expressionText(expression),
      matchLabels: {},
      matchExpressions: [expression],
    })),
  ]
}

function criterion(
  part: IdentityCriterion['part'],
  { key, want }: Piece,
  labels: Labels,
  fit: boolean | null,
  isPartly = false,
): IdentityCriterion {
  const have = Object.hasOwn(labels, key) ? (labels[key] ?? null) : null
  if (fit === null) return { part, key, want, have, state: 'unknown' }
  if (fit) return { part, key, want, have, state: 'met' }
  // Of labels that were not read, an absent one may well be there.
  if (have === null && isPartly) return { part, key, want, have, state: 'unknown' }
  return { part, key, want, have, state: have === null ? 'missing' : 'differs' }
}

function expressionText({ key, operator, values }: LabelSelector['matchExpressions'][number]): string {
  switch (operator) {
    case 'In':
      return `${key} in (${values.join(', ')})`
    case 'NotIn':
      return `${key} not in (${values.join(', ')})`
    case 'Exists':
      return `${key} exists`
    case 'DoesNotExist':
      return `${key} does not exist`
    default:
      return `${key} ${operator} ${values.join(', ')}`.trim()
  }
}
