import { expect, test } from 'vitest'
import { createManualClock } from '../../../test/builders/manual-clock.ts'
import { createDueQueue } from './due-queue.ts'

const never = new AbortController().signal

test('a name that is marked again and again is told once in a while, others at once', async () => {
  const clock = createManualClock()
  const due = createDueQueue(clock, 200)
  due.mark('pods')
  expect(await due.next(never)).toBe('pods')
  for (let times = 0; times < 50; times += 1) due.mark('pods')
  const told: string[] = []
  const telling = (async () => {
    for (let times = 0; times < 2; times += 1) told.push(await due.next(never))
  })()
  await clock.advance(100)
  expect(told).toEqual([])
  due.mark('nodes')
  await clock.advance(50)
  expect(told).toEqual(['nodes'])
  await clock.advance(50)
  await telling
  expect([told, clock.sleepers()]).toEqual([['nodes', 'pods'], 0])
})

test('a mark that comes while nobody asks is not lost', async () => {
  const clock = createManualClock()
  const due = createDueQueue(clock, 200)
  due.mark('pods')
  await due.next(never)
  due.mark('pods')
  await clock.advance(1000)
  expect(await due.next(never)).toBe('pods')
})

test('whoever waits gets the error, or the reason of the signal', async () => {
  const due = createDueQueue(createManualClock(), 200)
  const abort = new AbortController()
  const waiting = due.next(abort.signal)
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  const failing = due.next(never)
  due.fail(new Error('a defect'))
  await expect(failing).rejects.toThrow('a defect')
})
