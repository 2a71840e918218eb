import type { TestingEvent } from '../../shared/contract/environments.ts'
import type { LoadedEnvironment } from './environments.ts'
import { type TestParts, testSources } from './source-tests.ts'

/** `testSources` as a stream. Who leaves it stops every test that still runs. */
export async function* streamTests(
  loaded: LoadedEnvironment,
  parts: TestParts,
  signal: AbortSignal,
): AsyncGenerator<TestingEvent, void> {
  const began = parts.ports.clock.now()
  const left = new AbortController()
  const waiting: TestingEvent[] = []
  let wake = Promise.withResolvers<void>()
  let isDone = false
  const all = testSources(loaded, parts, AbortSignal.any([signal, left.signal]), (event) => {
    waiting.push(event)
    wake.resolve()
  }).finally(() => {
    isDone = true
    wake.resolve()
  })
  // Who leaves early does not wait for it.
  all.catch(() => {})
  try {
    for (;;) {
      const isLast = isDone
      yield* waiting.splice(0)
      if (isLast && waiting.length === 0) break
      if (!isDone && waiting.length === 0) await wake.promise
      wake = Promise.withResolvers()
    }
    await all
    yield { type: 'done', tookMs: parts.ports.clock.now() - began }
  } finally {
    left.abort(new Error('nobody waits for these tests any more'))
  }
}
