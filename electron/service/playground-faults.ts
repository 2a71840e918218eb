import type { PlaygroundFaultSummary, PlaygroundLook } from '../../shared/contract/playground.ts'
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
export function lookOf(hits: FaultTarget): PlaygroundLook | null {
  if ('stage' in hits) return { stage: hits.stage }
  if ('hop' in hits) return hits.hop
  if ('opaOf' in hits) return { stage: hits.opaOf }
  if ('vault' in hits) return { control: 'vault', name: null }
  if ('everyOpa' in hits) return { control: 'opa-bundle', name: null }
  if ('node' in hits) return { control: 'spire-agent', name: hits.node }
  if (hits.object.kind === 'ClusterSPIFFEID') return { control: 'registration-object', name: hits.object.name }
  return null
}
