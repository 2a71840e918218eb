import { expect, test } from 'vitest'
import { startGraph } from '../../shared/domain/graph/build.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { TransportState } from '../../shared/domain/model/hop-state.ts'
import { loadedEnvironment } from '../../test/builders/core-parts.ts'
import { builtAt } from '../../test/builders/facts.ts'
import { smallPipeline } from '../../test/builders/pipeline.ts'
import { graphSettingsOf } from './graph-model.ts'
import { followEvents } from './history-events.ts'

const { scopes, intent } = smallPipeline()
const loaded = { ...loadedEnvironment(), intent: { ...loadedEnvironment().intent, intent } }
const { graph: healthy } = startGraph(graphSettingsOf(loaded), [...scopes], builtAt)
const second = 1_000

/** The healthy graph with one hop's transport as it is told. */
function withTransport(state: TransportState): TrustGraph {
  const [first, ...others] = healthy.hops
  if (first === undefined) throw new Error('the small pipeline has hops')
  return { ...healthy, hops: [{ ...first, transport: { ...first.transport, state } }, ...others] }
}

function told(events: ReturnType<ReturnType<typeof followEvents>['changed']>): readonly unknown[] {
  return events.map(({ at, learntAt, change: { aspect, from, to, direction } }) => [
    (at - builtAt) / second,
    (learntAt - builtAt) / second,
    aspect,
    from,
    to,
    direction,
  ])
}

test('a change between known states is told at once', () => {
  const events = followEvents()
  events.settle(healthy, null, builtAt)
  expect(told(events.changed(withTransport('failing'), builtAt + second))).toEqual([
    [1, 1, 'transport', 'verified', 'failing', 'worse'],
  ])
  expect(told(events.changed(withTransport('failing'), builtAt + 2 * second))).toEqual([])
})

test('what is unknown for a moment is not told, what stays so is, at the time that it became so', () => {
  const events = followEvents()
  events.settle(healthy, null, builtAt)
  const unknown = withTransport('unknown')
  expect(events.changed(unknown, builtAt + second)).toEqual([])
  expect(events.changed(healthy, builtAt + 20 * second)).toEqual([])
  expect(events.changed(healthy, builtAt + 60 * second)).toEqual([])
  expect(events.changed(unknown, builtAt + 70 * second)).toEqual([])
  expect(told(events.changed(unknown, builtAt + 100 * second))).toMatchObject([
    [70, 100, 'transport', 'verified', 'unknown', expect.any(String)],
  ])
})

test('what came out of an unknown moment is told as one change, and at the end nothing is left untold', () => {
  const events = followEvents()
  events.settle(healthy, null, builtAt)
  events.changed(withTransport('unknown'), builtAt + second)
  expect(told(events.changed(withTransport('failing'), builtAt + 5 * second))).toEqual([
    [5, 5, 'transport', 'verified', 'failing', 'worse'],
  ])
  expect(events.changed(withTransport('unknown'), builtAt + 9 * second)).toEqual([])
  expect(told(events.end(builtAt + 12 * second))).toMatchObject([
    [9, 12, 'transport', 'failing', 'unknown', expect.any(String)],
  ])
})

test('the first that is known of something is no change of it', () => {
  const events = followEvents()
  events.settle(withTransport('unknown'), null, builtAt)
  expect(events.changed(withTransport('failing'), builtAt + second)).toEqual([])
  expect(told(events.changed(healthy, builtAt + 40 * second))).toEqual([
    [40, 40, 'transport', 'failing', 'verified', 'better'],
  ])
})

test('what changes to and fro is told sixteen times, and then once in a quarter of an hour', () => {
  const events = followEvents()
  events.settle(healthy, null, builtAt)
  let count = 0
  for (let round = 0; round < 1800; round += 1) {
    const graph = round % 2 === 0 ? withTransport('failing') : healthy
    count += events.changed(graph, builtAt + round * 2 * second).length
  }
  expect(count).toBe(16 + 3)
})
