import { describe, expect, test } from 'vitest'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import { noon } from '../../../test/builders/log-records.ts'
import { build, ids, pipeline } from '../../../test/builders/small-graph.ts'
import type { HopCoverage } from '../../core/log-statistics.ts'
import { mtlsCoverage } from './mtls-coverage.ts'

const signal = new AbortController().signal
const graph = build(pipeline.scopes)
const configured = { logs: [{ id: 'model-server', record: 'envoy-access' as const, file: 'access.log' }] }
const none = { mutual: 0, oneSided: 0, plaintext: 0, unknown: 0 }

function row(more: Partial<HopCoverage> = {}): HopCoverage {
  return {
    source: 'model-server',
    side: 'callee',
    callerSpiffeId: ids.gateway,
    callerAddress: null,
    calleeSpiffeId: ids.model,
    calleeAddress: null,
    upstreamCluster: null,
    at: noon,
    requests: { ...none, mutual: 5 },
    connections: none,
    failed: 0,
    ...more,
  }
}

async function collected(rows: readonly HopCoverage[], parts: EvidenceParts = {}) {
  const to = writtenArtefact()
  const sources = evidenceSources({ configured, graph, statistics: { hopCoverage: async () => rows }, ...parts })
  const found = await mtlsCoverage.collect(sources, evidencePeriod, to, signal)
  return { found, to, codes: found.limitations.map(({ code }) => code) }
}

/** Every hop that the small pipeline was seen to have. */
const names = new Map(graph.workloads.map(({ id, spiffeId }) => [id, spiffeId.known ? spiffeId.value : null]))
const everyHop = graph.hops
  .filter(({ relations }) => relations.includes('observed'))
  .map(({ from, to }) => row({ callerSpiffeId: names.get(from) ?? null, calleeSpiffeId: names.get(to) ?? null }))

describe('mTLS coverage', () => {
  test('operated when each hop that was seen had mutual TLS only', async () => {
    const { found, to } = await collected(everyHop)
    expect(found.result.state).toBe('operated')
    expect(found.population).toMatchObject({ expected: everyHop.length, reporting: everyHop.length })
    expect(to.records('over-time')).toHaveLength(everyHop.length)
  })

  test('a single request in plaintext is an exception, of the hop and of its time', async () => {
    const { found, to } = await collected([
      ...everyHop,
      row({ callerSpiffeId: null, callerAddress: '10.0.0.9', requests: { ...none, plaintext: 1 } }),
    ])
    expect(to.records('hops').filter(({ state }) => state === 'exception')).toMatchObject([
      { caller: '10.0.0.9', hop: null },
    ])
    expect(found.result).toMatchObject({ state: 'exception', reason: { params: { exceptions: 2 } } })
  })

  test('a hop that was seen and of which no line tells is missing, never covered', async () => {
    const { found } = await collected(everyHop.slice(1))
    expect(found.population).toMatchObject({ expected: everyHop.length, reporting: everyHop.length - 1 })
    expect(found.result.state).toBe('insufficient')
  })

  test('requests of which the log does not say how they were protected leave their hop unknown', async () => {
    const [first, ...others] = everyHop
    const unsaid = { ...(first ?? row()), requests: { ...none, mutual: 9, unknown: 1 } }
    const { found, codes } = await collected([unsaid, ...others])
    expect(found.result.state).toBe('insufficient')
    expect(codes).toContain('coverage-unknown')
  })

  test('hops without any request are not evaluated', async () => {
    const hops = graph.hops.map((hop) => ({ ...hop, relations: ['granted' as const] }))
    const { to, codes } = await collected([], { graph: { ...graph, hops } })
    expect(to.records('hops').every(({ state }) => state === 'not-evaluated')).toBe(true)
    expect(codes).toContain('hops-never-seen')
  })

  test('a turn to plaintext that the history saw is an exception', async () => {
    const change = {
      element: { kind: 'hop' as const, id: 'hop/a>b' },
      name: 'a → b',
      aspect: 'transport' as const,
      from: 'verified',
      to: 'plaintext',
      direction: 'worse' as const,
    }
    const events = [
      { number: 1, at: noon + 1, learntAt: noon + 2, change },
      { number: 2, at: noon + 3, learntAt: noon + 3, change: { ...change, from: 'plaintext', to: 'verified' } },
    ]
    const { to } = await collected(everyHop, { events })
    expect(to.own.get('changes')?.map(({ isException }) => isException)).toEqual([true, false])
  })

  test('a log that is configured and told nothing is silent; none at all is not evaluated', async () => {
    const silent = await collected([])
    expect(silent.found.population.gaps).toMatchObject([{ source: 'logs/model-server', why: 'silent' }])
    expect(silent.found.result.state).toBe('insufficient')
    expect((await collected([], { configured: {} })).found.result.state).toBe('not-evaluated')
  })
})
