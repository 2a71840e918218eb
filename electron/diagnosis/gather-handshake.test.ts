import { describe, expect, test } from 'vitest'
import { diagnoseHandshake } from '../../shared/domain/diagnosis/handshake/diagnose-handshake.ts'
import type { Hop, TrustGraph } from '../../shared/domain/model/graph.ts'
import { build, hop, ids, pipeline } from '../../test/builders/small-graph.ts'
import { failingHandshakesIn, gatherHandshake } from './gather-handshake.ts'

const graph = build(pipeline.scopes)
const facts = pipeline.scopes.flatMap((scope) => scope.facts)
const now = graph.asOf
const found = (from: string, to: string, of: TrustGraph = graph) => gatherHandshake({ graph: of, facts }, from, to, now)
const wanted = graph.hops.find(({ from, to }) => from === `workload/${ids.model}` && to === `workload/${ids.tool}`)

describe('a hop is found', () => {
  test.each([
    ['graph ids', `workload/${ids.model}`, `workload/${ids.tool}`],
    ['SPIFFE IDs', ids.model, ids.tool],
    ['names as drawn', 'model-server', 'tool-runtime'],
  ])('by %s', (_words, from, to) => {
    expect(found(from, to).hop.id).toBe(wanted?.id)
  })
})

test('what is not there is said, with what was asked', () => {
  expect(() => found('nobody', ids.tool)).toThrow('no workload nobody')
  expect(() => found(ids.tool, ids.model)).toThrow(`no hop from ${ids.tool}`)
})

const failing = (each: Hop): Hop => ({ ...each, transport: { ...each.transport, state: 'failing', since: now - 5000 } })
const failsAt = (id: string | undefined): TrustGraph => ({
  ...graph,
  hops: graph.hops.map((each) => (each.id === id ? failing(each) : each)),
})

test('hops that fail are listed, and only these', () => {
  expect(failingHandshakesIn(graph)).toEqual([])
  expect(failingHandshakesIn(failsAt(wanted?.id))).toMatchObject([
    { hop: wanted?.id, from: { name: 'model-server' }, to: { name: 'tool-runtime' }, since: now - 5000 },
  ])
})

test('a healthy hop is not failing, and no issuer is missing anywhere', () => {
  const { verdict } = diagnoseHandshake(found(ids.model, ids.tool))
  expect(verdict.cause).toBe('not-failing')
  expect(hop(graph, ids.model, ids.tool).transport.state).toBe('verified')
})

describe('key identifiers', () => {
  /** The small pipeline with these key identifiers in the leaf of one Envoy and in the bundle of each. */
  function keysOf(
    leafOf: string,
    authorityKeyId: string | null,
    bundles: Readonly<Record<string, readonly (string | null)[]>>,
  ) {
    const changed = facts.map((fact) => {
      if (fact.kind !== 'envoy-secret') return fact
      if (fact.certificate !== null) {
        return fact.envoy === leafOf ? { ...fact, certificate: { ...fact.certificate, authorityKeyId } } : fact
      }
      const authorities = (bundles[fact.envoy] ?? []).map((subjectKeyId, place) => ({
        subjectKeyId,
        sha256: `${place}`,
        notAfter: now + 1,
      }))
      return { ...fact, trusted: [{ trustDomain: 'pipeline.example', authorities }] }
    })
    return gatherHandshake({ graph, facts: changed }, ids.model, ids.tool, now).keys
  }
  const all = (...keys: readonly string[]) => ({ 'model-server': keys, 'tool-runtime': keys })

  test('of the leaf that is shown and of the bundle across are held against each other', () => {
    const { client, server } = keysOf('tool-runtime', 'cc', all('aa', 'cc'))
    expect(server.issuer).toMatchObject({ known: true, value: 'cc' })
    expect(client.trusted).toMatchObject({ known: true, value: ['aa', 'cc'] })
  })

  test('name a root where the own bundle has it, and its absence across is then known', () => {
    const { client, server } = keysOf('tool-runtime', 'cc', { 'model-server': ['aa'], 'tool-runtime': ['aa', 'cc'] })
    expect(server.issuer).toMatchObject({ value: 'cc' })
    expect(client.trusted).toMatchObject({ value: ['aa'] })
  })

  test('of an intermediate, which is in no bundle, say nothing', () => {
    expect(keysOf('tool-runtime', '99', all('aa')).server.issuer.known).toBe(false)
  })

  test('that a leaf or a root lacks say nothing either', () => {
    expect(keysOf('tool-runtime', null, all('aa')).server.issuer.known).toBe(false)
    expect(
      keysOf('tool-runtime', 'aa', { 'model-server': ['aa', null], 'tool-runtime': ['aa'] }).client.trusted.known,
    ).toBe(false)
  })
})

test('beside the hop the leaf in its places and the clock of both sides are gathered', () => {
  const { sights } = found(ids.model, ids.tool)
  for (const { loaded, inUse, registration, clock } of [sights.client, sights.server]) {
    expect([loaded.known, registration.known]).toEqual([true, true])
    expect(inUse).toMatchObject({ value: ['fc12646d'] })
    expect(clock).toMatchObject({ value: 0, stale: false })
  }
  expect(sights.client.presented).toMatchObject({ value: { spiffeId: ids.model, serial: 'fc12646d' } })
  expect(sights.server.presented).toMatchObject({ value: { spiffeId: ids.tool, serial: 'fc12646d' } })
})
