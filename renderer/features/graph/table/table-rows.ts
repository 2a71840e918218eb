import type { Relation, TransportState } from '../../../../shared/domain/model/hop-state.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import type { EdgeItem, GraphView, NodeItem } from '../../../../shared/domain/model/view.ts'
import { countOf, formatDuration } from '../../../../shared/words/durations.ts'
import { authorisationPhrase, hopRate, hopStatePhrase, relationWords } from '../../../../shared/words/hop-sentences.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { authorisationLabel, transportLabel, workloadStateLabel } from '../../../../shared/words/states.ts'
import { countdownText, groupStateWords, slotText } from '../../../../shared/words/workload-sentences.ts'
import type { Tone } from '../../../ui/atoms.tsx'
import { claimTone, type EdgeFacts, factsOfEdge, lineLook, stateOfNode, transportTone, workloadTone } from '../looks.ts'
import { edgesInOrder, problemsInOrder } from '../order.ts'

export interface TableRow {
  readonly id: string
  readonly what: string
  readonly subject: string
  readonly state: string
  readonly authorisation: string
  readonly relations: string
  readonly detail: string
  /** Vault leases of a workload: "3", "3?", "–"; empty for everything else. */
  readonly leases: string
  readonly zone: string
  readonly tone: Tone
  readonly glyph: TransportState | null
  readonly matches: boolean
}

/** Everything the map draws, the same layers, problems first; what does not match the filter comes last. */
export function tableRows(
  view: GraphView,
  layers: ReadonlySet<Relation>,
  names: ReadonlyMap<string, string>,
  now: EpochMs,
): readonly TableRow[] {
  const zones = new Map(view.zones.map((zone) => [zone.id, zone.title]))
  const edges = edgesInOrder(view.edges.filter((edge) => lineLook(factsOfEdge(edge), layers) !== null))
  const rows = [
    ...edges.map((edge) => edgeRow(edge, names, now)),
    ...view.nodes.map((node) => nodeRow(node, zones, now)),
    ...view.control.map((component) => controlRow(component)),
  ]
  const problems = new Map(problemsInOrder(view).map((id, index) => [id, index]))
  const weight = (row: TableRow) => problems.get(row.id) ?? problems.size
  return rows
    .map((row, index) => ({ row, index }))
    .sort((a, b) => Number(b.row.matches) - Number(a.row.matches) || weight(a.row) - weight(b.row) || a.index - b.index)
    .map(({ row }) => row)
}

function edgeRow(edge: EdgeItem, names: ReadonlyMap<string, string>, now: EpochMs): TableRow {
  const subject = `${names.get(edge.from) ?? edge.from} → ${names.get(edge.to) ?? edge.to}`
  const facts = factsOfEdge(edge)
  const common = { id: edge.id, subject, zone: '', tone: toneOf(facts), matches: edge.matches }
  if (edge.type === 'bundle') {
    return {
      ...common,
      what: 'Bundle',
      state: `worst: ${transportLabel(edge.worst)}`,
      authorisation: `worst: ${authorisationLabel(edge.worstAuthorisation)}`,
      relations: edge.relations.join(', '),
      detail: countOf(edge.hops, 'hop'),
      leases: '',
      glyph: edge.worst,
    }
  }
  return {
    ...common,
    what: 'Hop',
    state: hopStatePhrase(edge.hop, now),
    authorisation: authorisationPhrase(edge.hop),
    relations: relationWords(edge.hop).join(', '),
    detail: hopRate(edge.hop),
    leases: '',
    glyph: edge.hop.transport.state,
  }
}

/** A verified hop whose requests mislead is not all well. */
function toneOf({ transport, isMisleading }: EdgeFacts): Tone {
  const tone = transportTone(transport)
  return isMisleading === true && tone === 'ok' ? claimTone('contradicted') : tone
}

function nodeRow(node: NodeItem, zones: ReadonlyMap<string, string>, now: EpochMs): TableRow {
  const tone = workloadTone(stateOfNode(node))
  if (node.type === 'group') {
    return {
      id: node.id,
      what: 'Group',
      subject: node.name,
      state: groupStateWords(node.states)
        .map((part) => part.text)
        .join(', '),
      authorisation: '',
      relations: '',
      detail: node.nextExpiryAt === null ? '' : `next expiry ${formatDuration(node.nextExpiryAt - now)}`,
      leases: '',
      zone: zones.get(node.zone) ?? node.zone,
      tone,
      glyph: null,
      matches: node.matches,
    }
  }
  const { workload } = node
  return {
    id: node.id,
    what: 'Workload',
    subject: workload.name,
    state: workloadStateLabel(workload.state.state),
    authorisation: '',
    relations: '',
    detail: countdownText(workload, now),
    leases: slotText(workload.slots.vault),
    zone: zones.get(workload.zone) ?? workload.zone,
    tone,
    glyph: null,
    matches: node.matches,
  }
}

function controlRow(component: GraphView['control'][number]): TableRow {
  return {
    id: component.id,
    what: 'Control plane',
    subject: component.name,
    state: workloadStateLabel(component.state.state),
    authorisation: '',
    relations: '',
    detail: reasonSentence(component.summary),
    leases: '',
    zone: 'Control plane',
    tone: workloadTone(component.state.state),
    glyph: null,
    matches: true,
  }
}
