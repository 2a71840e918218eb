import { countOf } from './durations.ts'

/** Numbers of a view that the status bar says; fits `GraphCounts` and `GraphView.simplified` of the contract. */
export interface CountsForWords {
  readonly totalWorkloads: number
  readonly totalHops: number
  readonly observedNotGranted: number
  readonly grantedNotObserved: number
}

/** "11 workloads · 12 hops, 1 of them not granted · 1 grant unused" */
export function countsSentence(counts: CountsForWords): string {
  const notGranted =
    counts.observedNotGranted === 0 ? '' : `, ${counts.observedNotGranted.toLocaleString('en-GB')} of them not granted`
  const unused = counts.grantedNotObserved === 0 ? '' : ` · ${countOf(counts.grantedNotObserved, 'grant')} unused`
  return `${countOf(counts.totalWorkloads, 'workload')} · ${countOf(counts.totalHops, 'hop')}${notGranted}${unused}`
}

/** What was folded to draw it, or null: "Simplified: 5,000 workloads in 12 groups, 25,000 hops in 41 bundles." */
export function simplifiedSentence(
  simplified: { readonly groups: number; readonly bundles: number; readonly droppedEdges: number },
  counts: CountsForWords,
): string | null {
  if (simplified.groups === 0 && simplified.bundles === 0 && simplified.droppedEdges === 0) return null
  const parts: string[] = []
  if (simplified.groups > 0)
    parts.push(`${countOf(counts.totalWorkloads, 'workload')} with ${countOf(simplified.groups, 'group')}`)
  if (simplified.bundles > 0)
    parts.push(`${countOf(counts.totalHops, 'hop')} with ${countOf(simplified.bundles, 'bundle')}`)
  const dropped =
    simplified.droppedEdges === 0
      ? ''
      : ` ${countOf(simplified.droppedEdges, 'line')} ${simplified.droppedEdges === 1 ? 'is' : 'are'} not drawn; filter or open fewer groups to see ${simplified.droppedEdges === 1 ? 'it' : 'them'}.`
  return `Simplified: ${parts.length === 0 ? 'all drawn singly' : parts.join(', ')}.${dropped}`
}

/** A rule of the graph that failed itself. */
export function defectSentence(defect: {
  readonly rule: string
  readonly subject: string
  readonly message: string
}): string {
  return `Everyhop’s rule “${defect.rule}” failed on “${defect.subject}”: “${defect.message}”. The rest of the graph stands.`
}
