import { expect, test } from 'vitest'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { createSealing, type SealedSources } from './sealing.ts'
import type { Seals } from './seals.ts'

const hour = 3_600_000
const minute = 60_000

interface Failing {
  readonly open?: () => Error | null
  /** Instead of sealing. */
  readonly seal?: (signal: AbortSignal | undefined) => Promise<null>
}

function parts(failing: Failing = {}) {
  const clock = createManualClock(1_700_000_000_000)
  const did: string[] = []
  const warned: unknown[] = []
  const refuse = () => Promise.reject(new Error('not asked here'))
  const sealsOf = (name: string): Seals => ({
    async seal(now, signal) {
      did.push(`seal ${name} at ${(now - 1_700_000_000_000) / minute}`)
      return failing.seal?.(signal) ?? null
    },
    heads: refuse,
    leafless: refuse,
    async *lines() {},
    verify: refuse,
    deviceKey: '',
    assurance: 'file',
    async close() {
      did.push(`close ${name}`)
    },
  })
  const sealing = createSealing({
    async open(name) {
      did.push(`open ${name}`)
      const reason = failing.open?.() ?? null
      if (reason !== null) throw reason
      return sealsOf(name)
    },
    // Only handed on.
    sourcesOf: async () => ({}) as SealedSources,
    async settle(name) {
      did.push(`settle ${name}`)
    },
    clock,
    log: { info: () => {}, warn: (_message, fields) => void warned.push(fields), error: () => {} },
  })
  return { clock, did, warned, sealing, taken: () => did.splice(0) }
}

test('an environment of which something is kept is sealed a minute later, then hourly, and at the end', async () => {
  const { clock, sealing, taken } = parts()
  await clock.advance(5 * minute)
  sealing.keep('dev')
  await clock.advance(minute)
  expect(taken()).toEqual(['open dev', 'settle dev', 'seal dev at 6'])
  await clock.advance(59 * minute)
  expect(taken()).toEqual([])
  await clock.advance(minute)
  expect(taken()).toEqual(['settle dev', 'seal dev at 66'])
  await sealing.close()
  expect(taken()).toEqual(['settle dev', 'seal dev at 66', 'close dev'])
  await clock.advance(2 * hour)
  expect(taken()).toEqual([])
})

test('a program that runs for a moment seals nothing, unless it was asked to', async () => {
  const { sealing, taken, clock } = parts()
  sealing.keep('dev')
  sealing.keep('prod')
  await (await sealing.of('prod')).seal(clock.now())
  expect(taken()).toEqual(['open prod', 'settle prod', 'seal prod at 0'])
  await sealing.close()
  expect(taken()).toEqual(['settle prod', 'seal prod at 0', 'close prod'])
})

test('seals that cannot be opened are said, and opened when they can be', async () => {
  let reason: Error | null = new Error('the device key cannot be used')
  const { sealing, taken, clock, warned } = parts({ open: () => reason })
  sealing.keep('dev')
  await clock.advance(minute)
  expect(warned).toEqual([{ environment: 'dev', reason: 'the device key cannot be used' }])
  await expect(sealing.of('dev')).rejects.toThrow('device key')
  reason = null
  taken()
  await sealing.of('dev')
  expect(taken()).toEqual(['open dev'])
  await sealing.forget('dev')
  expect(taken()).toEqual(['close dev'])
  await sealing.close()
  expect(taken()).toEqual([])
})

test('what the last seal meets is said, and that the end stopped one before it is not', async () => {
  let isLast = false
  const { sealing, clock, taken, warned } = parts({
    seal: (signal) =>
      isLast
        ? Promise.reject(new Error('the disk is full'))
        : new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  })
  sealing.keep('dev')
  await clock.advance(minute)
  expect(taken()).toEqual(['open dev', 'settle dev', 'seal dev at 1'])
  isLast = true
  await sealing.close()
  expect(taken()).toEqual(['settle dev', 'seal dev at 1', 'close dev'])
  expect(warned).toEqual([{ environment: 'dev', reason: 'the disk is full' }])
})
