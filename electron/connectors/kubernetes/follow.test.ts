import { expect, test } from 'vitest'
import { podObject } from '../../../test/builders/kubernetes-objects.ts'
import { createManualClock } from '../../../test/builders/manual-clock.ts'
import type { KubernetesClient, WatchEvent } from './client.ts'
import { KubernetesFailure } from './failure.ts'
import { follow } from './follow.ts'
import { resources } from './resources.ts'
import { translatePod } from './translate-workloads.ts'

const part = { resource: resources.pods, translate: translatePod }
const page = { items: [podObject('edge', 'gateway')], resourceVersion: '7', continue: null }
const down = new KubernetesFailure('unreachable', 'connection refused')

type Answers = Pick<KubernetesClient, 'list' | 'watch'>

function following(answers: Partial<Answers>) {
  const clock = createManualClock(0)
  const abort = new AbortController()
  const asked: string[] = []
  const unused = () => Promise.reject(new Error('not asked in this test'))
  const client: KubernetesClient = {
    version: unused,
    rights: unused,
    serviceAccountToken: unused,
    log: unused,
    forward: unused,
    list: (...request) => {
      asked.push(`list at ${clock.now()}`)
      return answers.list?.(...request) ?? Promise.resolve(page)
    },
    watch: (request, signal) => {
      asked.push(`watch ${request.resourceVersion} at ${clock.now()}`)
      return answers.watch?.(request, signal) ?? open(request, signal)
    },
  }
  const followed = follow({ cluster: 'c', part, namespace: null, client, clock, changed: () => {} })
  const run = followed.run(abort.signal)
  run.catch(() => {})
  return { followed, clock, asked, abort, run }
}

/** A watch that stands and says nothing. */
async function* open(request: Parameters<Answers['watch']>[0], signal: AbortSignal): AsyncGenerator<WatchEvent> {
  yield* []
  request.opened()
  await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

/** A watch that ends as soon as it stands. */
async function* ending(request: Parameters<Answers['watch']>[0], error: Error | null): AsyncGenerator<WatchEvent> {
  yield* []
  request.opened()
  if (error !== null) throw error
}

test('a quiet collection is known to be up to date while its watch stands, and only then', async () => {
  const { followed, clock, abort } = following({})
  await clock.advance(10_000)
  expect(followed.collection).toMatchObject({ readAt: 0, failure: null })
  followed.confirm(clock.now())
  expect(followed.collection.readAt).toBe(10_000)
  abort.abort()
  await clock.advance(10_000)
  followed.confirm(clock.now())
  expect(followed.collection.readAt).toBe(10_000)
})

test('in doubt the watch is opened again, from where it was', async () => {
  const { followed, clock, asked } = following({})
  await clock.advance(5000)
  followed.doubt()
  await clock.advance(1000)
  expect(asked).toEqual(['list at 0', 'watch 7 at 0', 'watch 7 at 5000'])
  expect(followed.collection.failure).toBeNull()
})

test('a server that ends watches at once is asked once a second, not in a circle', async () => {
  const { clock, asked } = following({
    watch: (request) => ending(request, null),
  })
  await clock.advance(10_000)
  expect(asked.length).toBeLessThanOrEqual(12)
})

test('one that resets them at once is asked less and less, and it is said', async () => {
  const { followed, clock, asked } = following({
    watch: (request) => ending(request, down),
  })
  await clock.advance(30_000)
  expect(asked.length).toBeLessThan(16)
  expect(followed.collection.failure?.reason).toBe('unreachable')
})

test('a list that fails is tried again after at most five seconds or so, for ever', async () => {
  let isDown = true
  const { followed, clock, asked } = following({ list: () => (isDown ? Promise.reject(down) : Promise.resolve(page)) })
  await clock.advance(60_000)
  expect(followed.collection).toMatchObject({ readAt: null, failure: { reason: 'unreachable' } })
  expect(asked.length).toBeGreaterThanOrEqual(60 / 6.25)
  expect(asked.length).toBeLessThan(25)
  isDown = false
  await clock.advance(6250)
  expect([followed.collection.failure, followed.collection.objects.size]).toEqual([null, 1])
})

test('stopping ends it with the reason of the signal', async () => {
  const { clock, abort, run } = following({})
  await clock.advance(1)
  abort.abort(new Error('enough'))
  await expect(run).rejects.toThrow('enough')
})
