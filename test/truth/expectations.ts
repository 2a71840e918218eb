import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { FaultExpectation } from '../../shared/faults/index.ts'
import { hopOf, spiffeIdOf, type Topology, workloadOf } from './compare.ts'

/** Transport and authorisation of every hop, by `from to`. */
export type HopStates = ReadonlyMap<string, { readonly transport: string; readonly authorisation: string }>

export function hopStates(graph: TrustGraph, truth: Topology): HopStates {
  return new Map(
    truth.hops.map((ends) => {
      const hop = hopOf(graph, truth, ends)
      return [
        `${ends.from} ${ends.to}`,
        { transport: hop?.transport.state ?? 'absent', authorisation: hop?.authorisation.state ?? 'absent' },
      ]
    }),
  )
}

/**
 * In what the graph does not yet show what the fault's catalogue entry says. Hops that the entry does not list keep the states
 * they had in `healthy`; whether a prompt was refused in this very window is chance, so allowing and denying count as the same there.
 */
export function unmet(graph: TrustGraph, truth: Topology, expects: FaultExpectation, healthy: HopStates): string[] {
  const found: string[] = []
  for (const ends of truth.hops) {
    const name = `${ends.from} ${ends.to}`
    const hop = hopOf(graph, truth, ends)
    const expected = expects.hops.find((entry) => entry.hop.from === ends.from && entry.hop.to === ends.to)
    const before = healthy.get(name)
    const transport = expected === undefined ? before?.transport : expected.transport
    const authorisation = expected === undefined ? before?.authorisation : expected.authorisation
    if (transport !== undefined && hop?.transport.state !== transport) {
      found.push(`${name}: transport is ${hop?.transport.state}, expected ${transport} (${hop?.transport.reason.code})`)
    }
    const same = expected === undefined && isDecided(authorisation) && isDecided(hop?.authorisation.state)
    if (authorisation !== undefined && !same && hop?.authorisation.state !== authorisation) {
      found.push(
        `${name}: authorisation is ${hop?.authorisation.state}, expected ${authorisation} (${hop?.authorisation.reason.code})`,
      )
    }
  }
  for (const { stage, states, reasons } of expects.workloads) {
    const now = workloadOf(graph, spiffeIdOf(truth, stage))?.state
    const isSo =
      now !== undefined && states.includes(now.state) && (reasons?.some((code) => code === now.reason.code) ?? true)
    if (isSo) continue
    const expected = `${states.join(' or ')}${reasons === undefined ? '' : ` (${reasons.join(' or ')})`}`
    found.push(`${stage}: state is ${now?.state} (${now?.reason.code}), expected ${expected}`)
  }
  for (const { kind, states, reasons } of expects.control) {
    const all = graph.control.flatMap((component) => (component.kind === kind ? [component.state] : []))
    const isOne = all.some(
      (now) => states.includes(now.state) && (reasons?.some((code) => code === now.reason.code) ?? true),
    )
    if (isOne) continue
    const expected = `${states.join(' or ')}${reasons === undefined ? '' : ` (${reasons.join(' or ')})`}`
    found.push(`no ${kind} is ${expected}: ${all.map((now) => `${now.state} (${now.reason.code})`).join(', ')}`)
  }
  for (const { source, stage, reasons } of expects.gaps) {
    const instance = truth.stages.find((candidate) => candidate.stage === stage)?.[source === 'opa' ? 'opa' : 'envoy']
    const gap = graph.gaps.find((each) => each.source === source && each.instance === instance)
    if (gap === undefined || !reasons.includes(gap.reason)) {
      found.push(`no gap of ${source} ${instance} is ${reasons.join(' or ')}: ${gap?.reason ?? 'none'}`)
    }
  }
  return found
}

function isDecided(state: string | undefined): boolean {
  return state === 'allowing' || state === 'denying'
}
