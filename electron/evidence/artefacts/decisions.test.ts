import { describe, expect, test } from 'vitest'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  spanOf,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import { opaDecisionLog, opaInstance } from '../../../test/builders/facts.ts'
import { decisionEvent, noon } from '../../../test/builders/log-records.ts'
import type { DecisionCount, LogStatistics } from '../../core/log-statistics.ts'
import { decisions } from './decisions.ts'

const minute = 60_000
const signal = new AbortController().signal
const instance = 'b5a40546-268c-4399-adf1-92fbfc80cb6f'
const configured = {
  logs: [{ id: 'decisions', record: 'opa-decisions' as const, file: 'decisions.log' }],
  opa: [{ id: 'pdp', api: 'http://127.0.0.1:8181' }],
}

function group(more: Partial<DecisionCount> = {}): DecisionCount {
  return {
    hour: noon,
    outcome: 'allow',
    path: 'pipeline/authz/result',
    revision: 'lab-001',
    opaInstanceId: instance,
    source: 'decisions',
    count: 2,
    ...more,
  }
}

function statisticsOf(counts: readonly DecisionCount[], named = 2, held = 2, unclaimed = 0): Partial<LogStatistics> {
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  return {
    decisionCounts: async () => ({ counts, total, complete: true }),
    authorisationCounts: async () => ({
      requests: [{ source: 'gateway', direction: 'inbound', authorisation: 'passed', count: named, named, held }],
      decisions: total,
      unclaimed,
    }),
  }
}

const lines = [1, 2].map((number) => ({ value: decisionEvent({ number }), source: 'decisions' }))
const whole: EvidenceParts = {
  lines: { 'opa-decisions': lines },
  facts: [opaInstance('pdp', { instanceId: instance })],
  spans: [spanOf(opaDecisionLog('pdp', { dropped: 4 }))],
  statistics: statisticsOf([group()]),
}

async function collected(parts: EvidenceParts) {
  const to = writtenArtefact()
  const found = await decisions.collect(evidenceSources({ configured, ...parts }), evidencePeriod, to, signal)
  return { found, to, codes: found.limitations.map(({ code }) => code) }
}

describe('decisions', () => {
  test('operated when each decision that an Envoy names is held and no counter of drops grew', async () => {
    const { found, to } = await collected(whole)
    expect(found.result.state).toBe('operated')
    const leafless = (stream: string) => ({
      number: 9,
      from: noon,
      to: noon + minute,
      sealedAt: noon + minute,
      streams: [{ stream, size: 3, root: '00' }],
      masking: 'mask-1',
      previous: '00',
      key: '00',
      signature: '',
    })
    // Lines that were sealed and cannot be shown: those of other logs are none of this.
    const lost = await collected({ ...whole, leafless: [leafless('opa-decisions')] })
    expect(lost.found.result).toMatchObject({ state: 'insufficient', reason: { code: 'result.gaps' } })
    const others = await collected({ ...whole, leafless: [leafless('spire-audit')] })
    expect(others.found.result.state).toBe('operated')
    expect(found.population).toMatchObject({
      count: 2,
      control: { value: 2, source: 'envoy-access', difference: 0 },
      dropped: { 'opa.decision_logs_dropped': 0 },
      expected: 1,
      reporting: 1,
    })
    expect(to.records('counts')).toMatchObject([{ hour: '2026-11-22T12:00:00.000Z', outcome: 'allow', count: 2 }])
    expect(to.tables.get('counts')).toHaveLength(2)
    expect(to.taken.get('opa-decisions')?.every(({ take, isException }) => take === 'line' && !isException)).toBe(true)
  })

  test('no line is parsed as long as the store counts no error', async () => {
    const sources = evidenceSources({ configured, ...whole })
    const understand = () => {
      throw new Error('a line was parsed')
    }
    const found = await decisions.collect({ ...sources, understand }, evidencePeriod, writtenArtefact(), signal)
    expect(found.result.state).toBe('operated')
  })

  test('a decision that came to nothing is an exception, a denial is none', async () => {
    const undefinedDecision = { ...decisionEvent({ number: 3 }), result: undefined }
    const { to, found } = await collected({
      ...whole,
      lines: {
        'opa-decisions': [
          ...lines,
          { value: decisionEvent({ number: 4, allowed: false }), source: 'decisions' },
          { value: undefinedDecision, source: 'decisions' },
        ],
      },
      statistics: statisticsOf([group(), group({ outcome: 'deny', count: 1 }), group({ outcome: 'error', count: 1 })]),
    })
    expect(to.taken.get('opa-decisions')?.map(({ isException }) => isException)).toEqual([false, false, false, true])
    expect(found.result.state).toBe('exception')
  })

  test('a decision that an Envoy names and that is not held makes it insufficient', async () => {
    const { found } = await collected({ ...whole, statistics: statisticsOf([group()], 5, 2) })
    expect(found.population.control).toEqual({ value: 5, source: 'envoy-access', difference: 3 })
    expect(found.result.reason.code).toBe('result.difference')
  })

  test('a counter of drops that grew in the period makes it insufficient, also over a restart', async () => {
    const readings = [4, 9, 2].map((dropped, index) => {
      const fact = opaDecisionLog('pdp', { dropped })
      const from = noon + index * minute
      return spanOf(fact, from, from + minute)
    })
    const { found } = await collected({ ...whole, spans: readings })
    expect(found.population.dropped['opa.decision_logs_dropped']).toBe(7)
    expect(found.result.reason).toMatchObject({ code: 'result.dropped', params: { records: 7 } })
  })

  test('a counter that could not be read is said, and not 0', async () => {
    const { found, codes } = await collected({ ...whole, spans: [spanOf(opaDecisionLog('pdp', { dropped: null }))] })
    expect(found.population.dropped).not.toHaveProperty('opa.decision_logs_dropped')
    expect(codes).toContain('drop-counters-unread')
  })

  test('an OPA of which no decision is held is silent, or was told not to log', async () => {
    const second = opaInstance('pdp-2', { instanceId: 'other' })
    const silent = await collected({ ...whole, facts: [...(whole.facts ?? []), second] })
    expect(silent.found.population).toMatchObject({ expected: 2, reporting: 1 })
    expect(silent.found.population.gaps).toMatchObject([{ source: 'opa/pdp-2', why: 'silent' }])
    const off = await collected({
      ...whole,
      facts: [...(whole.facts ?? []), second, opaDecisionLog('pdp-2', { configured: false })],
    })
    expect(off.found.population.gaps).toMatchObject([{ source: 'opa/pdp-2', why: 'not-configured' }])
    expect(off.found.result.state).toBe('insufficient')
  })

  test('an OPA is known by every process that it had, and by the log that it alone writes', async () => {
    const restarted = await collected({
      ...whole,
      facts: [],
      spans: [
        ...(whole.spans ?? []),
        spanOf(opaInstance('pdp', { instanceId: 'before' }), noon - minute, noon + minute),
        spanOf(opaInstance('pdp', { instanceId: instance }), noon + minute),
      ],
    })
    expect(restarted.found.population.reporting).toBe(1)
    const byLog = await collected({
      ...whole,
      configured: { ...configured, logs: [{ ...configured.logs[0]!, writtenBy: 'pdp' }] },
      facts: [],
      statistics: statisticsOf([group({ opaInstanceId: null })]),
    })
    expect(byLog.found.population.reporting).toBe(1)
  })

  test('without an access log, or without decision ids in it, there is no control total', async () => {
    const none = await collected({
      ...whole,
      statistics: {
        ...statisticsOf([group()]),
        authorisationCounts: async () => ({ requests: [], decisions: 2, unclaimed: 2 }),
      },
    })
    expect([none.found.population.control, none.codes.includes('no-access-log')]).toEqual([null, true])
    const unnamed = await collected({ ...whole, statistics: statisticsOf([group()], 0, 0) })
    expect([unnamed.found.population.control, unnamed.codes.includes('no-decision-ids')]).toEqual([null, true])
  })

  test('records of the period that came after the last seal are told', async () => {
    const late = { ...whole, unsealed: 7, statistics: statisticsOf([group({ count: 9 })], 9, 9) }
    const { codes, found } = await collected(late)
    expect(codes).toContain('came-after-sealing')
    expect(found.result.state).toBe('operated')
    // Sealed long after the period, they are in no pack of it.
    const tooLate = await collected({ ...late, areLater: true })
    expect(tooLate.found.population.dropped).toMatchObject({ 'everyhop.came-too-late': 7 })
    expect(tooLate.found.result.state).toBe('insufficient')
    expect(tooLate.codes).toContain('came-too-late')
    // Of what Envoys name, no more records stand for than are here.
    expect(found.population).toMatchObject({ count: 2, control: { value: 2, difference: 0 } })
  })

  test('a plan foresees the same from counts alone', async () => {
    const plan = await decisions.plan(evidenceSources({ configured, ...whole }), evidencePeriod, signal)
    expect(plan).toMatchObject({ records: 2, expected: { state: 'operated' } })
  })
})
