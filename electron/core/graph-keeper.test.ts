import { expect, test } from 'vitest'
import { readReport } from '../../test/builders/core-parts.ts'
import { countingModel, plainInput } from '../../test/builders/graph-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { createFactStore } from './fact-store.ts'
import { keepGraph } from './graph-keeper.ts'

function start() {
  const clock = createManualClock()
  const store = createFactStore()
  let version = 'one'
  const model = countingModel(() => version)
  const log = { info() {}, warn() {}, error() {} }
  const keeper = keepGraph(store, model, clock, log)
  const heard: number[] = []
  keeper.subscribe((revision) => heard.push(revision))
  return {
    clock,
    store,
    model,
    keeper,
    heard,
    setVersion(next: string) {
      version = next
    },
  }
}

test('many changes in a short time are one update of exactly the changed scopes', async () => {
  const { clock, store, model, keeper } = start()
  keeper.current()
  for (let at = 0; at < 10; at += 1) {
    store.accept(readReport('a', `part-${at % 3}`, at))
    await clock.advance(10)
  }
  await clock.advance(150)
  expect(model.builds).toEqual([null, ['envoy/a/part-0', 'envoy/a/part-1', 'envoy/a/part-2']])
  keeper.stop()
})

test('a revision is announced only when something differs; time alone is looked at every second', async () => {
  const { clock, model, keeper, heard, setVersion } = start()
  const first = keeper.current().revision
  await clock.advance(3_000)
  expect(model.builds.length).toBeGreaterThanOrEqual(3)
  expect(heard).toEqual([first])
  setVersion('two')
  await clock.advance(1_000)
  expect(heard).toEqual([first, first + 1])
  keeper.stop()
})

test('differences are told against a view that was given out, and the whole view otherwise', async () => {
  const { clock, keeper, setVersion } = start()
  const first = keeper.view(plainInput)
  setVersion('two')
  await clock.advance(1_000)
  const changes = keeper.changes(plainInput, first.revision)
  expect(changes).toMatchObject({
    type: 'changes',
    revision: first.revision + 1,
    nodes: { removed: [`was ${first.revision}`] },
  })
  expect(keeper.changes(plainInput, 5).type).toBe('whole')
  expect(keeper.changes({ ...plainInput, filter: 'tls:failing' }, first.revision).type).toBe('whole')
  keeper.stop()
})

test('revisions of a later run never repeat those of an earlier one', async () => {
  const { clock, keeper } = start()
  const first = keeper.current().revision
  keeper.stop()
  await clock.advance(60_000)
  const log = { info() {}, warn() {}, error() {} }
  const again = keepGraph(
    createFactStore(),
    countingModel(() => 'one'),
    clock,
    log,
  )
  expect(again.current().revision).toBeGreaterThan(first)
  again.stop()
})

test('a changed intent builds the graph from the ground, with scopes that changed meanwhile', async () => {
  const { clock, store, model, keeper } = start()
  keeper.current()
  store.accept(readReport('a', 'listeners', 1))
  keeper.invalidate()
  await clock.advance(300)
  expect(model.builds).toEqual([null, null])
  keeper.stop()
})

test('a graph that cannot be built is tried again, and a question about it fails loudly', async () => {
  const clock = createManualClock()
  const model = countingModel(() => 'one')
  let isBroken = true
  const store = createFactStore()
  const errors: string[] = []
  const log = { info() {}, warn() {}, error: (message: string) => void errors.push(message) }
  const breaking = {
    ...model,
    build: (...from: Parameters<typeof model.build>) => (isBroken ? fail() : model.build(...from)),
  }
  const keeper = keepGraph(store, breaking, clock, log)
  store.accept(readReport('a', 'listeners', 1))
  await clock.advance(1_500)
  expect(errors.length).toBeGreaterThan(0)
  expect(() => keeper.current()).toThrow('broken')
  isBroken = false
  await clock.advance(1_000)
  expect(keeper.current().graph.environment).toBe('lab')
  keeper.stop()

  function fail(): never {
    throw new Error('broken')
  }
})
