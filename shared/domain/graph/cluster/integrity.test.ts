import { describe, expect, it } from 'vitest'
import { builtAt, integrityActivity, scope, unreadScope } from '../../../../test/builders/facts.ts'
import { build, hop, ids, pipeline, settings, workload } from '../../../../test/builders/small-graph.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { ScopeState } from '../../model/fact.ts'
import type { IntegrityActivityFact } from '../../model/log-facts.ts'
import { startGraph, updateGraph } from '../build.ts'

const activity = 'logs/integrity/activity'

function reported(more: Partial<Omit<IntegrityActivityFact, 'kind'>> = {}): readonly ScopeState[] {
  return [...pipeline.scopes, scope(activity, [integrityActivity('tool-runtime', 'model-server', more)])]
}

const broken = reported({
  signature: { verified: 20, failed: 4, missing: 0 },
  lastFailure: { at: builtAt - 1000, reason: 'wrong-key' },
})
const lost = reported({ userIdentity: { verified: 0, exchanged: 21, lost: 3, failed: 0 } })

describe('integrity of a hop', () => {
  it('is what its stages reported', () => {
    expect(hop(build(broken), ids.model, ids.tool).integrity).toMatchObject({
      known: true,
      value: { windowSeconds: 60, verified: 20, failed: 4, missing: 0, lastFailure: { reason: 'wrong-key' } },
    })
  })

  it('is not known where nothing was reported', () => {
    expect(hop(build(broken), ids.gateway, ids.model).integrity).toMatchObject({
      known: false,
      reason: { code: 'not-seen-in-window' },
    })
  })

  it('is the last known when the log cannot be read any more, and no trouble then', () => {
    const silent = broken.map((state) => (state.scope === activity ? unreadScope(activity, state.facts) : state))
    expect(hop(build(silent), ids.model, ids.tool).integrity).toMatchObject({ known: true, stale: true })
    expect(workload(build(silent), ids.tool).state.state).toBe('verified')
  })

  it('belongs to no hop where its stages have several', () => {
    const [first, ...others] = pipeline.intent.stages
    if (first === undefined) throw new Error('no stage')
    const all = { ...first, id: 'all', spiffeIds: [ids.gateway, ids.model, ids.tool] }
    const calls = [...pipeline.scopes, scope(activity, [integrityActivity('all', 'all')])]
    const graph = build(calls, builtAt, { intent: { ...pipeline.intent, stages: [all, ...others], adjacency: [] } })
    expect(graph.hops.map(({ integrity }) => integrity.known)).toEqual([false, false])
  })

  it('needs attention at the called stage when signatures are refused or the user is lost', () => {
    const refused = workload(build(broken), ids.tool).state
    expect(refused).toMatchObject({ state: 'attention', reason: { code: 'signatures-refused', params: { failed: 4 } } })
    expect(reasonSentence(refused.reason)).toContain('4 of 24 outputs')
    expect(workload(build(lost), ids.tool).state).toMatchObject({
      state: 'attention',
      reason: { code: 'user-identity-lost', params: { caller: 'model-server', failed: 3, total: 24 } },
    })
    expect(workload(build(reported()), ids.tool).state.state).toBe('verified')
  })

  it('changes no other state', () => {
    const found = hop(build(broken), ids.model, ids.tool)
    expect([found.transport.state, found.authorisation.state]).toEqual(['verified', 'allowing'])
    expect(workload(build(broken), ids.model).state.state).toBe('verified')
  })

  it('follows a new report as a whole build would', () => {
    const start = startGraph(settings, reported(), builtAt)
    const changed = broken.filter(({ scope: id }) => id === activity)
    expect(updateGraph(start, changed, builtAt).graph).toEqual(build(broken))
    const late = startGraph(
      settings,
      broken.filter(({ scope: id }) => !id.startsWith('envoy/')),
      builtAt,
    )
    const envoys = broken.filter(({ scope: id }) => id.startsWith('envoy/'))
    expect(updateGraph(late, envoys, builtAt).graph).toEqual(build(broken))
    expect(updateGraph(startGraph(settings, broken, builtAt), [], builtAt, [activity]).graph).toEqual(
      build(pipeline.scopes),
    )
  })
})
