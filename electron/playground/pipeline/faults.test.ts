import { describe, expect, it } from 'vitest'
import type { Fault, HopEnds } from '../../../shared/faults/index.ts'
import { faultIds, faultOf, faults, isFaultId, labTierOf } from '../../../shared/faults/index.ts'
import { hops, spiffeIdOf, stages } from './topology.ts'

const isHop = (ends: HopEnds): boolean => hops.some((hop) => hop.from === ends.from && hop.to === ends.to)
const isStage = (id: string): boolean => stages.some((stage) => stage.id === id)

function stagesNamedBy(fault: Fault): readonly string[] {
  const { hits, expects } = { hits: fault.hits, expects: fault.expects.states }
  const hit =
    'stage' in hits ? [hits.stage] : 'opaOf' in hits ? [hits.opaOf] : 'hop' in hits ? Object.values(hits.hop) : []
  const denied = expects.vault?.denials ?? []
  return [...hit, ...[...expects.workloads, ...expects.gaps, ...denied].map((item) => item.stage)]
}

describe('the catalogue of faults', () => {
  it('has each id exactly once', () => {
    expect(faults.map((fault) => fault.id).toSorted()).toEqual([...faultIds].toSorted())
  })

  it('is found by id, and knows which texts are ids', () => {
    for (const fault of faults) expect(faultOf(fault.id)).toBe(fault)
    expect(isFaultId('opa-down')).toBe(true)
    expect(isFaultId('opa-up')).toBe(false)
    expect(isFaultId('toString')).toBe(false)
  })

  it.each(faults)('names only hops and stages of the topology: $id', (fault) => {
    const named = [
      ...fault.expects.states.hops.map((item) => item.hop),
      ...('hop' in fault.hits ? [fault.hits.hop] : []),
    ]
    expect(named.filter((hop) => !isHop(hop))).toEqual([])
    expect(stagesNamedBy(fault).filter((id) => !isStage(id))).toEqual([])
  })

  it.each(faults)('expects new hops between stages, and only where the topology has none: $id', (fault) => {
    for (const { hop } of fault.expects.states.newHops ?? []) {
      expect([isStage(hop.from), isStage(hop.to), isHop(hop)]).toEqual([true, true, false])
    }
  })

  it.each(faults)('expects something, and of no hop two things: $id', (fault) => {
    const { hops: expected, newHops = [] } = fault.expects.states
    expect(Object.values(fault.expects.states).flat().length).toBeGreaterThan(0)
    const keys = [...expected, ...newHops].map((item) => `${item.hop.from} ${item.hop.to}`)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it.each(faults.filter((fault) => labTierOf(fault) === 3))(
    'says what Vault does, and nothing of the hops: $id',
    (fault) => {
      expect(fault.expects.states.vault).toBeDefined()
      expect(fault.expects.states.hops).toEqual([])
      for (const lease of fault.expects.states.vault?.newLeases ?? []) {
        expect(lease.path.startsWith(lease.mount)).toBe(true)
        expect(stages.some((stage) => spiffeIdOf(stage) === lease.holder)).toBe(lease.finding !== 'orphaned')
      }
    },
  )

  it.each(faults)('says in one sentence what is broken: $id', (fault) => {
    expect(fault.words).toMatch(/^[^\n]{20,200}\.$/)
    expect(fault.words).not.toMatch(/compliant|certified|secure|safe|healthy/i)
  })

  it.each(faults)('says in one sentence what to look at, and why it is not made where it is not: $id', (fault) => {
    const reasons = [fault.lab, fault.playground].flatMap((made) => ('why' in made ? [made.why] : []))
    for (const sentence of [fault.lookFor, ...reasons]) expect(sentence).toMatch(/^[A-Z][^\n]{20,200}\.$/)
  })

  it('starves every hop behind a broken one of the main chain, and none behind an optional call', () => {
    const starved = (id: Fault['id']): readonly string[] =>
      faultOf(id)
        .expects.states.hops.filter((item) => item.shown === 'after-window')
        .map((item) => `${item.hop.from} → ${item.hop.to}`)
    expect(starved('opa-down')).toEqual([
      'model-server → tool-runtime',
      'model-server → output-filter',
      'output-filter → gateway',
    ])
    const behindTheFirewall = hops.slice(3).map((hop) => `${hop.from} → ${hop.to}`)
    expect(starved('wrong-spiffe-id-required')).toEqual(behindTheFirewall)
    expect(starved('hop-without-identity')).toEqual(behindTheFirewall)
    expect(starved('expired-svid')).toEqual([])
    expect(starved('plaintext-hop')).toEqual([])
  })

  it('asks for a fail-closed and a fail-open hop that can be told apart', () => {
    const authorisation = (id: Fault['id']): readonly (string | undefined)[] =>
      faultOf(id)
        .expects.states.hops.filter((item) => item.shown === 'at-once')
        .map((item) => item.authorisation)
    expect([authorisation('opa-down'), authorisation('opa-hanging'), authorisation('fail-open')]).toEqual([
      ['erroring'],
      ['erroring'],
      ['failing-open'],
    ])
  })
})
