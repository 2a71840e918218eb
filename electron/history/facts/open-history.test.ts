import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WatchGapWhy } from '../../../shared/domain/history/model.ts'
import type { Fact, Gap, ScopeState } from '../../../shared/domain/model/fact.ts'
import {
  builtAt,
  envoyCertificate,
  envoyProxy,
  hopActivity,
  logIntake,
  opaBundle,
  scope,
  spiffe,
  trafficCounters,
} from '../../../test/builders/facts.ts'
import { naiveHistory } from '../../../test/builders/naive-history.ts'
import { temporaryFolder } from '../../../test/builders/temporary-folder.ts'
import type { HistoryStore } from '../../core/history-store.ts'
import { openHistory } from './open-history.ts'
import { lookOf, sampledKinds } from './sampling.ts'

const quiet = { info() {}, warn() {}, error() {} }
const retention = { maxAgeMs: 30 * 86_400_000, maxBytes: 64 * 1024 ** 2 }
const minute = 60_000

function open(path: string | null = null): HistoryStore {
  return openHistory({ path, retention, now: () => builtAt, log: quiet })
}

/** As `from` of a reading at that time. */
function readAt(at: number, facts: readonly Fact[]): readonly Fact[] {
  return facts.map((fact) => ({ ...fact, from: { ...fact.from, observedAt: at } }))
}

function state(id: string, at: number, facts: readonly Fact[]): ScopeState {
  return { ...scope(id, readAt(at, facts)), readAt: at, triedAt: at }
}

/** Some scope as it may be at a time; `kind` and `value` say how. */
function factsOf(kind: number, value: number, at: number): readonly Fact[] {
  switch (kind) {
    case 0:
      return [envoyProxy('a', { version: `1.${value % 3}`, uptimeSeconds: value })]
    case 1:
      return Array.from({ length: 1 + (value % 4) }, (_, place) =>
        envoyCertificate('a', spiffe(`w${place}`, 'edge'), {
          certificate: { ...envoyCertificate('a', 'x').certificate, serial: `${value % 5}` },
        }),
      )
    case 2:
      return ['x', 'y'].map((cluster) =>
        trafficCounters('a', cluster, { requests: { total: at, delta: value % 2 }, windowFrom: at - minute }),
      )
    case 3:
      return [hopActivity('a', 'callee', { requests: value, denied: value % 3, windowTo: at, lastRequestAt: at - 10 })]
    default:
      return [
        opaBundle('o', {
          activeRevision: `r${value % 3}`,
          lastRequestAt: at - 100,
          lastSuccessfulRequestAt: at - 1000 * (value % 90),
        }),
      ]
  }
}

const scopeIds = ['envoy/a/proxy', 'envoy/a/certificates', 'envoy/a/counters', 'logs/a-access/activity', 'opa/o/status']
const unread: Gap = { source: 'envoy', instance: 'a', what: 'proxy', reason: 'timed-out', detail: 'late', at: 0 }

interface Step {
  readonly after: number
  readonly kind: number
  readonly value: number
  readonly does: 'read' | 'fail' | 'gone' | 'reopen'
}

const steps = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 40_000 }),
    kind: fc.nat(scopeIds.length - 1),
    value: fc.nat(120),
    does: fc.constantFrom('read', 'read', 'read', 'read', 'read', 'fail', 'gone', 'reopen'),
  }) as fc.Arbitrary<Step>,
  { minLength: 5, maxLength: 60 },
)

/** What must be right to the moment: everything but what is sampled, and times of readings, which may only be told too old. */
function told(states: readonly ScopeState[]): unknown {
  return states
    .map(({ scope: id, facts, gaps, current, readAt: at }) => ({
      id,
      current,
      isRead: at !== null,
      gaps: gaps.map(({ what, reason }) => [what, reason]),
      facts: facts.map(lookOf).sort(),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

test('whatever was recorded, each moment is as a store says that keeps everything', async () => {
  const folder = await temporaryFolder()
  let run = 0
  fc.assert(
    fc.property(steps, (plan) => {
      run += 1
      const path = join(folder, `${run}.sqlite`)
      let real = open(path)
      const naive = naiveHistory()
      const latest = new Map<string, ScopeState>()
      const moments: number[] = []
      let at = builtAt
      for (const { after, kind, value, does } of plan) {
        at += after
        if (does === 'reopen') {
          real.close()
          real = open(path)
        }
        const id = scopeIds[kind] ?? ''
        const before = latest.get(id)
        const next: ScopeState =
          does === 'fail'
            ? {
                scope: id,
                facts: before?.facts ?? [],
                gaps: [{ ...unread, at }],
                readAt: before?.readAt ?? null,
                triedAt: at,
                current: false,
              }
            : state(id, at, factsOf(kind, value, at))
        if (does === 'gone') latest.delete(id)
        else latest.set(id, next)
        const recording = does === 'gone' ? { at, put: [], gone: [id] } : { at, put: [next], gone: [] }
        real.record(recording)
        naive.record(recording)
        moments.push(at, at + 1)
      }
      for (const moment of moments) {
        const is = real.statesAt(moment)
        const should = naive.statesAt(moment)
        expect(told(is?.states ?? [])).toEqual(told(should?.states ?? []))
        expectNothingNewer(is?.states ?? [], should?.states ?? [])
      }
      // What is known of another time already makes no difference, in whatever order is asked.
      const answers = moments.map((moment) => real.statesAt(moment))
      expect(moments.toReversed().map((moment) => real.statesAt(moment))).toEqual(answers.toReversed())
      real.close()
    }),
    { numRuns: 15 },
  )
})

function expectNothingNewer(is: readonly ScopeState[], should: readonly ScopeState[]): void {
  const byId = new Map(should.map((each) => [each.scope, each]))
  for (const { scope: id, facts, readAt: at, triedAt } of is) {
    const truth = byId.get(id)
    expect(at ?? 0).toBeLessThanOrEqual(truth?.readAt ?? 0)
    expect(triedAt).toBeLessThanOrEqual(truth?.triedAt ?? 0)
    const observed = new Map(truth?.facts.map((fact) => [fact.id, fact.from.observedAt]))
    for (const fact of facts) expect(fact.from.observedAt).toBeLessThanOrEqual(observed.get(fact.id) ?? 0)
  }
}

test('a fact that is read again and again takes no room, and its age is told to the minute', () => {
  const history = open()
  const facts = factsOf(1, 7, builtAt)
  const size = () => history.state().bytes
  history.record({ at: builtAt, put: [state('envoy/a/certificates', builtAt, facts)], gone: [] })
  const before = size()
  for (let second = 5; second <= 3600; second += 5) {
    const at = builtAt + second * 1000
    history.record({ at, put: [state('envoy/a/certificates', at, facts)], gone: [] })
  }
  expect(size()).toBe(before)
  const at = builtAt + 1_800_000
  const [found] = history.statesAt(at)?.states ?? []
  expect(found?.current).toBe(true)
  expect(found?.readAt).toBeGreaterThan(at - minute)
  expect(found?.readAt).toBeLessThanOrEqual(at)
  expect(found?.facts.map((fact) => fact.from.observedAt)).toEqual(found?.facts.map(() => found.readAt))
})

test('when it was read last is told in steps of its pause, too old by at most two, and after a gap never from before it', () => {
  const history = open()
  const second = 1000
  const of = (seconds: number) => history.statesAt(builtAt + seconds * second)?.states[0]
  for (let at = 0; at <= 1000; at += 40) {
    const now = builtAt + at * second
    if (at === 520) history.watched(builtAt + 510 * second)
    history.record({ at: now, put: [state('envoy/a/proxy', now, factsOf(0, 1, now))], gone: [] })
    if (at === 480) history.unwatched(now + 10 * second, 'asleep')
  }
  for (const at of [130, 281, 319, 660, 875]) {
    const told = of(at)?.readAt ?? 0
    expect(told).toBeLessThanOrEqual(builtAt + (at - (at % 40)) * second)
    expect(told).toBeGreaterThan(builtAt + (at - 80) * second)
  }
  expect(of(319)).toBe(of(281))
  expect(of(321)).not.toBe(of(281))
  // A pause after the gap it is certain that it was read since.
  expect(of(545)).toMatchObject({ current: false })
  expect(of(555)).toMatchObject({ current: true, readAt: builtAt + 510 * second })
  history.close()
})

test('a scope is told as the same object for as long as nothing of it is other', () => {
  const history = open()
  const ids = ['envoy/a/proxy', 'envoy/b/proxy']
  const put = (at: number, value: number, names: readonly string[]) =>
    history.record({ at, put: names.map((id) => state(id, at, factsOf(0, value, at))), gone: [] })
  const of = (at: number) => history.statesAt(at)?.states ?? []
  put(builtAt, 1, ids)
  put(builtAt + minute, 2, [ids[0] ?? ''])
  const [first, second] = [of(builtAt + 1), of(builtAt + minute + 1)]
  expect(second.map(({ scope: id }) => id)).toEqual(ids)
  expect(second[0]).not.toBe(first[0])
  expect(second[1]).toBe(first[1])
  expect(of(builtAt + 2)[1]).toBe(first[1])
  // Of the very reading that was recorded before something else is told now.
  history.record({ at: builtAt + 2 * minute, put: [state('envoy/b/proxy', builtAt, factsOf(0, 3, builtAt))], gone: [] })
  expect(of(builtAt + 2 * minute)[1]?.facts).toMatchObject([{ version: '1.0' }])
  expect(of(builtAt + 1)[1]?.facts).toMatchObject([{ version: '1.1' }])
})

test('the files are readable by this user only', async () => {
  const folder = await temporaryFolder()
  const history = open(join(folder, 'history', 'lab.sqlite'))
  history.record({ at: builtAt, put: [state('envoy/a/proxy', builtAt, factsOf(0, 1, builtAt))], gone: [] })
  for (const name of await readdir(join(folder, 'history'))) {
    expect([name, (await stat(join(folder, 'history', name))).mode & 0o777]).toEqual([name, 0o600])
  }
  history.close()
})

test('settings and events come back, the same settings once', () => {
  const history = open()
  history.recordSettings(builtAt, '{"a":1}')
  history.recordSettings(builtAt + 10, '{"a":1}')
  history.recordSettings(builtAt + 20, '{"a":2}')
  expect(history.statesAt(builtAt + 15)?.settings).toBe('{"a":1}')
  expect(history.statesAt(builtAt + 20)?.settings).toBe('{"a":2}')
  const change = {
    element: { kind: 'hop', id: 'h' },
    name: 'a → b',
    aspect: 'transport',
    from: 'verified',
    to: 'failing',
    direction: 'worse',
  } as const
  history.recordEvents([builtAt + 5, builtAt + 3].map((at) => ({ at, learntAt: builtAt + 9, change })))
  const { events, complete } = history.events({ from: builtAt, to: builtAt + 10 }, 1)
  expect(complete).toBe(false)
  expect(events).toEqual([{ number: 2, at: builtAt + 3, learntAt: builtAt + 9, change }])
  expect(history.eventsAfter(0, 10).map(({ number }) => number)).toEqual([1, 2])
})

test('spans say from when until when a fact was so; what is only sampled does not part them', () => {
  const history = open()
  const at = (place: number) => builtAt + place * 20_000
  for (let place = 0; place < 30; place += 1) {
    const put = [
      state('opa/o/status', at(place), [
        opaBundle('o', {
          activeRevision: place < 20 ? 'r1' : 'r2',
          lastRequestAt: at(place) - 10,
          lastSuccessfulRequestAt: at(place) - 10,
          lastSuccessfulDownloadAt: at(place) - 10,
        }),
      ]),
      state('envoy/a/certificates', at(place), place === 10 ? [] : factsOf(1, 0, at(place))),
    ]
    history.record({ at: at(place), put, gone: place === 25 ? ['opa/o/status'] : [] })
  }
  const window = { from: builtAt, to: at(40) }
  const bundles = [...history.spans(window, ['opa-bundle'])]
  const spansOf = bundles.map(({ fact, from, to }) => [fact.kind === 'opa-bundle' && fact.activeRevision, from, to])
  expect(spansOf).toEqual([
    ['r1', at(0), at(20)],
    ['r2', at(20), at(25)],
    ['r2', at(26), null],
  ])
  expect([...history.spans(window, null)].map(({ from }) => from)).toEqual([at(0), at(0), at(11), at(20), at(26)])
  expect([...history.spans({ from: at(12), to: at(13) }, ['envoy-certificate'])]).toHaveLength(1)
  expect([...history.spans({ from: at(10), to: at(11) }, ['envoy-certificate'])]).toEqual([])
})

test('what is only sampled is known of the beginning of a span and of its end', () => {
  const history = open()
  const at = (place: number) => builtAt + place * 60_000
  for (let place = 0; place < 60; place += 1) {
    const fact = logIntake('audit', { accepted: 5, refused: 3 + place })
    history.record({ at: at(place), put: [state('logs/audit/intake', at(place), [fact])], gone: [] })
  }
  const refusedIn = (from: number, to: number) =>
    [...history.spans({ from: at(from), to: at(to) }, ['log-intake'])].map(({ fact, latest }) =>
      [fact, latest].map((each) => (each.kind === 'log-intake' ? each.refused : Number.NaN)),
    )
  const [[first = Number.NaN, last = Number.NaN] = []] = refusedIn(20, 60)
  // As of the last sample before the window, and of the last in it.
  expect([first > 17, first <= 23, last > 57]).toEqual([true, true, true])
  expect(refusedIn(0, 1)).toEqual([[3, 3]])
})

test('what could not be read has its time and its first words', () => {
  const history = open()
  const at = (place: number) => builtAt + place * 10_000
  for (let place = 0; place < 9; place += 1) {
    const isFailing = place >= 3 && place < 6
    const failing = {
      ...state('envoy/a/proxy', at(place), []),
      gaps: [{ ...unread, detail: `${place}` }],
      current: false,
    }
    history.record({ at: at(place), put: [isFailing ? failing : state('envoy/a/proxy', at(place), [])], gone: [] })
  }
  const gap = { ...unread, detail: '3', at: at(3) }
  expect([...history.gapSpans({ from: builtAt, to: at(20) })]).toEqual([
    { scope: 'envoy/a/proxy', gap, from: at(3), to: at(6) },
  ])
  expect([...history.gapSpans({ from: at(6), to: at(20) })]).toEqual([])
})

test('the page about the format lists every kind that is sampled, every table and every reason of a gap', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/formats/history.md'), 'utf8')
  const gaps: Readonly<Record<WatchGapWhy, true>> = {
    'not-running': true,
    asleep: true,
    'not-watched': true,
    'not-kept': true,
    'clock-stepped': true,
  }
  const tables = ['scopes', 'reads', 'parts', 'wholes', 'versions', 'settings', 'events', 'gaps', 'meta']
  const named = [...sampledKinds, ...Object.keys(gaps), ...tables]
  expect(named.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})
