import { expect, test } from 'vitest'
import type { ServiceStatus } from '../../shared/desktop.ts'
import {
  keepService,
  readyWithinMs,
  restartDelay,
  type ServiceEvents,
  type ServiceKeeper,
  steadyAfterMs,
} from './service-keeper.ts'

/** Time that passes when a test says so, and services that do what it says. */
function bench() {
  let now = 0
  let timers: { readonly at: number; readonly work: () => void }[] = []
  const runs: { readonly events: ServiceEvents; readonly done: string[] }[] = []
  const told: ServiceStatus[] = []
  const keeper: ServiceKeeper = keepService(
    (events) => {
      const done: string[] = []
      runs.push({ events, done })
      return {
        pid: runs.length,
        open: (door) => done.push(`open ${door}`),
        stop: () => done.push('stop'),
        kill() {
          done.push('kill')
          events.ended('signal SIGKILL', '')
        },
      }
    },
    (status) => told.push(status),
    {
      now: () => now,
      after(ms, work) {
        const timer = { at: now + ms, work }
        timers.push(timer)
        return () => {
          timers = timers.filter((other) => other !== timer)
        }
      },
    },
  )
  return {
    keeper,
    told,
    runs,
    last() {
      const run = runs.at(-1)
      if (run === undefined) throw new Error('nothing was started')
      return run
    },
    pass(ms: number) {
      now += ms
      const due = timers.filter((timer) => timer.at <= now)
      timers = timers.filter((timer) => timer.at > now)
      for (const { work } of due) work()
    },
  }
}

test('a service that ends is started again, at first at once, then with growing pauses of half a minute at most', () => {
  const { pass, last, runs, told } = bench()
  for (let failures = 1; failures <= 12; failures += 1) {
    last().events.ended('code 1', 'it broke')
    const retryInMs = restartDelay(failures)
    expect(told.at(-1)).toEqual({ kind: 'stopped', failures, retryInMs, ending: 'code 1', lastWords: 'it broke' })
    pass(retryInMs - 1)
    expect(runs).toHaveLength(failures)
    pass(1)
    expect(runs).toHaveLength(failures + 1)
    expect(told.at(-1)).toEqual({ kind: 'starting' })
  }
  expect([1, 2, 3].map(restartDelay)).toEqual([250, 500, 1000])
  expect(restartDelay(1000)).toBe(30_000)
})

test('after it worked for a while, its end is a first one again; when it worked for a moment, it is not', () => {
  const { pass, last, told } = bench()
  last().events.ended('code 1', '')
  pass(250)
  last().events.ready()
  expect(told.at(-1)).toEqual({ kind: 'connected' })
  pass(steadyAfterMs - 1)
  last().events.ended('code 1', '')
  expect(told.at(-1)).toMatchObject({ failures: 2 })
  pass(500)
  last().events.ready()
  pass(steadyAfterMs)
  last().events.ended('signal SIGKILL', '')
  expect(told.at(-1)).toMatchObject({ failures: 1, ending: 'signal SIGKILL' })
})

test('a service that says nothing is ended and started again, and its silence is told', () => {
  const { pass, last, runs, told } = bench()
  pass(readyWithinMs)
  expect(runs[0]?.done).toEqual(['kill'])
  expect(told.at(-1)).toMatchObject({ kind: 'stopped', ending: 'silence' })
  pass(250)
  expect(runs).toHaveLength(2)
  last().events.ready()
  pass(readyWithinMs)
  expect(last().done).toEqual([])
})

test('ports go to the service that runs now, and to none while there is none', () => {
  const { keeper, pass, last, runs } = bench()
  const port = new MessageChannel().port1
  const open = () => Reflect.apply(keeper.open, keeper, ['page', port])
  open()
  expect([last().done, keeper.pid]).toEqual([['open page'], 1])
  last().events.ended('code 0', '')
  open()
  expect([runs[0]?.done, keeper.pid]).toEqual([['open page'], null])
  pass(250)
  open()
  expect([last().done, keeper.pid]).toEqual([['open page'], 2])
  port.close()
})

test('when it is stopped it is asked to end, ended when it does not, and never started again', async () => {
  const { keeper, pass, runs, last } = bench()
  last().events.ready()
  const stopped = keeper.stop()
  expect(last().done).toEqual(['stop'])
  pass(3000)
  await stopped
  expect(last().done).toEqual(['stop', 'kill'])
  pass(120_000)
  expect(runs).toHaveLength(1)
})

test('when it is stopped while there is no service, none is started', async () => {
  const { keeper, pass, runs, last } = bench()
  last().events.ended('code 1', '')
  await keeper.stop()
  pass(120_000)
  expect(runs).toHaveLength(1)
})
