import { spawn } from 'node:child_process'
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { ScopeState } from '../../../shared/domain/model/fact.ts'
import { builtAt, envoyProxy, scope, trafficCounters } from '../../../test/builders/facts.ts'
import { temporaryFolder } from '../../../test/builders/temporary-folder.ts'
import { StateFileFailure } from '../../core/ports.ts'
import { historyVersion, NewerHistory } from './history-file.ts'
import { type HistoryOptions, openHistory } from './open-history.ts'

const quiet = { info() {}, warn() {}, error() {} }
const second = 1_000
const hour = 3_600_000
const month = 30 * 24 * hour

function open(path: string | null, over: Partial<HistoryOptions> = {}) {
  const retention = { maxAgeMs: month, maxBytes: 64 * 1024 ** 2 }
  return openHistory({ path, retention, now: () => builtAt, log: quiet, ...over })
}

function proxy(envoy: string, version: string, at: number): ScopeState {
  const fact = envoyProxy(envoy, { version })
  const read = { ...fact, from: { ...fact.from, observedAt: at } }
  return { ...scope(`envoy/${envoy}/proxy`, [read]), readAt: at, triedAt: at }
}

function versionsAt(history: ReturnType<typeof open>, at: number): readonly string[] {
  const facts = history.statesAt(at)?.states.flatMap((state) => state.facts) ?? []
  return facts.map((fact) => (fact.kind === 'envoy-proxy' ? fact.version : '')).sort()
}

test('a process that is killed while it records loses nothing that was written, and leaves no half of anything', async () => {
  const path = join(await temporaryFolder(), 'lab.sqlite')
  let round = 0
  for (let kill = 0; kill < 3; kill += 1) {
    const written = await killedAfter(path, round, 5 + kill * 7)
    const history = open(path)
    const last = history.state().to ?? 0
    expect(last).toBeGreaterThanOrEqual(builtAt + written * second)
    const found = Math.round((last - builtAt) / second)
    expect(versionsAt(history, last)).toEqual(Array.from({ length: 3 }, () => `1.${found}`))
    expect(versionsAt(history, builtAt + (found - 1) * second)).toEqual(
      Array.from({ length: 3 }, () => `1.${found - 1}`),
    )
    expect(history.state().gaps[0]).toEqual({ from: last, to: null, why: 'not-running' })
    history.close()
    round = found + 1000
  }
  expect((await readdir(join(path, '..'))).filter((name) => name.includes('damaged'))).toEqual([])
})

/** Answers the last round of which the process said that it was written. */
async function killedAfter(path: string, from: number, rounds: number): Promise<number> {
  const script = `
    import { openHistory } from ${JSON.stringify(join(import.meta.dirname, 'open-history.ts'))}
    const retention = { maxAgeMs: ${month}, maxBytes: ${64 * 1024 ** 2} }
    const quiet = { info() {}, warn() {}, error() {} }
    const history = openHistory({ path: ${JSON.stringify(path)}, retention, now: () => ${builtAt}, log: quiet })
    for (let round = ${from + 1}; ; round += 1) {
      const at = ${builtAt} + round * ${second}
      const put = ['a', 'b', 'c'].map((envoy) => ({
        scope: 'envoy/' + envoy + '/proxy', gaps: [], readAt: at, triedAt: at, current: true,
        facts: [{ kind: 'envoy-proxy', id: 'envoy/' + envoy + '/proxy#envoy-proxy/' + envoy, envoy, nodeId: null,
          version: '1.' + round, state: 'LIVE', uptimeSeconds: round, waitingFor: [], clockSkewMs: null,
          from: { source: 'envoy', instance: envoy, locator: 'GET /server_info', observedAt: at, basis: 'measured' } }],
      }))
      history.record({ at, put, gone: [] })
      process.stdout.write(round + '\\n')
      await new Promise((resolve) => setImmediate(resolve))
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let told = 0
  for await (const chunk of child.stdout) {
    told = Number(String(chunk).trim().split('\n').at(-1)) || told
    if (told >= from + rounds) child.kill('SIGKILL')
  }
  await ended
  return told
}

test('what nobody watched is a gap with its reason, and proves nothing', async () => {
  const path = join(await temporaryFolder(), 'lab.sqlite')
  const first = open(path)
  first.record({ at: builtAt, put: [proxy('a', '1', builtAt)], gone: [] })
  first.watched(builtAt + 20 * second)
  // Without a word for minutes, and then another: the machine slept.
  first.watched(builtAt + 200 * second)
  first.unwatched(builtAt + 210 * second, 'not-watched')
  first.record({ at: builtAt + 300 * second, put: [], gone: [] })
  first.close()
  const again = open(path)
  expect(again.statesAt(builtAt + 400 * second)?.gap?.why).toBe('not-running')
  again.record({ at: builtAt + 500 * second, put: [], gone: [] })
  expect(again.gaps({ from: builtAt, to: builtAt + 600 * second })).toEqual([
    { from: builtAt + 20 * second, to: builtAt + 200 * second, why: 'asleep' },
    { from: builtAt + 210 * second, to: builtAt + 300 * second, why: 'not-watched' },
    { from: builtAt + 300 * second, to: builtAt + 500 * second, why: 'not-running' },
  ])
  expect(again.gaps({ from: builtAt, to: builtAt + 20 * second })).toEqual([])
  const inGap = again.statesAt(builtAt + 100 * second)
  expect([inGap?.gap?.why, inGap?.states.map(({ current }) => current)]).toEqual(['asleep', [false]])
  // Not read since: what was known before the gap is last known, also after it.
  expect(again.statesAt(builtAt + 550 * second)?.states.map(({ current }) => current)).toEqual([false])
  expect(again.statesAt(builtAt)?.states.map(({ current }) => current)).toEqual([true])
  expect(again.statesAt(builtAt - 1)).toBeNull()
  again.close()
})

test('a start that follows at once leaves no gap', async () => {
  const path = join(await temporaryFolder(), 'lab.sqlite')
  const first = open(path)
  first.record({ at: builtAt, put: [proxy('a', '1', builtAt)], gone: [] })
  first.close()
  const again = open(path)
  again.record({ at: builtAt + 30 * second, put: [], gone: [] })
  expect(again.state().gaps).toEqual([])
  again.close()
})

test('a clock that is set back makes no time earlier than one before, and the time that was lived twice is named', () => {
  const history = open(null)
  history.record({ at: builtAt + hour, put: [proxy('a', '1', builtAt + hour)], gone: [] })
  history.record({ at: builtAt, put: [proxy('a', '2', builtAt)], gone: [] })
  history.record({ at: builtAt + second, put: [proxy('a', '3', builtAt + second)], gone: [] })
  expect(history.state()).toMatchObject({ from: builtAt + hour, to: builtAt + hour })
  expect(history.state().gaps).toEqual([{ from: builtAt, to: builtAt + hour, why: 'clock-stepped' }])
  expect(versionsAt(history, builtAt + hour)).toEqual(['3'])
  const later = builtAt + hour + second
  history.record({ at: later, put: [proxy('a', '4', later)], gone: [] })
  expect(versionsAt(history, later)).toEqual(['4'])
  expect(versionsAt(history, later - 1)).toEqual(['3'])
  // Half a second is what clocks are corrected by all the time.
  history.record({ at: later - 500, put: [], gone: [] })
  expect(history.state().gaps).toHaveLength(1)
})

test('on a full disk nothing is half written, it is said, and the time until there is room is a gap', async () => {
  const path = join(await temporaryFolder(), 'lab.sqlite')
  const history = open(path)
  history.record({ at: builtAt, put: [proxy('a', '1', builtAt)], gone: [] })
  history.close()
  // SQLite's own limit stands for the disk's: the same failure at the same place.
  const tight = open(path, { retention: { maxAgeMs: month, maxBytes: -32 * 1024 ** 2 + 4096 } })
  const long = Array.from({ length: 600 }, (_, place) => proxy(`e${place}`, 'x'.repeat(2000), builtAt + second))
  const failure = failureOf(() => tight.record({ at: builtAt + second, put: long, gone: [] }))
  expect(failure).toBeInstanceOf(StateFileFailure)
  expect(failure).toMatchObject({ code: 'full' })
  expect(tight.isFailing()).toBe(true)
  expect(versionsAt(tight, builtAt + second)).toEqual(['1'])
  tight.close()
  const again = open(path)
  expect(versionsAt(again, builtAt + second)).toEqual(['1'])
  again.close()
})

test('what could not be kept is named when something can be kept again', () => {
  const history = open(null)
  history.record({ at: builtAt, put: [proxy('a', '1', builtAt)], gone: [] })
  const broken = { ...proxy('b', '1', builtAt), facts: [{ kind: 'envoy-proxy' }] as never }
  expect(() => history.record({ at: builtAt + second, put: [broken], gone: [] })).toThrow()
  expect(history.isFailing()).toBe(true)
  history.record({ at: builtAt + 90 * second, put: [proxy('a', '2', builtAt + 90 * second)], gone: [] })
  expect(history.isFailing()).toBe(false)
  expect(history.state().gaps).toEqual([{ from: builtAt, to: builtAt + 90 * second, why: 'not-kept' }])
})

test('a damaged file is put aside and kept, and recording begins anew', async () => {
  for (const damage of ['header', 'middle', 'cut', 'other'] as const) {
    const folder = await temporaryFolder()
    const path = join(folder, 'lab.sqlite')
    const first = open(path)
    for (let place = 0; place < 200; place += 1) {
      const at = builtAt + place * second
      first.record({ at, put: [proxy(`e${place}`, 'x'.repeat(500), at)], gone: [] })
    }
    first.close()
    const bytes = await readFile(path)
    if (damage === 'header') bytes.fill(7, 0, 64)
    if (damage === 'middle') bytes.fill(7, 4096 * 3, 4096 * 20)
    if (damage === 'cut') await truncate(path, 4096 * 5)
    else await writeFile(path, damage === 'other' ? 'not a history\n'.repeat(500) : bytes)
    const errors: string[] = []
    const again = open(path, { log: { ...quiet, error: (message) => void errors.push(message) } })
    expect([damage, again.state().from]).toEqual([damage, null])
    again.record({ at: builtAt, put: [proxy('a', '2', builtAt)], gone: [] })
    expect(versionsAt(again, builtAt)).toEqual(['2'])
    again.close()
    expect(errors).toEqual(['the history is damaged: it was put aside, and begins anew'])
    const kept = (await readdir(folder)).filter((name) => /^lab\.sqlite\.damaged-[-\dTZ.]+$/.test(name))
    expect(kept).toHaveLength(1)
    expect((await stat(join(folder, kept[0] ?? ''))).size).toBeGreaterThan(0)
  }
})

test('a file of a newer version is left as it is', async () => {
  const path = join(await temporaryFolder(), 'lab.sqlite')
  open(path).close()
  const newer = new DatabaseSync(path)
  newer.exec(`PRAGMA user_version = ${historyVersion + 1}; CREATE TABLE more (text TEXT)`)
  newer.close()
  const before = await readFile(path)
  expect(failureOf(() => open(path))).toBeInstanceOf(NewerHistory)
  expect((await readFile(path)).equals(before)).toBe(true)
})

test('retention takes the oldest, and what held at its edge is still known', () => {
  const maxAgeMs = 10 * hour
  const history = open(null, { retention: { maxAgeMs, maxBytes: 64 * 1024 ** 2 } })
  const at = (hours: number) => builtAt + hours * hour
  history.recordSettings(at(0), '{"of":0}')
  for (let hours = 0; hours <= 20; hours += 1) {
    const put = [proxy('changing', `${hours}`, at(hours))]
    if (hours === 0) put.push(proxy('steady', 'same', at(0)), proxy('gone', 'once', at(0)))
    history.record({ at: at(hours), put, gone: hours === 3 ? ['envoy/gone/proxy'] : [] })
  }
  expect(history.retain(at(20))).toBe(true)
  expect(history.state().from).toBeLessThan(at(10))
  while (history.retain(at(20))) {} // step by step
  expect(history.state()).toMatchObject({ began: at(0), from: at(10) })
  expect(history.statesAt(at(9))).toBeNull()
  expect(versionsAt(history, at(10))).toEqual(['10', 'same'])
  expect(history.statesAt(at(10))?.settings).toBe('{"of":0}')
  expect([...history.spans({ from: 0, to: at(30) }, null)].map(({ scope: id }) => id)).not.toContain('envoy/gone/proxy')
  expect(history.scopes().toSorted()).toEqual(['envoy/changing/proxy', 'envoy/steady/proxy'])
  // It goes on as if nothing had been.
  history.record({ at: at(21), put: [proxy('changing', '21', at(21)), proxy('gone', 'again', at(21))], gone: [] })
  expect(versionsAt(history, at(21))).toEqual(['21', 'again', 'same'])
})

test('of an environment that nobody watched for longer than is kept, the last that was known stays', () => {
  const history = open(null, { retention: { maxAgeMs: hour, maxBytes: 64 * 1024 ** 2 } })
  history.record({ at: builtAt, put: [proxy('a', '1', builtAt)], gone: [] })
  history.record({ at: builtAt + 600 * second, put: [proxy('a', '2', builtAt + 600 * second)], gone: [] })
  history.unwatched(builtAt + 600 * second, 'not-watched')
  while (history.retain(builtAt + month)) {}
  expect(history.state()).toMatchObject({ from: builtAt + 600 * second, to: builtAt + 600 * second })
  expect(versionsAt(history, builtAt + month)).toEqual(['2'])
  expect(history.statesAt(builtAt + month)?.gap?.why).toBe('not-watched')
})

test('a history that is too large forgets its oldest time until it is not', () => {
  const maxBytes = 2 * 1024 ** 2
  const history = open(null, { retention: { maxAgeMs: month, maxBytes } })
  let at = builtAt
  for (let round = 0; round < 400; round += 1) {
    at += 60 * second
    const put = Array.from({ length: 10 }, (_, place) => proxy(`e${place}`, `${round} `.repeat(300), at))
    history.record({ at, put, gone: [] })
  }
  expect(history.state().bytes).toBeGreaterThan(maxBytes)
  while (history.retain(at)) {}
  const { from, bytes } = history.state()
  expect(bytes).toBeLessThanOrEqual(maxBytes)
  expect(from).toBeGreaterThan(builtAt + hour)
  expect(versionsAt(history, from ?? 0)).toHaveLength(10)
  expect(versionsAt(history, at)[0]).toMatch(/^399 /)
})

test('samples grow rarer with their age, and what they say of states stays to the moment', () => {
  const history = open(null, { retention: { maxAgeMs: month, maxBytes: 64 * 1024 ** 2 } })
  const counters = (requests: number, at: number): ScopeState => {
    const fact = trafficCounters('a', 'x', { requests: { total: at, delta: requests }, windowFrom: at - 60 * second })
    const read = { ...fact, from: { ...fact.from, observedAt: at } }
    return { ...scope('envoy/a/counters', [read]), readAt: at, triedAt: at }
  }
  const minutes = 60 * 50
  for (let minute = 0; minute <= minutes; minute += 1) {
    const at = builtAt + minute * 60 * second
    history.record({ at, put: [counters(minute === 333 ? 0 : 1 + minute, at)], gone: [] })
  }
  const now = builtAt + minutes * 60 * second
  history.retain(now)
  const requestsAt = (minute: number): number | null => {
    const [fact] = history.statesAt(builtAt + minute * 60 * second)?.states.flatMap((state) => state.facts) ?? []
    return fact?.kind === 'envoy-traffic-counters' ? fact.requests.delta : null
  }
  expect([requestsAt(332), requestsAt(333), requestsAt(334)]).toEqual([expect.any(Number), 0, expect.any(Number)])
  for (const [minute, mostMinutes] of [
    [minutes, 5],
    [minutes - 300, 15],
    [600, 130],
  ] as const) {
    const age = minute + 1 - (requestsAt(minute) ?? 0)
    expect([minute, age >= 0 && age <= mostMinutes]).toEqual([minute, true])
  }
})

function failureOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (reason) {
    return reason
  }
}
