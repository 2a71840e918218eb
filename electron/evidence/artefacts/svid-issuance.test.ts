import { describe, expect, test } from 'vitest'
import {
  type EvidenceParts,
  evidencePeriod,
  evidenceSources,
  gapSpanOf,
  spanOf,
  writtenArtefact,
} from '../../../test/builders/evidence-sources.ts'
import { envoyCertificate, registrationEntry, spiffe } from '../../../test/builders/facts.ts'
import { noon, spireAuditLine } from '../../../test/builders/log-records.ts'
import { svidIssuance } from './svid-issuance.ts'

const minute = 60_000
const gateway = spiffe('gateway', 'edge')
const signal = new AbortController().signal
const configured = { logs: [{ id: 'spire', record: 'spire-audit' as const, file: 'spire.log' }] }

function issued(atMinute: number, spiffeId = gateway, more = {}) {
  const at = noon + atMinute * minute
  const value = {
    ...spireAuditLine(atMinute),
    method: 'BatchNewX509SVID',
    spiffe_id: spiffeId,
    expires_at: (at + 60 * minute) / 1000,
    time: new Date(at).toISOString(),
    ...more,
  }
  return { value, at, source: 'spire' }
}

function seenAt(atMinute: number, serial: string) {
  const fact = envoyCertificate('gateway', gateway)
  const notBefore = noon + atMinute * minute
  const certificate = { ...fact.certificate, spiffeId: gateway, serial, notBefore, notAfter: notBefore + 60 * minute }
  return spanOf({ ...fact, id: `${fact.id}/${serial}`, certificate })
}

async function collected(parts: EvidenceParts) {
  const to = writtenArtefact()
  const found = await svidIssuance.collect(evidenceSources({ configured, ...parts }), evidencePeriod, to, signal)
  return { found, to, codes: found.limitations.map(({ code }) => code) }
}

const whole: EvidenceParts = {
  lines: { 'spire-audit': [issued(1), issued(20)] },
  facts: [registrationEntry(gateway)],
  spans: [seenAt(1, '01'), seenAt(20, '02')],
}

describe('SVID issuance', () => {
  test('operated when every call was seen, by an entry, and every SVID in use has its line', async () => {
    const { found, to } = await collected(whole)
    expect(found.result.state).toBe('operated')
    expect(found.population).toMatchObject({
      count: 2,
      expected: 1,
      reporting: 1,
      control: { value: 2, source: 'envoy', difference: 0 },
      gaps: [],
    })
    expect(to.records('counts')).toEqual([
      {
        service: 'svid.v1.SVID',
        method: 'BatchNewX509SVID',
        kind: 'issuance',
        status: 'success',
        deviation: null,
        count: 2,
      },
    ])
  })

  test('an SVID in use that no line tells the issuance of is an exception, and the count differs', async () => {
    const { found, to } = await collected({ ...whole, spans: [...(whole.spans ?? []), seenAt(40, '03')] })
    expect(to.records('svids-without-issuance').map(({ serial }) => serial)).toEqual(['03'])
    expect(found.population.control?.difference).toBe(1)
    expect(found.result).toMatchObject({ state: 'insufficient', reason: { code: 'result.difference' } })
  })

  test('errors, bans and issuances for nobody that is registered are exceptions', async () => {
    const { found, to } = await collected({
      ...whole,
      lines: {
        'spire-audit': [
          issued(1),
          issued(20),
          issued(21, spiffe('stranger', 'ai')),
          issued(22, gateway, { status: 'error', status_code: 'Internal' }),
          issued(23, 'spiffe://pipeline.example/spire/agent/x', { method: 'BanAgent', service: 'agent.v1.Agent' }),
        ],
      },
    })
    expect(to.exceptions()).toBe(3)
    expect(found.result).toMatchObject({ state: 'exception', reason: { params: { exceptions: 3 } } })
    const deviations = new Set(to.records('counts').map(({ deviation }) => deviation))
    expect(deviations).toEqual(new Set([null, 'no-entry', 'failed', 'agent-ended']))
  })

  test('while the entries could not be read, nobody is called unregistered', async () => {
    const { to, codes } = await collected({
      ...whole,
      lines: { 'spire-audit': [issued(1), issued(20, spiffe('stranger', 'ai'))] },
      gapSpans: [
        gapSpanOf(
          { source: 'spire', instance: 'spire', what: 'registration-entries' },
          noon + 10 * minute,
          noon + 30 * minute,
        ),
      ],
      spans: [],
    })
    expect(to.exceptions()).toBe(0)
    expect(codes).toContain('entries-unknown')
  })

  test('a line of before the period goes in as its leaf, and counts nowhere', async () => {
    const { found, to } = await collected({
      ...whole,
      lines: { 'spire-audit': [issued(-5), issued(1), issued(20), issued(61)] },
    })
    expect(found.population.count).toBe(2)
    expect(to.taken.get('spire-audit')?.map(({ take }) => take)).toEqual(['leaf', 'line', 'line', 'leaf'])
  })

  test('a line that is not what was sealed is told by its place, never word for word', async () => {
    const { found, to, codes } = await collected({
      ...whole,
      lines: { 'spire-audit': [issued(1), issued(20), { ...issued(30), changed: true }] },
    })
    expect(to.records('changed-after-sealing')).toMatchObject([{ head: 1, index: 2, source: 'spire' }])
    expect(JSON.stringify(to.records('changed-after-sealing'))).not.toContain(gateway)
    expect(codes).toContain('lines-changed')
    expect(found.result.state).toBe('insufficient')
    expect(to.exceptions()).toBe(1)
  })

  test('lines that retention took are counted as lost', async () => {
    const { found } = await collected({
      ...whole,
      lines: { 'spire-audit': [issued(1), { ...issued(20), gone: true }] },
    })
    expect(found.population.dropped).toMatchObject({ 'everyhop.retention': 1 })
    expect(found.result.state).toBe('insufficient')
  })

  test('a configured log that told nothing is silent, and absent data is no result', async () => {
    const { found } = await collected({ facts: [registrationEntry(gateway)] })
    expect(found.population).toMatchObject({ count: 0, expected: 1, reporting: 0 })
    expect(found.population.gaps).toMatchObject([{ source: 'logs/spire', why: 'silent' }])
    expect(found.result.state).toBe('insufficient')
  })

  test('without any audit log it was not looked at, which is a gap', async () => {
    const { found } = await collected({ configured: {} })
    expect(found.result.state).toBe('not-evaluated')
    expect(found.population).toMatchObject({
      count: null,
      gaps: [{ source: 'logs/spire-audit', why: 'not-configured' }],
    })
  })

  test('a file that could not be read for a while is a gap with its words', async () => {
    const { found } = await collected({
      ...whole,
      gapSpans: [
        gapSpanOf({ source: 'logs', instance: 'spire', what: 'log-file' }, noon + 5 * minute, noon + 9 * minute),
      ],
    })
    expect(found.population.gaps).toEqual([
      {
        source: 'logs/spire',
        from: noon + 5 * minute,
        to: noon + 9 * minute,
        why: 'unreachable',
        detail: 'connect ECONNREFUSED',
      },
    ])
    expect(found.result.state).toBe('insufficient')
  })

  test('what Everyhop slept through is a gap', async () => {
    const { found } = await collected({
      ...whole,
      watchGaps: [{ from: noon + minute, to: noon + 30 * minute, why: 'asleep' }],
    })
    expect(found.population.gaps).toMatchObject([{ source: 'everyhop', why: 'asleep' }])
  })

  test('a plan counts without writing, and foresees the gaps', async () => {
    const plan = await svidIssuance.plan(evidenceSources({ configured, ...whole }), evidencePeriod, signal)
    expect(plan).toMatchObject({ id: 'svid-issuance', records: 2, expected: { state: 'operated' } })
    const silent = await svidIssuance.plan(evidenceSources({ configured }), evidencePeriod, signal)
    expect(silent.expected.state).toBe('insufficient')
  })

  test('it stops when it is told to', async () => {
    const stopped = AbortSignal.abort(new Error('stop'))
    const to = writtenArtefact()
    await expect(
      svidIssuance.collect(evidenceSources({ configured, ...whole }), evidencePeriod, to, stopped),
    ).rejects.toThrow('stop')
  })
})
