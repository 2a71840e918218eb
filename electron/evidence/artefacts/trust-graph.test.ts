import { describe, expect, test } from 'vitest'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  gapSpanOf,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import { noon } from '../../../test/builders/log-records.ts'
import { build, pipeline } from '../../../test/builders/small-graph.ts'
import { trustGraph } from './trust-graph.ts'

const signal = new AbortController().signal
const graph = build(pipeline.scopes)

async function collected(parts: EvidenceParts, graphAt?: (at: number) => Promise<typeof graph | null>) {
  const to = writtenArtefact()
  const sources = evidenceSources({ graph, ...parts })
  const found = await trustGraph.collect(
    { ...sources, graphAt: graphAt ?? sources.graphAt },
    evidencePeriod,
    to,
    signal,
  )
  return { found, to, codes: found.limitations.map(({ code }) => code) }
}

describe('trust graph', () => {
  test('start and end are whole, and nothing differs', async () => {
    const { found, to } = await collected({})
    const elements = graph.workloads.length + graph.hops.length + graph.control.length
    expect(to.records('graph-at-start')).toHaveLength(elements)
    expect(to.records('graph-at-end')).toHaveLength(elements)
    expect(to.records('differences')).toEqual([])
    expect(found.population).toMatchObject({ count: elements, expected: 2, reporting: 2 })
    expect(found.result.state).toBe('operated')
  })

  test('a workload that is gone at the end is a difference', async () => {
    const [gone, ...others] = graph.workloads
    const { to } = await collected({}, async (at) =>
      at === evidencePeriod.from ? graph : { ...graph, workloads: others },
    )
    expect(to.records('differences')).toMatchObject([
      { element: 'workload', id: gone?.id, aspect: 'presence', to: null },
    ])
  })

  test('a call that nobody intends is an exception in each graph that has it', async () => {
    const hops = graph.hops.map((hop, index) =>
      index === 0 ? { ...hop, deviation: { code: 'observed-not-intended', params: {} } } : hop,
    )
    const { found } = await collected({ graph: { ...graph, hops } })
    expect(found.result).toMatchObject({ state: 'exception', reason: { params: { exceptions: 2 } } })
  })

  test('without a graph of the beginning there is none to compare, and it is insufficient', async () => {
    const { found, to } = await collected({ recorded: { from: noon + 1, to: evidencePeriod.to } })
    expect(found.population).toMatchObject({ reporting: 1, gaps: [{ source: 'everyhop', why: 'not-watched' }] })
    expect(to.own.has('differences')).toBe(false)
    expect(found.result.state).toBe('insufficient')
  })

  test('an end that nobody watched does not report, though its last known graph is there', async () => {
    const { found, codes } = await collected({
      watchGaps: [{ from: evidencePeriod.to - 1000, to: null, why: 'asleep' }],
    })
    expect(found.population.reporting).toBe(1)
    expect(codes).toContain('graph-in-gap')
  })

  test('a source that could not be read is a gap, a mere warning is none', async () => {
    const { found } = await collected({
      gapSpans: [
        gapSpanOf({ source: 'envoy', instance: 'gateway', what: 'listeners', reason: 'forbidden' }, noon, noon + 1000),
        gapSpanOf({ source: 'logs', instance: 'gateway', what: 'log-clock', reason: 'invalid' }, noon, null),
      ],
    })
    expect(found.population.gaps).toMatchObject([{ source: 'envoy/gateway', why: 'forbidden' }])
  })
})
