import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { countOf, formatMoment } from '../../shared/words/durations.ts'
import { gapSentence } from '../../shared/words/gaps.ts'
import { hopFindings, networkLabel } from '../../shared/words/hop-findings.ts'
import { relationWords } from '../../shared/words/hop-sentences.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { authorisationLabel, claimLabel, transportLabel, workloadStateLabel } from '../../shared/words/states.ts'
import { defectSentence } from '../../shared/words/summaries.ts'
import { settingRows } from '../../shared/words/vault-settings.ts'
import { countdownText, slotText } from '../../shared/words/workload-sentences.ts'
import type { Selection } from './document.ts'
import { columns, plainText } from './text.ts'

/** The graph as text for a terminal: workloads, hops, the control plane, and what could not be read. */
export function tableOf(graph: TrustGraph, selection: Selection): string {
  const names = new Map(graph.workloads.map(({ id, name }) => [id, name]))
  const nameOf = (id: string): string => names.get(id) ?? id
  const sections = [
    `${plainText(graph.environment)} at ${formatMoment(graph.asOf)}\n`,
    section(
      countOf(selection.workloads.length, 'workload'),
      ['WORKLOAD', 'ZONE', 'STATE', 'SVID', 'LEASES', 'WHY'],
      selection.workloads.map((workload) => [
        workload.name,
        workload.zone,
        workloadStateLabel(workload.state.state),
        countdownText(workload, graph.asOf),
        slotText(workload.slots.vault),
        reasonSentence(workload.state.reason),
      ]),
    ),
    section(
      countOf(selection.hops.length, 'hop'),
      ['HOP', 'TRANSPORT', 'AUTHORISATION', 'CLAIMED SENDER', 'NETWORK', 'RELATION', 'WHY'],
      selection.hops.map((hop) => [
        `${nameOf(hop.from)} → ${nameOf(hop.to)}`,
        transportLabel(hop.transport.state),
        authorisationLabel(hop.authorisation.state),
        claimLabel(hop.identityClaim.state),
        networkLabel(hop.network),
        relationWords(hop).join(', '),
        [reasonSentence(hop.transport.reason), reasonSentence(hop.authorisation.reason), ...hopFindings(hop)].join(' '),
      ]),
    ),
    section(
      'Control plane',
      ['COMPONENT', 'STATE', 'WHY'],
      graph.control.map((component) => [
        component.name,
        workloadStateLabel(component.state.state),
        reasonSentence(component.state.reason),
      ]),
    ),
    ...graph.control.flatMap(({ name, vault }) =>
      vault === undefined
        ? []
        : [section(`Vault ${plainText(name)}`, ['WHAT', 'NAME', 'HOW'], settingRows(vault.settings, graph.asOf))],
    ),
    graph.gaps.length === 0 ? '' : `${countOf(graph.gaps.length, 'gap')}: what is missing is unknown above\n`,
    ...graph.gaps.map((gap) => `  ${plainText(gapSentence(gap))}\n`),
    ...graph.defects.map((defect) => `  ${plainText(defectSentence(defect))}\n`),
  ]
  return sections
    .filter((text) => text !== '')
    .join('\n')
    .replaceAll(/\n\n( {2})/g, '\n$1')
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `${title}\n${columns([head, ...rows])}`
}
