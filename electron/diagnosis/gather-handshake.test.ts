import { describe, expect, test } from 'vitest'
import { diagnoseHandshake } from '../../shared/domain/diagnosis/handshake/diagnose-handshake.ts'
import type { Hop, TrustGraph } from '../../shared/domain/model/graph.ts'
import { build, hop, ids, pipeline } from '../../test/builders/small-graph.ts'
import { failingHandshakesIn, gatherHandshake } from './gather-handshake.ts'

const graph = build(pipeline.scopes)
const facts = pipeline.scopes.flatMap((scope) => scope.facts)
const now = graph.asOf
const found = (from: string, to: string, of: TrustGraph = graph) => gatherHandshake({ graph: of, facts }, from, to, now)
const wanted = graph.hops.find(({ from, to }) => from === `workload/${ids.model}` && to === `workload/${ids.tool}`)

describe('a hop is found', () => {
  test.each([
    ['graph ids', `workload/${ids.model}`, `workload/${ids.tool}`],
    ['SPIFFE IDs', ids.model, ids.tool],
    ['names as drawn', 'model-server', 'tool-runtime'],
  ])('by %s', (_words, from, to) => {
    expect(found(from, to).hop.id).toBe(wanted?.id)
  })
})

test('what is not there is said, with what was asked', () => {
  expect(() => found('nobody', ids.tool)).toThrow('no workload nobody')
  expect(() => found(ids.tool, ids.model)).toThrow(`no hop from ${ids.tool}`)
})

const failing = (each: Hop): Hop => ({ ...each, transport: { ...each.transport, state: 'failing', since: now - 5000 } })
const failsAt = (id: string | undefined): TrustGraph => ({
  ...graph,
  hops: graph.hops.map((each) => (each.id === id ? failing(each) : each)),
})

test('hops that fail are listed, and only these', () => {
  expect(failingHandshakesIn(graph)).toEqual([])
  expect(failingHandshakesIn(failsAt(wanted?.id))).toMatchObject([
    { hop: wanted?.id, from: { name: 'model-server' }, to: { name: 'tool-runtime' }, since: now - 5000 },
  ])
})

test('a healthy hop is not failing, and no issuer is missing anywhere', () => {
  const { verdict } = diagnoseHandshake(found(ids.model, ids.tool))
  expect(verdict.cause).toBe('not-failing')
  expect(hop(graph, ids.model, ids.tool).transport.state).toBe('verified')
})
