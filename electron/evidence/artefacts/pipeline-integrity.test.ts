import { describe, expect, test } from 'vitest'
import type { HistoryEvent } from '../../../shared/domain/history/model.ts'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import { integrityEvent, noon } from '../../../test/builders/log-records.ts'
import { build, pipeline } from '../../../test/builders/small-graph.ts'
import { pipelineIntegrity } from './pipeline-integrity.ts'

const signal = new AbortController().signal
const configured = { logs: [{ id: 'stages', record: 'integrity-events' as const, file: 'integrity.ndjson' }] }
const event = (number: number, outcome = 'verified') => ({ value: integrityEvent(number, outcome), source: 'stages' })

function change(number: number, of: Partial<HistoryEvent['change']>): HistoryEvent {
  return {
    number,
    at: noon + number,
    learntAt: noon + number,
    change: {
      element: { kind: 'hop', id: 'hop/a>b' },
      name: 'gateway → vector-store',
      aspect: 'deviation',
      from: 'none',
      to: 'observed-not-intended',
      direction: 'worse',
      ...of,
    },
  }
}

async function collected(parts: EvidenceParts) {
  const to = writtenArtefact()
  const found = await pipelineIntegrity.collect(evidenceSources({ configured, ...parts }), evidencePeriod, to, signal)
  return { found, to, codes: found.limitations.map(({ code }) => code) }
}

describe('pipeline integrity', () => {
  test('every verification counts, the good ones are the denominator', async () => {
    const { found, to } = await collected({ lines: { 'integrity-events': [event(1), event(2), event(3)] } })
    expect(found.result).toMatchObject({ state: 'operated', reason: { params: { count: 3 } } })
    expect(to.records('counts')).toMatchObject([
      { callerStage: 'application', stage: 'gateway', outcome: 'verified', count: 3 },
    ])
  })

  test('failed and missing signatures are exceptions, each of its own', async () => {
    const lines = [event(1), event(2, 'failed'), event(3, 'missing')]
    const { found, to } = await collected({ lines: { 'integrity-events': lines } })
    expect(to.taken.get('integrity-events')?.map(({ isException }) => isException)).toEqual([false, true, true])
    expect(found.result).toMatchObject({ state: 'exception', reason: { params: { exceptions: 2 } } })
  })

  test('a call that nobody intends and a sender that names another are exceptions; their end is none', async () => {
    const { to } = await collected({
      lines: { 'integrity-events': [event(1)] },
      events: [
        change(1, {}),
        change(2, { from: 'observed-not-intended', to: 'none', direction: 'better' }),
        change(3, { aspect: 'identityClaim', from: 'consistent', to: 'contradicted' }),
        change(4, { aspect: 'transport', from: 'verified', to: 'failing' }),
      ],
    })
    expect(to.records('unexpected-hops').map(({ what, historyEvent }) => [what, historyEvent])).toEqual([
      ['unexpected-call', 1],
      ['contradicted-identity', 3],
    ])
    expect(to.exceptions()).toBe(2)
  })

  test('a call against intent that was there when the period began is one too', async () => {
    const graph = build(pipeline.scopes)
    const hops = graph.hops.map((hop, index) =>
      index === 0 ? { ...hop, deviation: { code: 'observed-not-intended', params: {} } } : hop,
    )
    const { to } = await collected({ lines: { 'integrity-events': [event(1)] }, graph: { ...graph, hops } })
    expect(to.records('unexpected-hops')).toMatchObject([{ what: 'unexpected-call', hop: graph.hops[0]?.id, at: null }])
  })

  test('no event at all is never no violation', async () => {
    const { found } = await collected({})
    expect(found.result.state).toBe('insufficient')
    expect(found.population).toMatchObject({ count: 0, expected: 1, reporting: 0 })
  })

  test('a line that this version does not understand stays in the pack and is told', async () => {
    const { found, codes } = await collected({
      lines: { 'integrity-events': [event(1), { value: { version: 9, type: 'new' }, source: 'stages' }] },
    })
    expect(found.population.count).toBe(2)
    expect(codes).toContain('lines-not-understood')
  })
})
