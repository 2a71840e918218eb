import { expect, test } from 'vitest'
import { build, ids, pipeline, workload } from '../../test/builders/small-graph.ts'
import type { RefusalSum } from '../core/log-store.ts'
import { refusalsIn } from './refusals.ts'

const graph = build(pipeline.scopes)
const now = graph.asOf
const sum: RefusalSum = {
  kind: 'policy',
  source: 'tool-runtime',
  direction: 'inbound',
  callerSpiffeId: ids.model,
  calleeSpiffeId: ids.tool,
  callerAddress: null,
  calleeAddress: null,
  upstreamCluster: null,
  status: 403,
  details: 'ext_authz_denied',
  reason: 'above the limit',
  revision: 'r42',
  count: 3,
  first: now - 60_000,
  latest: { at: now - 30_000, requestId: 'r-1', traceId: null, decisionId: 'd-1' },
}

async function groupsOf(sums: readonly RefusalSum[], limit = 100, histories: readonly string[] = []) {
  const store = {
    refusalSums: async () => ({ sums, total: sums.reduce((total, { count }) => total + count, 0), complete: true }),
    state: async () => ({
      retention: { maxAgeMs: 1, maxBytes: 1 },
      heldSince: now - 3_600_000,
      records: {
        'opa-decisions': 0,
        'envoy-access': 0,
        'integrity-events': 0,
        'spire-audit': 0,
        'kubernetes-audit': 0,
        'vault-audit': 0,
      },
      bytes: 0,
      waiting: 0,
    }),
  }
  return refusalsIn({ graph, facts: [], store, histories }, { minutes: 15, limit }, { now: () => now })
}

test('ends are the workloads of the graph, with the names they are drawn with', async () => {
  const { groups, from, to, heldSince, total } = await groupsOf([sum])
  expect([to - from, heldSince, total]).toEqual([900_000, now - 3_600_000, 3])
  const [model, tool] = [workload(graph, ids.model), workload(graph, ids.tool)]
  expect(groups).toMatchObject([
    {
      from: { workload: model.id, name: model.name, spiffeId: ids.model },
      to: { workload: tool.id, name: tool.name, spiffeId: ids.tool },
      kind: 'policy',
      count: 3,
    },
  ])
})

test('sums of several logs between the same ends are one group, which keeps its key', async () => {
  const other = {
    ...sum,
    source: 'other',
    count: 2,
    first: now - 90_000,
    latest: { ...sum.latest, at: now - 1000, requestId: 'r-2' },
  }
  const { groups } = await groupsOf([other, sum])
  expect(groups).toMatchObject([{ count: 5, first: now - 90_000, latest: { requestId: 'r-2' } }])
  expect((await groupsOf([sum])).groups[0]?.key).toBe(groups[0]?.key)
  const elsewhere = await groupsOf([sum, { ...sum, revision: 'r43' }, { ...sum, callerSpiffeId: 'spiffe://a/b' }])
  expect(new Set(elsewhere.groups.map(({ key }) => key)).size).toBe(3)
  expect(await groupsOf([sum, { ...sum, revision: 'r43' }], 1)).toMatchObject({ complete: false, total: 6 })
})

test('an end that the graph does not know has the name that the log has, or none', async () => {
  const unplaced = { ...sum, source: 'nowhere', callerSpiffeId: null, calleeSpiffeId: null, direction: null }
  const { groups } = await groupsOf([
    { ...unplaced, callerAddress: '10.0.0.9', upstreamCluster: 'to_tool' },
    { ...unplaced, reason: 'other' },
    { ...unplaced, kind: 'vault', source: 'vault-main', details: 'permission denied' },
  ])
  expect(groups.map(({ from, to }) => [from.workload, from.name, to.workload, to.name])).toEqual([
    [null, '10.0.0.9', null, 'to_tool'],
    [null, null, null, null],
    [null, null, null, 'vault-main'],
  ])
})

test('logs that are kept elsewhere are not summed, and are named', async () => {
  expect((await groupsOf([sum])).notAsked).toEqual([])
  expect((await groupsOf([sum], 100, ['loki'])).notAsked).toEqual(['loki'])
})
