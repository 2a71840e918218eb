import { expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../shared/domain/model/fact.ts'
import { decisionLine, ingressLine, integrityLine } from '../../test/builders/log-lines.ts'
import { createManualClock, type ManualClock } from '../../test/builders/manual-clock.ts'
import type { LogStream, StreamProblem } from '../core/ports.ts'
import { observeLogStream } from './index.ts'

const line = (text: string): string => `${text}\n`

type Told = (problem: StreamProblem | null) => void

/** One opening of the stream, as the other end sees it. */
interface Opening {
  readonly told: Told
  write(text: string): void
  end(error?: Error): void
}

function follow(
  record: LogStream['record'],
  clock: ManualClock = createManualClock(Date.parse('2026-11-22T01:00:00Z')),
) {
  const openings: Opening[] = []
  const reports: Report[] = []
  const kept: string[] = []
  const stop = new AbortController()
  const stream: LogStream = {
    id: 'one',
    record,
    place: 'log of container x of pod ai/y',
    writtenBy: 'gateway',
    newestLines: 20,
    async *open(told, signal) {
      const queue: (string | Error | null)[] = []
      let wake = Promise.withResolvers<void>()
      const put = (item: string | Error | null): void => {
        queue.push(item)
        wake.resolve()
      }
      openings.push({ told, write: put, end: (error) => put(error ?? null) })
      signal.addEventListener('abort', () => put(new Error('aborted')), { once: true })
      for (;;) {
        const item = queue.shift()
        if (item === undefined) {
          await wake.promise
          wake = Promise.withResolvers()
        } else if (item === null) return
        else if (item instanceof Error) throw item
        else yield Buffer.from(item)
      }
    },
  }
  const ports = {
    clock,
    log: { info() {}, warn() {}, error() {} },
    logSink: { take: (_log: unknown, lines: readonly string[]) => void kept.push(...lines) },
  }
  void (async () => {
    const settings = { baseDirectory: '.', windowSeconds: 60 }
    for await (const report of observeLogStream(stream, settings, ports, stop.signal)) reports.push(report)
  })()
  onTestFinished(() => stop.abort())
  const last = (part: string) => reports.findLast(({ scope }) => scope === `logs/one/${part}`)
  return { clock, openings, reports, kept, stop, activity: () => last('activity'), intake: () => last('intake') }
}

test('lines become facts and are given on; the program’s own lines are passed over', async () => {
  const log = follow('envoy-access')
  await log.clock.advance(0)
  const own = '{"ts":"2026-11-22T00:59:59.000Z","level":"info","logger":"main","msg":"starting"}'
  log.openings[0]?.write(
    `[2026][info] starting main loop\n${own}\n${line(ingressLine({ ts: '2026-11-22T00:59:59.500Z' }))}`,
  )
  await log.clock.advance(1000)
  expect(log.activity()).toMatchObject({ facts: [{ requests: 1, envoy: 'gateway' }], gaps: [] })
  expect(log.intake()?.facts).toMatchObject([{ accepted: 1, refused: 0 }])
  expect(log.kept).toHaveLength(1)
})

test('what is meant as a record and is not understood is refused and counted', async () => {
  const log = follow('opa-decisions')
  await log.clock.advance(0)
  log.openings[0]?.write(`{"decision_id":"x"}\n{"level":"info","msg":"ready"}\nplain words\n${decisionLine()}\n`)
  await log.clock.advance(1000)
  expect(log.intake()?.facts).toMatchObject([{ accepted: 1, refused: 1 }])
})

test('of an application’s log only integrity events are taken', async () => {
  const log = follow('integrity-events')
  await log.clock.advance(0)
  log.openings[0]?.write(`GET / 200\n{"type":"other","level":"info"}\n${integrityLine()}\n`)
  await log.clock.advance(1000)
  expect(log.intake()?.facts).toMatchObject([{ accepted: 1, refused: 0 }])
  expect(log.activity()?.gaps).toEqual([])
})

test('an Envoy that logs no accesses there is a gap that says how it would', async () => {
  const log = follow('envoy-access')
  await log.clock.advance(0)
  log.openings[0]?.write('[info] one\n[info] two\n')
  await log.clock.advance(1000)
  expect(log.activity()?.gaps).toMatchObject([
    { what: 'log-lines', reason: 'not-configured', detail: expect.stringContaining('none of 2 lines') },
  ])
})

test('a log that is followed and silent is read; one of which nothing is heard is not', async () => {
  const silent = follow('envoy-access')
  await silent.clock.advance(0)
  silent.openings[0]?.told(null)
  await silent.clock.advance(1000)
  expect(silent.activity()).toMatchObject({ facts: [], gaps: [] })

  const unheard = follow('envoy-access')
  await unheard.clock.advance(2000)
  expect(unheard.reports).toEqual([])
  await unheard.clock.advance(2000)
  expect(unheard.activity()).toMatchObject({ facts: null, gaps: [{ what: 'log-file', reason: 'timed-out' }] })
})

test('an interruption is a gap until lines come again, and nothing is counted twice', async () => {
  const log = follow('envoy-access')
  await log.clock.advance(0)
  log.openings[0]?.write(line(ingressLine({ ts: '2026-11-22T00:59:59.500Z' })))
  await log.clock.advance(1000)
  log.openings[0]?.told({ reason: 'unreachable', message: 'the connection was reset' })
  await log.clock.advance(1000)
  expect(log.activity()).toMatchObject({ facts: null, gaps: [{ detail: 'the connection was reset' }] })
  log.openings[0]?.write(line(ingressLine({ ts: '2026-11-22T01:00:02.000Z' })))
  await log.clock.advance(1000)
  expect(log.activity()).toMatchObject({ facts: [{ requests: 2 }], gaps: [] })
  expect(log.openings).toHaveLength(1)
})

test('a log that may not be read is a gap with its reason, and is tried again later and later', async () => {
  const log = follow('envoy-access')
  const forbidden = Object.assign(new Error('log of container x: forbidden (needs get on pods/log)'), {
    reason: 'forbidden',
  })
  await log.clock.advance(0)
  log.openings[0]?.end(forbidden)
  await log.clock.advance(50)
  expect(log.activity()).toMatchObject({ facts: null, gaps: [{ what: 'log-file', reason: 'forbidden' }] })
  await log.clock.advance(1000)
  log.openings[1]?.end(forbidden)
  await log.clock.advance(1500)
  expect(log.openings).toHaveLength(2)
  await log.clock.advance(1000)
  log.openings[2]?.write(line(ingressLine({ ts: '2026-11-22T01:00:00.000Z' })))
  await log.clock.advance(1000)
  expect(log.activity()).toMatchObject({ facts: [{ requests: 1 }] })
})

test('a stream that is opened again begins its sums anew with what it gives', async () => {
  const log = follow('envoy-access')
  const access = line(ingressLine({ ts: '2026-11-22T00:59:59.500Z' }))
  await log.clock.advance(0)
  log.openings[0]?.write(access)
  await log.clock.advance(1000)
  log.openings[0]?.end()
  await log.clock.advance(1500)
  log.openings[1]?.write(access)
  await log.clock.advance(1000)
  expect(log.activity()).toMatchObject({ facts: [{ requests: 1 }] })
})

test('what begins in the middle claims only the time from which it has every line, and says so', async () => {
  const log = follow('envoy-access')
  await log.clock.advance(0)
  const backlog = Array.from({ length: 20 }, (_, index) =>
    line(ingressLine({ ts: new Date(log.clock.now() - 5000 + index * 100).toISOString() })),
  )
  log.openings[0]?.write(backlog.join(''))
  await log.clock.advance(1000)
  const [hop] = log.activity()?.facts ?? []
  if (hop?.kind !== 'hop-activity') throw new Error('nothing was counted')
  expect(hop).toMatchObject({ requests: 20 })
  expect(hop.windowTo - hop.windowFrom).toBeLessThan(6000)
  expect(log.activity()?.gaps).toMatchObject([
    { what: 'log-window', detail: expect.stringMatching(/^only the newest \d s of the window of 60 s are counted/) },
  ])
  log.openings[0]?.told(null)
  await log.clock.advance(60_000)
  expect(log.activity()?.gaps).toEqual([])
})

test('fewer old lines than are asked for, and many new ones, leave nothing out', async () => {
  const log = follow('envoy-access')
  await log.clock.advance(0)
  log.openings[0]?.write(line(ingressLine({ ts: '2026-11-22T00:59:59.500Z' })))
  await log.clock.advance(3000)
  for (let index = 0; index < 30; index += 1) {
    log.openings[0]?.write(line(ingressLine({ ts: new Date(log.clock.now()).toISOString() })))
  }
  await log.clock.advance(1000)
  expect(log.activity()).toMatchObject({ facts: [{ requests: 31 }], gaps: [] })
})

test('SPIRE’s audit lines are kept, and its other lines are not', async () => {
  const log = follow('spire-audit')
  const audit = {
    type: 'audit',
    time: '2026-11-22T01:00:00Z',
    service: 'entry.v1.Entry',
    method: 'ListEntries',
    status: 'success',
    level: 'info',
  }
  await log.clock.advance(0)
  log.openings[0]?.write(`{"level":"info","msg":"started"}\n${JSON.stringify(audit)}\n`)
  await log.clock.advance(1000)
  expect(log.kept).toEqual([JSON.stringify(audit)])
  expect(log.intake()?.facts).toMatchObject([{ record: 'spire-audit', accepted: 1, refused: 0 }])
})
