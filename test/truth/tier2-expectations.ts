import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { FaultExpectation } from '../../shared/faults/index.ts'
import { hopOf, spiffeIdOf, type Topology, valueOf, workloadOf } from './compare.ts'

/** In what the graph does not yet show what only a cluster or the stages themselves can tell of a fault. */
export function unmetInCluster(graph: TrustGraph, truth: Topology, expects: FaultExpectation): string[] {
  const found: string[] = []
  for (const ends of truth.hops) {
    const expected = expects.network?.find(({ hop }) => hop.from === ends.from && hop.to === ends.to)?.admission
    const verdict = valueOf(hopOf(graph, truth, ends)?.network ?? noHop)?.verdict
    if (verdict !== (expected ?? 'admitted')) {
      found.push(`${ends.from} to ${ends.to}: the network is ${verdict}, expected ${expected ?? 'admitted'}`)
    }
  }
  for (const { hop: ends, transport, authorisation } of expects.newHops ?? []) {
    const hop = hopOf(graph, truth, ends)
    if (hop === undefined || hop.transport.state !== transport || hop.authorisation.state !== authorisation) {
      found.push(`${ends.from} to ${ends.to} is ${hop?.transport.state}, ${hop?.authorisation.state}`)
    } else if (hop.deviation === null) found.push(`${ends.from} to ${ends.to} is not told apart from what is intended`)
  }
  for (const expected of expects.objects ?? []) {
    if (!('podsSelected' in expected)) continue
    const component = graph.control.find(({ id }) => id.endsWith(`/${expected.object.name}`))
    const isTold = component !== undefined && component.state.state !== 'verified'
    if (!isTold) found.push(`${expected.object.name} is ${component?.state.state}, though it selects nothing`)
  }
  for (const { stage, callerStage, type, outcome } of expects.integrity ?? []) {
    // A result is verified by the caller, on the way back: the hop is then the other way round.
    const both = [
      { from: callerStage, to: stage },
      { from: stage, to: callerStage },
    ]
    const counted = both.some((ends) => {
      const integrity = valueOf(hopOf(graph, truth, ends)?.integrity ?? noHop)
      if (integrity === undefined) return false
      if (type === 'user-identity') return integrity.userIdentity[outcome] > 0
      return outcome === 'failed' && integrity.failed > 0
    })
    if (!counted) found.push(`no hop between ${callerStage} and ${stage} shows ${type} ${outcome}`)
  }
  found.push(...unmetClaims(graph, truth, expects))
  return found
}

/** Of the hops that the fault does not make lie, each has been read and contradicts nothing. */
function unmetClaims(graph: TrustGraph, truth: Topology, { claims = [] }: FaultExpectation): string[] {
  return truth.hops.flatMap((ends) => {
    const name = `${ends.from} to ${ends.to}`
    const hop = hopOf(graph, truth, ends)
    const expected = claims.find((each) => each.hop.from === ends.from && each.hop.to === ends.to)
    const { state, reason } = hop?.identityClaim ?? { state: 'absent', reason: null }
    if (expected === undefined) {
      return state === 'contradicted'
        ? [`${name} is told to claim ${reason?.params['claimed']}, and claims nothing`]
        : []
    }
    const claimed = spiffeIdOf(truth, expected.claimedStage)
    const proved = spiffeIdOf(truth, ends.from)
    if (state !== 'contradicted' || reason?.params['claimed'] !== claimed || reason.params['proved'] !== proved) {
      return [`${name}: the claim is ${state} (${JSON.stringify(reason)}), expected ${claimed} against ${proved}`]
    }
    const callee = workloadOf(graph, spiffeIdOf(truth, ends.to))
    return callee?.state.reason.code === 'identity-claimed-falsely'
      ? []
      : [`${ends.to} is ${callee?.state.state} (${callee?.state.reason.code}), though it is misled`]
  })
}

const noHop = { known: false, reason: { code: 'no-hop', params: {} } } as const
