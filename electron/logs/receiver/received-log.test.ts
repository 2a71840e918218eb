import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Report } from '../../../shared/domain/model/fact.ts'
import { decisionEvent, noon, uploadOf } from '../../../test/builders/log-records.ts'
import { createManualClock } from '../../../test/builders/manual-clock.ts'
import type { ReceiverState } from '../../core/receiver-state.ts'
import { createReceivedLog } from './received-log.ts'

const settings = { baseDirectory: '.', windowSeconds: 60 }
const quiet: ReceiverState = { received: 1, refused: 0, unauthenticated: 0, postponed: 0, forward: null }

function start(state: () => ReceiverState = () => quiet) {
  const clock = createManualClock(noon)
  const log = createReceivedLog({ place: 'the receiver at 127.0.0.1:8443', windowSeconds: 60, clock })
  log.begin(state)
  const ended = new AbortController()
  const reports = new Map<string, Report>()
  const reading = (async () => {
    for await (const report of log.observe(settings, ended.signal))
      reports.set(report.scope.split('/')[2] ?? '', report)
  })()
  onTestFinished(async () => {
    ended.abort()
    log.stop()
    await reading
  })
  /** Between slices of work the clock has to move. */
  const until = (check: () => void): Promise<void> =>
    vi.waitFor(
      async () => {
        await clock.advance(30)
        check()
      },
      { timeout: 20_000 },
    )
  return { clock, log, reports, until }
}

const upload = (events: readonly Readonly<Record<string, unknown>>[]) => {
  const plain = uploadOf('opa-decisions', events, { form: 'array' })
  return { ...plain, encoding: 'gzip', bytes: gzipSync(plain.bytes) } as const
}
const event = (number: number, more: Readonly<Record<string, unknown>> = {}) => ({
  ...decisionEvent({ number }),
  timestamp: new Date(noon).toISOString(),
  ...more,
})

test('decisions that are received are summed as those of a followed log are, each once', async () => {
  const { clock, log, reports, until } = start()
  await clock.advance(0)
  log.took(upload([event(1), event(2), { decision_id: 'x' }]))
  log.took(upload([event(2), event(3)]))
  await until(() => expect(log.test(settings).steps[0]?.detail).toContain('3 decisions understood'))
  await clock.advance(1000)
  const facts = reports.get('activity')?.facts?.filter((fact) => fact.kind === 'decision-activity') ?? []
  expect(facts.reduce((sum, { allowed, denied, errors }) => sum + allowed + denied + errors, 0)).toBe(3)
  expect(reports.get('activity')?.gaps).toMatchObject([{ what: 'log-lines', reason: 'invalid' }])
  expect(log.test(settings).opas).toHaveLength(1)
  await clock.advance(61_000)
  expect(reports.get('activity')?.facts?.filter((fact) => fact.kind === 'decision-activity')).toEqual([])
})

test('decisions that come later than the window are said to, with what to set', async () => {
  const { clock, log, reports, until } = start()
  await clock.advance(0)
  log.took(upload([event(1, { timestamp: new Date(noon - 300_000).toISOString() })]))
  await until(() => expect(log.test(settings).steps[0]?.detail).toContain('1 decisions'))
  await clock.advance(1000)
  expect(reports.get('activity')?.gaps).toMatchObject([
    { what: 'log-late', detail: expect.stringContaining('decision_logs.reporting') },
  ])
})

test('what the receiver has trouble with is a gap as long as it is so', async () => {
  let state = quiet
  const { clock, log, reports } = start(() => state)
  await clock.advance(0)
  expect(reports.get('receiver')?.gaps).toEqual([])
  const forward = {
    to: 'siem',
    sent: 0,
    refused: 1,
    refusedBytes: 900,
    refusal: 'siem answered 413',
    waitingBytes: 5000,
  }
  state = { ...quiet, unauthenticated: 2, forward: { ...forward, problem: 'siem answered 503' } }
  await clock.advance(6000)
  expect(reports.get('receiver')?.gaps).toMatchObject([
    { what: 'log-senders', reason: 'forbidden', detail: expect.stringContaining('2 uploads') },
    { what: 'log-forward', reason: 'unreachable', detail: expect.stringContaining('5 kB wait') },
    { what: 'log-forward-refused', detail: expect.stringContaining('siem answered 413; 1 kB') },
  ])
  expect(log.test(settings)).toMatchObject({ outcome: 'partly' })
  state = { ...state, forward: null }
  await clock.advance(61_000)
  expect(reports.get('receiver')?.gaps).toEqual([])
})

test('an upload that is too long to be summed is kept, and the sums say what they leave out', async () => {
  const { clock, log, reports, until } = start()
  await clock.advance(0)
  log.took(upload([event(1, { padding: 'x'.repeat(9_000_000) })]))
  await until(() => expect(log.test(settings).outcome).toBe('partly'))
  await clock.advance(6000)
  expect(reports.get('receiver')?.gaps).toMatchObject([
    { what: 'log-sums', detail: expect.stringContaining('1 uploads') },
  ])
})
