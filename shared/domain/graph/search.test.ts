import { describe, expect, it } from 'vitest'
import { build, ids, pipeline, workload } from '../../../test/builders/small-graph.ts'
import { searchGraph } from './search.ts'
import { graphView } from './view.ts'

const graph = build(pipeline.scopes)
const names = (text: string) => searchGraph(graph, text).workloads.map((workload) => workload.name)
const hops = (text: string) => searchGraph(graph, text).hops.map((hop) => `${hop.from} ${hop.to}`)

describe('the search', () => {
  it('finds names, those that start with the text first', () => {
    const one = workload(graph, ids.model)
    const called = (name: string) => ({ ...one, id: `workload/${name}`, name })
    const found = searchGraph({ ...graph, workloads: [called('a model'), called('model z')] }, 'model')
    expect(found.workloads.map(({ name }) => name)).toEqual(['model z', 'a model'])
  })

  it('finds by SPIFFE ID, in any letter case', () => {
    expect(names(ids.tool.toUpperCase())).toEqual(['tool-runtime'])
  })

  it('finds hops by both ends', () => {
    expect(hops('model-server → tool')).toEqual(['model-server tool-runtime'])
    expect(hops('gateway to model')).toEqual(['gateway model-server'])
  })

  it('finds nothing where nothing is, and does not take letters as a pattern', () => {
    expect(names('.*')).toEqual([])
    expect(hops('nobody')).toEqual([])
  })

  it('finds what a view of a large graph has folded, and counts what it leaves out', () => {
    const one = workload(graph, ids.model)
    const workloads = Array.from({ length: 300 }, (_, at) => ({
      ...one,
      id: `workload/w${at}`,
      name: `w${at} of many`,
    }))
    const large = { ...graph, workloads, hops: [] }
    const view = graphView(large, { filter: 'w277', grouping: 'auto', focus: { open: [], selected: null } }, 1)
    expect(view.nodes.filter(({ type }) => type === 'workload')).toEqual([])
    expect(searchGraph(large, 'w277').workloads.map(({ id }) => id)).toEqual(['workload/w277'])
    const many = searchGraph(large, 'of many')
    expect([many.workloads.length, many.total.workloads]).toEqual([8, 300])
  })
})
