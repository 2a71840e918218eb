import fc from 'fast-check'
import { expect, test } from 'vitest'
import { builtAt } from '../../../test/builders/facts.ts'
import { build, ids, pipeline } from '../../../test/builders/small-graph.ts'
import { type CoverageRow, coverageBucketMs, coveredHops, knownHops, logWriters } from './hop-coverage.ts'

const none = { mutual: 0, oneSided: 0, plaintext: 0, unknown: 0 }

function row(more: Partial<CoverageRow> = {}): CoverageRow {
  return {
    source: 'model-server',
    side: 'callee',
    callerSpiffeId: ids.gateway,
    callerAddress: null,
    calleeSpiffeId: ids.model,
    calleeAddress: null,
    upstreamCluster: null,
    at: builtAt,
    requests: { ...none, mutual: 5 },
    connections: none,
    failed: 0,
    ...more,
  }
}

const hops = knownHops([build(pipeline.scopes)])

test('a hop is found again by the identities of both ends, and those without a line are never seen', () => {
  const covered = coveredHops([row()], hops)
  const found = covered.find(({ state }) => state === 'mutual')
  expect(found?.hop).toBe(`hop/workload/${ids.gateway}>workload/${ids.model}`)
  expect(covered.filter(({ state }) => state === 'never-seen')).toHaveLength(hops.length - 1)
})

test.each([
  ['plaintext', { requests: { ...none, mutual: 500, plaintext: 1 } }, 'no-mutual-tls'],
  ['a connection without a client certificate', { connections: { ...none, oneSided: 1 } }, 'no-mutual-tls'],
  ['a request of which the log does not say', { requests: { ...none, mutual: 5, unknown: 1 } }, 'unknown'],
  ['only failed handshakes', { requests: none, failed: 3 }, 'unknown'],
  ['connections alone', { requests: none, connections: { ...none, mutual: 2 } }, 'mutual'],
])('%s: the hop is %s', (_, counts, state) => {
  expect(coveredHops([row(counts)], [])[0]?.state).toBe(state)
})

test('buckets are summed, and the called side counts where both tell', () => {
  const covered = coveredHops(
    [
      row(),
      row({ at: builtAt + 60_000 }),
      row({ side: 'caller', source: 'gateway', requests: { ...none, unknown: 9 } }),
    ],
    hops,
  )
  expect(covered.find(({ state }) => state !== 'never-seen')?.requests).toEqual({ ...none, mutual: 10 })
})

test('a caller without an identity is a hop of its own, by its address', () => {
  const covered = coveredHops(
    [row({ callerSpiffeId: null, callerAddress: '10.0.0.9', requests: { ...none, plaintext: 2 } })],
    hops,
  )
  expect(covered.find(({ state }) => state === 'no-mutual-tls')).toMatchObject({ hop: null, caller: '10.0.0.9' })
})

test('a side without a certificate is known by whose Envoy wrote the log', () => {
  const writers = logWriters([build(pipeline.scopes)])
  const plain = { callerSpiffeId: null, calleeSpiffeId: null, requests: { ...none, plaintext: 1 } }
  const rows = [
    row({ ...plain, callerAddress: '10.0.0.9', calleeAddress: '10.0.0.1:8443' }),
    row({ ...plain, side: 'caller', source: 'gateway', calleeAddress: '10.0.0.1:8443' }),
    row({ callerSpiffeId: null, side: 'caller', source: 'gateway' }),
  ]
  const covered = coveredHops(rows, hops, (source) => writers.get(source) ?? null)
  const seen = covered.filter(({ state }) => state !== 'never-seen')
  expect(seen.map(({ caller, callee, hop }) => [caller, callee, hop !== null])).toEqual([
    ['10.0.0.9', 'model-server', false],
    ['gateway', '10.0.0.1:8443', false],
    ['gateway', 'model-server', true],
  ])
})

test('no request is lost on the way', () => {
  const counts = fc.record({ mutual: fc.nat(3), oneSided: fc.nat(3), plaintext: fc.nat(3), unknown: fc.nat(3) })
  const rows = fc.array(
    fc
      .record({ requests: counts, caller: fc.constantFrom(ids.gateway, ids.tool, null) })
      .map(({ requests, caller }) => row({ requests, callerSpiffeId: caller, callerAddress: '10.0.0.9' })),
  )
  fc.assert(
    fc.property(rows, (some) => {
      const sum = (of: readonly { readonly requests: typeof none }[]) =>
        of.reduce(
          (all, { requests: { mutual, oneSided, plaintext, unknown } }) =>
            all + mutual + oneSided + plaintext + unknown,
          0,
        )
      expect(sum(coveredHops(some, hops))).toBe(sum(some))
    }),
  )
})

test.each([
  [24, 60],
  [240, 60],
  [1, 3],
  [0.25, 1],
])('a period of %s hours is told in parts of %s minutes', (hours, minutes) => {
  expect(coverageBucketMs({ from: 0, to: hours * 3_600_000 }) / 60_000).toBe(minutes)
})
