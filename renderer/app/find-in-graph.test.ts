import { describe, expect, it } from 'vitest'
import { troubledFixture } from '../dev/fixture-view.ts'
import { findInGraph } from './find-in-graph.ts'

const { view } = troubledFixture({ now: 1_800_000_000_000 })
const names = (typed: string) => findInGraph(view, typed).workloads.map((workload) => workload.name)
const hops = (typed: string) => findInGraph(view, typed).hops.map((hop) => `${hop.from} ${hop.to}`)

describe('the search', () => {
  it('finds names, those that start with the text first', () => {
    expect(names('tool')).toEqual(['tool-runtime', 'payments-tool'])
  })

  it('finds by SPIFFE ID, in any letter case', () => {
    expect(names('SPIFFE://pipeline.example/ns/data')).toEqual(['model-registry', 'vector-store'])
  })

  it('finds hops by both ends', () => {
    expect(hops('model-server → tool')).toEqual(['model-server tool-runtime'])
    expect(hops('model-server to output')).toEqual(['model-server output-filter'])
  })

  it('finds nothing where nothing is, and does not take letters as a pattern', () => {
    expect(names('.*')).toEqual([])
    expect(hops('nobody')).toEqual([])
  })
})
