import { expect, test } from 'vitest'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { Failure } from './failure.ts'
import { createLogStores } from './log-keeping.ts'
import type { AppendResult, LogStore, Upload } from './log-store.ts'

function start(answer: () => AppendResult = () => ({ outcome: 'stored' }), forget = () => Promise.resolve()) {
  const clock = createManualClock()
  const uploads: { source: string; text: string }[] = []
  let retained = 0
  let closed = 0
  let settled = 0
  const store = {
    async append({ source, bytes }: Upload) {
      const result = answer()
      if (result.outcome === 'stored') uploads.push({ source, text: new TextDecoder().decode(bytes) })
      return result
    },
    settle: async () => void (settled += 1),
    retain() {
      retained += 1
      return forget()
    },
    close: async () => void (closed += 1),
  } as Partial<LogStore> as LogStore
  const warnings: string[] = []
  const log = { info() {}, warn: (words: string) => void warnings.push(words), error() {} }
  const stores = createLogStores(async () => store, { clock, log })
  return { clock, stores, uploads, warnings, seen: () => ({ retained, closed, settled }) }
}

const access = { id: 'gateway', record: 'envoy-access' } as const

test('lines of one log go into the store together, soon after they came', async () => {
  const { clock, stores, uploads } = start()
  const sink = stores.sinkOf('lab')
  sink.take(access, ['one'], 0)
  sink.take(access, ['two', 'three'], 0)
  sink.take({ id: 'opa', record: 'opa-decisions' }, ['four'], 0)
  expect(uploads).toEqual([])
  await clock.advance(300)
  expect(uploads).toEqual([
    { source: 'gateway', text: 'one\ntwo\nthree' },
    { source: 'opa', text: 'four' },
  ])
})

test('whoever asks finds what came until then', async () => {
  const { stores, uploads, seen } = start()
  stores.sinkOf('lab').take(access, ['one'], 0)
  await stores.settle('lab')
  expect(uploads).toHaveLength(1)
  expect(seen().settled).toBe(1)
})

test('a store that is behind is asked again, and nothing is lost meanwhile', async () => {
  let isBehind = true
  const { clock, stores, uploads } = start(() =>
    isBehind ? { outcome: 'exhausted', why: 'reading is behind' } : { outcome: 'stored' },
  )
  const sink = stores.sinkOf('lab')
  sink.take(access, ['one'], 0)
  await clock.advance(300)
  sink.take(access, ['two'], 0)
  await clock.advance(5000)
  expect(uploads).toEqual([])
  isBehind = false
  await clock.advance(2000)
  expect(uploads.map(({ text }) => text).join('\n')).toBe('one\ntwo')
  expect(stores.lost('lab')).toBe(0)
})

test('what a store that stays behind makes us give up is counted, and said', async () => {
  const { clock, stores, warnings } = start(() => ({ outcome: 'exhausted', why: 'the disk is full' }))
  const sink = stores.sinkOf('lab')
  const line = 'x'.repeat(1024 * 1024)
  for (let count = 0; count < 40; count += 1) sink.take({ ...access, id: `log-${count}` }, [line], 0)
  await clock.advance(300)
  expect(stores.lost('lab')).toBe(8)
  expect(warnings.length).toBeGreaterThan(0)
})

test('a store that another process has open is a failure for whoever asks, and no reading stops', async () => {
  const clock = createManualClock()
  const locked = new Failure('locked', 'folder', 'Another Everyhop keeps its records there.')
  const stores = createLogStores(() => Promise.reject(locked), { clock, log: { info() {}, warn() {}, error() {} } })
  stores.sinkOf('lab').take(access, ['one'], 0)
  await clock.advance(1000)
  await expect(stores.of('lab')).rejects.toBe(locked)
  expect(stores.lost('lab')).toBe(1)
  await stores.close()
})

test('stores forget what is too old at once and each minute, and end with the last lines in them', async () => {
  const { clock, stores, uploads, seen } = start()
  await stores.of('lab')
  await clock.advance(120_000)
  expect(seen().retained).toBe(3)
  stores.sinkOf('lab').take(access, ['last'], 0)
  await stores.close()
  expect(uploads).toEqual([{ source: 'gateway', text: 'last' }])
  expect(seen().closed).toBe(1)
  expect(clock.sleepers()).toBe(0)
})

test('a store that cannot forget is asked again, a minute later and not in a circle, and it is said', async () => {
  const { clock, stores, warnings, seen } = start(undefined, () => Promise.reject(new Error('disk full')))
  await stores.of('lab')
  await clock.advance(60_000)
  expect([seen().retained, warnings]).toEqual([
    2,
    ['old log records could not be deleted', 'old log records could not be deleted'],
  ])
  await stores.close()
})
