import type { PlaygroundFaultSummary } from '../../shared/contract/playground.ts'
import { type Fault, type FaultTarget, faults } from '../../shared/faults/index.ts'

/** The catalogue as the window lists it. */
export function playgroundFaultList(): readonly PlaygroundFaultSummary[] {
  return faults.map(summaryOf)
}

function summaryOf(fault: Fault): PlaygroundFaultSummary {
  const { id, kind, title, words, lookFor, playground, hits } = fault
  return { id, kind, title, words, lookFor, notHere: playground.made ? null : playground.why, look: lookOf(hits) }
}

/** null: it is no one place of the graph. */
function lookOf(hits: FaultTarget): PlaygroundFaultSummary['look'] {
  if ('stage' in hits) return { stage: hits.stage }
  if ('hop' in hits) return hits.hop
  if ('opaOf' in hits) return { stage: hits.opaOf }
  return null
}
