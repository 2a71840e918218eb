import { describe, expect, it } from 'vitest'
import { builtAt, decisionActivity, identityClaims, scope, unreadScope } from '../../../../test/builders/facts.ts'
import { build, hop, ids, pipeline, workload } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { ScopeState } from '../../model/fact.ts'
import type { IdentityClaimsFact } from '../../model/log-facts.ts'
import { isProblemHop } from '../view-filter.ts'

const log = 'logs/tool-claims/activity'
const other = 'spiffe://pipeline.example/ns/ai/sa/orchestrator'
const last = { at: builtAt - 500, claimed: other, requestId: 'req-7' }

function told(more: Partial<Omit<IdentityClaimsFact, 'kind'>> = {}): readonly ScopeState[] {
  return [...pipeline.scopes, scope(log, [identityClaims('tool-runtime', ids.model, more)])]
}

const claimOf = (scopes: readonly ScopeState[]) => hop(build(scopes), ids.model, ids.tool).identityClaim

describe('what requests of a hop say about who sent them', () => {
  it('is unknown where no log tells, and says which log would', () => {
    expect(claimOf(pipeline.scopes)).toMatchObject({
      state: 'unknown',
      reason: { code: 'claims-unlogged' },
      missing: [{ source: 'logs', instance: 'tool-runtime' }],
    })
  })

  it('contradicts the certificate: the hop is a problem, the callee needs attention, and both say who is claimed', () => {
    const graph = build(told({ consistent: 20, contradicted: 4, last }))
    const lying = hop(graph, ids.model, ids.tool)
    expect(lying.identityClaim).toMatchObject({
      state: 'contradicted',
      reason: { code: 'claims-contradicted', params: { claimed: other, proved: ids.model, requests: 4 } },
      restsOn: [identityClaims('tool-runtime', ids.model).id],
    })
    expect(reasonSentence(lying.identityClaim.reason)).toContain(other)
    expect([lying.transport.state, lying.authorisation.state]).toEqual(['verified', 'allowing'])
    expect(isProblemHop(lying)).toBe(true)
    const { state } = workload(graph, ids.tool)
    expect(state).toMatchObject({ state: 'attention', reason: { code: 'identity-claimed-falsely' } })
    expect(reasonSentence(state.reason)).toContain('SANITIZE_SET')
    expect(workload(graph, ids.model).state.state).toBe('verified')
  })

  it('is as proved, forwarded or not said, and then nobody needs attention', () => {
    expect(claimOf(told()).state).toBe('consistent')
    expect(claimOf(told({ consistent: 0, unclaimed: 3 })).state).toBe('unclaimed')
    const forwarded = told({ forwarded: 2, last })
    expect(claimOf(forwarded)).toMatchObject({ state: 'forwarded', reason: { params: { claimed: other } } })
    expect(workload(build(forwarded), ids.tool).state.state).toBe('verified')
  })

  it('is unknown again when the log falls silent, and no trouble then', () => {
    const silent = told({ contradicted: 4, last }).map((state) =>
      state.scope === log ? unreadScope(log, state.facts) : state,
    )
    expect(claimOf(silent).state).toBe('unknown')
    expect(workload(build(silent), ids.tool).state.state).toBe('verified')
  })

  it('is told by decisions as well, and belongs to who proved to send, not to who is claimed', () => {
    const claims = identityClaims('x', ids.model, { envoy: null, calleeSpiffeId: ids.tool, contradicted: 1, last })
    const decisions = scope('logs/decisions/activity', [decisionActivity(ids.model, ids.tool), claims])
    const graph = build([...pipeline.scopes.filter((state) => state.scope !== decisions.scope), decisions])
    expect(hop(graph, ids.model, ids.tool).identityClaim.state).toBe('contradicted')
    expect(graph.hops.map(({ identityClaim }) => identityClaim.state)).toContain('unknown')
    expect(graph.workloads.map(({ id }) => id)).not.toContain(`workload/${other}`)
  })

  it('without a certificate belongs to the address that sent it', () => {
    const graph = build(told({ callerSpiffeId: null, callerAddress: '10.7.7.7', consistent: 0, contradicted: 1, last }))
    const [from] = graph.hops.filter(({ identityClaim }) => identityClaim.state === 'contradicted')
    expect(from?.from).toContain('10.7.7.7')
    expect(reasonSentence(from?.identityClaim.reason ?? { code: '', params: {} })).toContain('no certificate proves it')
  })
})
