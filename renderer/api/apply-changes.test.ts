import { describe, expect, it } from 'vitest'
import type { GraphChanges, GraphView, NodeItem } from '../../shared/contract/graph.ts'
import { applyChanges } from './apply-changes.ts'
import { pause, reconnectDelay } from './reconnect.ts'

const rest: Omit<GraphView, 'nodes' | 'edges' | 'revision' | 'asOf'> = {
  environment: 'lab',
  trustDomains: [],
  zones: [],
  control: [],
  controlLinks: { shown: [], total: 0 },
  counts: {
    workloads: { verified: 0, attention: 0, failing: 0, unknown: 0, 'no-identity': 0, external: 0 },
    transport: { verified: 0, 'one-sided': 0, plaintext: 0, failing: 0, configured: 0, unknown: 0 },
    authorisation: { allowing: 0, denying: 0, erroring: 0, 'failing-open': 0, unguarded: 0, unknown: 0 },
    relations: { observed: 0, granted: 0, intended: 0 },
    totalWorkloads: 0,
    totalHops: 0,
    totalGaps: 0,
    observedNotGranted: 0,
    grantedNotObserved: 0,
    matchingWorkloads: 0,
    matchingHops: 0,
  },
  gaps: [],
  defects: [],
  simplified: { groups: 0, bundles: 0, droppedEdges: 0 },
  filterProblem: null,
  intentProblem: null,
  lastKnown: null,
  past: null,
}

function group(id: string, members = 1): NodeItem {
  return {
    type: 'group',
    id,
    name: id,
    kind: 'tool',
    zone: 'data',
    order: 0,
    members,
    states: {},
    worst: 'unknown',
    nextExpiryAt: null,
    matches: true,
  }
}

const view: GraphView = { ...rest, revision: 3, asOf: 10, nodes: [group('a'), group('b')], edges: [] }

function changes(put: readonly NodeItem[], removed: readonly string[], revision = 4): GraphChanges {
  return { type: 'changes', revision, asOf: 20, nodes: { put, removed }, edges: { put: [], removed: [] }, rest }
}

describe('applying the changes of a graph', () => {
  it('replaces, adds and removes by id, and keeps the order', () => {
    const next = applyChanges(view, changes([group('b', 7), group('c')], ['a']))
    expect(next.nodes).toEqual([group('b', 7), group('c')])
    expect(next.revision).toBe(4)
    expect(next.asOf).toBe(20)
  })

  it('keeps the identity of what did not change', () => {
    const next = applyChanges(view, changes([group('b', 7)], []))
    expect(next.nodes[0]).toBe(view.nodes[0])
    expect(next.edges).toBe(view.edges)
  })

  it('keeps an item that was removed and put again in one step', () => {
    expect(applyChanges(view, changes([group('a', 2)], ['a'])).nodes).toEqual([group('a', 2), group('b')])
  })

  it('ignores differences that are older than the view', () => {
    expect(applyChanges(view, changes([], ['a', 'b'], 2))).toBe(view)
  })

  it('takes a whole view as it is', () => {
    const other: GraphView = { ...view, revision: 1, nodes: [] }
    expect(applyChanges(view, { type: 'whole', view: other })).toBe(other)
  })
})

describe('reconnecting', () => {
  it('waits longer each time, ten seconds at most', () => {
    expect([0, 1, 2, 3, 4, 5, 60].map(reconnectDelay)).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000])
  })

  it('stops waiting when nobody listens any more', async () => {
    const ended = new AbortController()
    const waiting = pause(3_600_000, ended.signal)
    ended.abort()
    await expect(waiting).resolves.toBeUndefined()
    await expect(pause(3_600_000, ended.signal)).resolves.toBeUndefined()
  })
})
