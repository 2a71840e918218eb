import { expect, test } from 'vitest'
import type { LogSource } from '../../shared/domain/model/environment.ts'
import { decisionLine, ingressLine, integrityLine } from '../../test/builders/log-lines.ts'
import { kubernetesAuditEvent, noon, spireAuditLine } from '../../test/builders/log-records.ts'
import { createLogReading } from './log-reading.ts'

const now = Date.parse('2026-11-22T01:00:00.000Z')
const access: LogSource = { id: 'a', record: 'envoy-access', file: 'a.ndjson', writtenBy: 'gateway' }

test('counts fall as the window moves on, and the sums vanish with their last record', () => {
  const reading = createLogReading(access, 60)
  reading.takeLine(ingressLine({ ts: time(-50) }), now, true)
  reading.takeLine(ingressLine({ ts: time(-10) }), now, true)
  expect(activityAt(now)).toMatchObject([{ requests: 2, windowFrom: now - 60_000, windowTo: now }])
  expect(activityAt(now + 20_000)).toMatchObject([{ requests: 1 }])
  expect(activityAt(now + 60_000)).toEqual([])

  function activityAt(moment: number) {
    return reading.reports(moment, 0)[0]?.facts
  }
})

test('what is older than the window when it is read counts as read, not as activity', () => {
  const reading = createLogReading(access, 60)
  reading.takeLine(ingressLine({ ts: time(-3600) }), now, false)
  const [activity, intake] = reading.reports(now, 700)
  expect(activity).toMatchObject({ facts: [], gaps: [] })
  expect(intake?.facts).toMatchObject([
    { accepted: 1, refused: 0, lastRecordAt: now - 3_600_000, from: { locator: 'a.ndjson up to byte 700' } },
  ])
})

test('refused lines are counted with a sample, masked and cut', () => {
  const reading = createLogReading(access, 60)
  reading.takeLine(ingressLine({ ts: time(0) }), now, true)
  reading.takeLine(`password=hunter2 ${'x'.repeat(5000)}`, now, true)
  reading.takeTooLong('{"start', now)
  const [activity, intake] = reading.reports(now, 0)
  expect(activity?.gaps).toMatchObject([
    {
      what: 'log-lines',
      reason: 'invalid',
      detail: expect.stringMatching(/^2 of the 3 lines .* in no sum; the last: longer than 256 kB: \{"start$/),
    },
  ])
  expect(intake?.facts).toMatchObject([
    { accepted: 1, refused: 2, sampleRefused: { line: '{"start', why: 'longer than 256 kB' } },
  ])
  expect(JSON.stringify(reading.lastRefused())).not.toContain('hunter2')
  // They are as old as the window then: nothing is missing from the sums any more.
  expect(reading.reports(now + 61_000, 0)[0]?.gaps).toEqual([])
})

test('a log of which nothing is understood is a gap, not an empty log', () => {
  const reading = createLogReading(access, 60)
  reading.takeLine('[2026-11-22T00:00:00Z] "GET / HTTP/1.1" 200', now, true)
  expect(reading.reports(now, 0)[0]).toMatchObject({
    gaps: [{ what: 'log-lines', reason: 'invalid', detail: expect.stringContaining('none of 1 lines') }],
  })
})

test('a writer whose clock is ahead is told, and its records do not stay for ever', () => {
  const reading = createLogReading(access, 60)
  reading.takeLine(ingressLine({ ts: time(3600) }), now, true)
  expect(reading.reports(now, 0)[0]).toMatchObject({
    facts: [{ requests: 1 }],
    gaps: [{ what: 'log-clock', reason: 'invalid', detail: expect.stringContaining('3600 s ahead') }],
  })
  expect(reading.reports(now + 61_000, 0)[0]).toMatchObject({ facts: [], gaps: [] })
})

test('a writer whose clock is behind is told, instead of silence', () => {
  const reading = createLogReading(access, 60)
  reading.takeLine(ingressLine({ ts: time(-600) }), now, true)
  expect(reading.reports(now, 0)[0]).toMatchObject({
    facts: [],
    gaps: [{ what: 'log-clock', detail: expect.stringContaining('600 s old') }],
  })
})

test('a backlog is not mistaken for a wrong clock', () => {
  const reading = createLogReading(access, 60)
  reading.takeLine(ingressLine({ ts: time(-600) }), now, false)
  expect(reading.reports(now, 0)[0]?.gaps).toEqual([])
})

test('when lines before were left out, the window says from when on everything is held', () => {
  const reading = createLogReading(access, 60)
  reading.skippedEarlier()
  reading.takeLine(ingressLine({ ts: time(-20) }), now, false)
  expect(reading.reports(now, 0)[1]?.facts).toMatchObject([{ since: now - 20_000 }])
  expect(reading.reports(now + 50_000, 0)[1]?.facts).toMatchObject([{ since: now - 10_000 }])
})

test('decisions are summed per OPA, caller and called', () => {
  const reading = createLogReading({ id: 'd', record: 'opa-decisions', file: 'd.ndjson' }, 60)
  reading.takeLine(decisionLine({ timestamp: time(-2) }), now, true)
  reading.takeLine(decisionLine({ timestamp: time(-1), result: { allowed: false }, decision_id: 'd-2' }), now, true)
  reading.takeLine(decisionLine({ timestamp: time(-1), labels: { id: 'other' } }), now, true)
  expect(reading.reports(now, 0)[0]?.facts).toMatchObject([
    {
      opaInstanceId: '02c90d37',
      allowed: 1,
      denied: 1,
      errors: 0,
      evaluationP99Ms: 0.11024,
      last: { decisionId: 'd-2', outcome: 'deny', revision: 'hops-001' },
    },
    { opaInstanceId: 'other', allowed: 1 },
  ])
  expect(reading.reports(now + 60_000, 0)[0]?.facts).toEqual([])
})

test('audit lines of an API server and of a SPIRE server come from files too', () => {
  const kubernetes = createLogReading({ id: 'k', record: 'kubernetes-audit', file: 'kube-audit.ndjson' }, 60)
  kubernetes.takeLine(JSON.stringify(kubernetesAuditEvent(1)), now, false)
  kubernetes.takeLine('{"kind":"Event"}', now, false)
  expect(kubernetes.reports(now, 0)[1]?.facts).toMatchObject([
    { record: 'kubernetes-audit', accepted: 1, refused: 1, lastRecordAt: noon + 1 },
  ])
  const spire = createLogReading({ id: 's', record: 'spire-audit', file: 'server.log' }, 60)
  spire.takeLine(JSON.stringify(spireAuditLine(1)), now, false)
  expect(spire.reports(now, 0)[1]?.facts).toMatchObject([{ record: 'spire-audit', accepted: 1, refused: 0 }])
})

test('integrity events are summed per hop, with the last failure', () => {
  const reading = createLogReading({ id: 'i', record: 'integrity-events', file: 'i.ndjson' }, 60)
  reading.takeLine(integrityLine({ time: time(-3) }), now, true)
  reading.takeLine(integrityLine({ time: time(-2), outcome: 'failed', reason: 'body-changed' }), now, true)
  reading.takeLine(
    integrityLine({ time: time(-1), type: 'user-identity', outcome: 'lost', reason: 'no-token', actors: [] }),
    now,
    true,
  )
  expect(reading.reports(now, 0)[0]?.facts).toMatchObject([
    {
      stage: 'input-sanitiser',
      callerStage: 'prompt-firewall',
      signature: { verified: 1, failed: 1, missing: 0 },
      userIdentity: { verified: 0, exchanged: 0, lost: 1, failed: 0 },
      lastFailure: { reason: 'no-token' },
    },
  ])
})

function time(seconds: number): string {
  return new Date(now + seconds * 1000).toISOString()
}
