import { expect, test } from 'vitest'
import { build, pipeline } from '../../../test/builders/small-graph.ts'
import { graphLines } from './graph-lines.ts'

const graph = build(pipeline.scopes)

test('every element is a line of its own, with its states and why', () => {
  const lines = graphLines(graph)
  expect(lines).toHaveLength(graph.workloads.length + graph.hops.length + graph.control.length)
  const hop = lines.find(({ record }) => record['element'] === 'hop')
  expect(hop?.record['transport']).toMatchObject({ state: 'verified', basis: 'derived' })
  expect(JSON.stringify(hop?.record['transport'])).toContain('restsOn')
})

test('what is not known is written as not known, never as nothing', () => {
  const unread = graphLines(build(pipeline.scopes.filter(({ scope }) => !scope.startsWith('opa/'))))
  const text = JSON.stringify(unread.map(({ record }) => record))
  expect(text).toContain('"known":false')
  expect(text).not.toContain('undefined')
})

test('only a call that nobody intends stands for something that deviated', () => {
  expect(graphLines(graph).filter(({ isException }) => isException)).toEqual([])
  const [first, ...others] = graph.hops
  if (first === undefined) throw new Error('the small pipeline has no hop')
  const deviating = {
    ...graph,
    hops: [{ ...first, deviation: { code: 'observed-not-intended', params: {} } }, ...others],
  }
  expect(graphLines(deviating).filter(({ isException }) => isException)).toHaveLength(1)
})
