import type { Hop, TrustGraph, Workload } from '../../shared/domain/model/graph.ts'
import { assertNever } from '../../shared/lib/assert-never.ts'
import { authorisationLabel, transportLabel, workloadStateLabel } from '../../shared/words/states.ts'
import type { Selection } from './document.ts'
import { plainText } from './text.ts'

/** The graph as a Mermaid flowchart, for a page in a wiki or a pull request. */
export function mermaidOf(graph: TrustGraph, selection: Selection): string {
  const ids = new Map(selection.workloads.map(({ id }, at) => [id, `w${at}`]))
  const lines = ['flowchart LR']
  for (const zone of [...graph.zones].sort((one, other) => one.order - other.order)) {
    const members = selection.workloads.filter((workload) => workload.zone === zone.id)
    if (members.length === 0) continue
    lines.push(`  subgraph z${zone.order}["${escaped(zone.title)}"]`)
    for (const workload of members) lines.push(`    ${nodeOf(workload, ids)}`)
    lines.push('  end')
  }
  const zones = new Set(graph.zones.map(({ id }) => id))
  for (const workload of selection.workloads) if (!zones.has(workload.zone)) lines.push(`  ${nodeOf(workload, ids)}`)
  for (const hop of selection.hops) {
    const from = ids.get(hop.from)
    const to = ids.get(hop.to)
    if (from !== undefined && to !== undefined) lines.push(`  ${from} ${arrowOf(hop)}|"${labelOf(hop)}"| ${to}`)
  }
  return `${lines.join('\n')}\n`
}

function nodeOf(workload: Workload, ids: ReadonlyMap<string, string>): string {
  return `${ids.get(workload.id) ?? 'unknown'}["${escaped(workload.name)}<br/>${escaped(workloadStateLabel(workload.state.state))}"]`
}

function labelOf(hop: Hop): string {
  return escaped(`${transportLabel(hop.transport.state)}, ${authorisationLabel(hop.authorisation.state)}`)
}

/** Thick: verified. Dotted: not seen or not known. The words say the state; the line only helps. */
function arrowOf(hop: Hop): string {
  switch (hop.transport.state) {
    case 'verified':
      return '==>'
    case 'failing':
      return '--x'
    case 'configured':
    case 'unknown':
      return '-.->'
    case 'plaintext':
    case 'one-sided':
      return '-->'
    default:
      return assertNever(hop.transport.state)
  }
}

/** Mermaid's own entities; a name from outside must not become markup. */
function escaped(text: string): string {
  return plainText(text)
    .replaceAll('#', '#35;')
    .replaceAll('&', '#amp;')
    .replaceAll('"', '#quot;')
    .replaceAll('<', '#lt;')
    .replaceAll('>', '#gt;')
}
