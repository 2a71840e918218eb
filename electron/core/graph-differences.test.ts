import { describe, expect, it } from 'vitest'
import type { HistoryEvent } from '../../shared/domain/history/model.ts'
import { builtAt, handshakeFailing } from '../../test/builders/facts.ts'
import { withFacts } from '../../test/builders/pipeline.ts'
import { build, ids, pipeline, settings } from '../../test/builders/small-graph.ts'
import { Failure } from './failure.ts'
import { createDifferences } from './graph-differences.ts'
import type { Past } from './past.ts'

const later = builtAt + 600_000
const failing = withFacts(pipeline.scopes, 'logs/model-server-access/activity', 'hop-activity', (fact) =>
  fact.side === 'callee' ? { ...fact, ...handshakeFailing('CERTIFICATE_VERIFY_FAILED') } : fact,
)
const hop = `hop/workload/${ids.gateway}>workload/${ids.model}`

function pastOf(at: number): Past {
  const scopes = at < later ? pipeline.scopes : failing
  const states = new Map(scopes.map((state) => [state.scope, state]))
  return { environment: 'lab', at, graph: build(scopes), states, settings, gap: null, logs: 'kept' }
}

function differences(complete = true) {
  const windows: unknown[] = []
  const event: HistoryEvent = {
    number: 1,
    at: builtAt + 1000,
    learntAt: builtAt + 1000,
    change: {
      element: { kind: 'hop', id: hop },
      name: 'x',
      aspect: 'transport',
      from: 'verified',
      to: 'failing',
      direction: 'worse',
    },
  }
  const ask = createDifferences({
    sessions: { use: () => Promise.reject(new Failure('read-only', 'lab', 'Nothing is read.')) },
    pasts: { asked: async (_environment, at) => (at === null ? null : pastOf(at)) },
    histories: {
      of: () => ({
        events(window) {
          windows.push(window)
          return { events: [event], complete }
        },
        gaps: () => [],
      }),
    },
    clock: { now: () => later + 1 },
  })
  return { windows, ask }
}

describe('the difference of two times', () => {
  it('asks for the events of the time between them, whichever is the later', async () => {
    const { windows, ask } = differences()
    const forth = await ask({ environment: 'lab', from: builtAt, to: later })
    const back = await ask({ environment: 'lab', from: later, to: builtAt })
    expect(windows).toEqual([
      { from: builtAt, to: later + 1 },
      { from: builtAt, to: later + 1 },
    ])
    const transport = { element: { kind: 'hop', id: hop }, aspect: 'transport', at: builtAt + 1000 }
    expect(forth.changes).toContainEqual(expect.objectContaining({ ...transport, direction: 'worse' }))
    expect(back.changes).toContainEqual(expect.objectContaining({ ...transport, direction: 'better' }))
  })

  it('says of no change when it was where not all events are known', async () => {
    const { changes } = await differences(false).ask({ environment: 'lab', from: builtAt, to: later })
    expect(changes.length).toBeGreaterThan(0)
    for (const { at } of changes) expect(at).toBe(null)
  })

  it('of one time and itself is nothing, without looking for events', async () => {
    const { windows, ask } = differences()
    expect(await ask({ environment: 'lab', from: later, to: later })).toMatchObject({ changes: [], gaps: [] })
    expect(windows).toEqual([])
  })

  it('with now needs what is read now', async () => {
    await expect(differences().ask({ environment: 'lab', from: builtAt, to: null })).rejects.toMatchObject({
      code: 'read-only',
    })
  })
})
