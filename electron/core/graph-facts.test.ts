import { expect, test } from 'vitest'
import type { Fact, ScopeState } from '../../shared/domain/model/fact.ts'
import { emptyGraph } from '../../test/builders/graph-parts.ts'
import { build, hop, ids, pipeline } from '../../test/builders/small-graph.ts'
import { createGraphHandlers } from './graph.ts'
import { factIdsOf, factsById } from './graph-facts.ts'
import type { Session, Sessions } from './sessions.ts'

function policy(instance: string, name: string): Fact {
  return {
    kind: 'opa-policy',
    id: `opa/${instance}/policies#opa-policy/${name}`,
    from: { source: 'opa', instance, locator: 'GET /v1/policies', observedAt: 1, basis: 'measured' },
    opa: instance,
    policyId: name,
    package: null,
    sha256: '00',
  }
}

function scope(instance: string, facts: readonly Fact[]): [string, ScopeState] {
  const id = `opa/${instance}/policies`
  return [id, { scope: id, facts, gaps: [], readAt: 1, triedAt: 1, current: true }]
}

test('every fact that an element names is found, wherever it names it, each once', () => {
  const element = {
    state: { restsOn: ['a#1', 'b#2'], missing: [] },
    svid: { loaded: { known: true, value: { serial: 'x' }, fact: { factId: 'c#3' } } },
    relationFacts: { observed: ['b#2', 'd#4'] },
    envoys: [{ version: { fact: { factId: 'e#5' } } }],
    name: 'factId',
  }
  expect(factIdsOf(element)).toEqual(['a#1', 'b#2', 'c#3', 'd#4', 'e#5'])
})

test('a fact that is gone is left out, and the others keep their order', () => {
  const states = new Map([scope('a', [policy('a', 'x')]), scope('b', [policy('b', 'y')])])
  const ids = [
    'opa/b/policies#opa-policy/y',
    'opa/a/policies#opa-policy/gone',
    'opa/a/policies#opa-policy/x',
    'opa/z/policies#1',
  ]
  expect(factsById(states, ids).map(({ id }) => id)).toEqual([ids[0], ids[2]])
})

test('a graph that is too large for one document is refused with its size and what to do, and a filter that leaves little helps', async () => {
  const graph = build(pipeline.scopes)
  const one = hop(graph, ids.model, ids.tool)
  const hops = Array.from({ length: 25_001 }, (_, at) => ({ ...one, id: `hop/${at}` }))
  const handlers = createGraphHandlers(sessionsOf({ ...graph, hops: [...hops, hop(graph, ids.gateway, ids.model)] }))
  const part = await handlers.document({ environment: 'lab', at: null, filter: 'from:gateway' })
  expect([part.hops.map(({ from }) => from), part.workloads.length, part.filterProblem]).toEqual([
    [`workload/${ids.gateway}`],
    2,
    null,
  ])
  await expect(handlers.document({ environment: 'lab', at: null, filter: '' })).rejects.toMatchObject({
    code: 'exhausted',
    message: expect.stringContaining('25002'),
    advice: expect.any(String),
  })
})

test('an element that is not in the graph is not-found under its own id', async () => {
  const handlers = createGraphHandlers(sessionsOf(emptyGraph()))
  for (const ask of [handlers.workload, handlers.hop, handlers.control]) {
    await expect(ask({ environment: 'lab', at: null, id: 'nothing' })).rejects.toMatchObject({
      code: 'not-found',
      subject: 'nothing',
    })
  }
  expect(await handlers.attend({ environment: 'lab', selected: 'nothing' }, 'window-1')).toEqual({ attending: false })
})

test('a part of the control plane comes with every fact that it rests on, as a workload does', async () => {
  const graph = build(pipeline.scopes)
  const handlers = createGraphHandlers(sessionsOf(graph, pipeline.scopes))
  const resting = graph.control.filter(({ state }) => state.restsOn.length > 0)
  expect(resting).not.toEqual([])
  for (const { id, state } of resting) {
    const { component, facts } = await handlers.control({ environment: 'lab', at: null, id })
    expect([component.id, ...facts.map((fact) => fact.id)]).toEqual(expect.arrayContaining([id, ...state.restsOn]))
  }
})

/** Sessions that hold one graph; nothing is read. */
function sessionsOf(graph: object, scopes: readonly ScopeState[] = []): Sessions {
  const kept = () => ({ graph, revision: 1 })
  const session = {
    keeper: { current: kept, fresh: kept },
    observation: { store: { states: new Map(scopes.map((state) => [state.scope, state])) } },
    attend() {},
    seen() {},
  }
  const isSession = (value: unknown): value is Session => value === session
  return {
    async use() {
      if (!isSession(session)) throw new Error('unreachable')
      return session
    },
    hold: () => Promise.reject(new Error('not used')),
    isRead: () => true,
    power() {},
    stop() {},
    ended: async () => {},
  }
}
