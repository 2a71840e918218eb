import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtAt, registrationEntry, spiffe, unreadScope } from '../../../../test/builders/facts.ts'
import { ids, minute, pipeline, settings } from '../../../../test/builders/small-graph.ts'
import type { Fact, ScopeState } from '../../model/fact.ts'
import { buildGraph, startGraph, updateGraph } from '../build.ts'

const entries = 'spire/spire/entries'
const spireScopes = pipeline.scopes.filter(({ scope }) => scope.startsWith('spire/'))
const rest = pipeline.scopes.filter(({ scope }) => !scope.startsWith('spire/'))
const envoysGone = rest.filter(({ scope }) => !scope.startsWith('envoy/tool-runtime/'))

/** What a server may say when it is asked again. */
const changes: Readonly<Record<string, (fact: Fact) => readonly Fact[]>> = {
  'the same': (fact) => [fact],
  'another life': (fact) =>
    fact.kind === 'registration-entry' && fact.spiffeId === ids.model ? [{ ...fact, x509SvidTtlSeconds: 77 }] : [fact],
  'another parent': (fact) =>
    fact.kind === 'registration-entry' && fact.spiffeId === ids.model
      ? [{ ...fact, parentId: 'spiffe://pipeline.example/spire/agent/none' }]
      : [fact],
  'one less': (fact) => (fact.kind === 'registration-entry' && fact.spiffeId === ids.gateway ? [] : [fact]),
  'one more': (fact) =>
    fact.kind === 'registration-entry' && fact.spiffeId === ids.gateway
      ? [fact, registrationEntry(spiffe('newcomer', 'ai'))]
      : [fact],
  'a banned agent': (fact) => (fact.kind === 'spire-agent' ? [{ ...fact, banned: true }] : [fact]),
}

function readAgain(state: ScopeState, at: number, change: keyof typeof changes): ScopeState {
  const facts = state.facts
    .flatMap((fact) => changes[change]?.(fact) ?? [])
    .map((fact) => ({ ...fact, from: { ...fact.from, observedAt: at } }))
  return { ...state, readAt: at, triedAt: at, facts }
}

describe('a SPIRE server that is read again', () => {
  it('leaves all but when the registrations were read the same objects where it says the same', () => {
    const started = startGraph(settings, pipeline.scopes, builtAt)
    const before = started.graph
    const again = spireScopes
      .filter(({ scope }) => scope === entries)
      .map((one) => readAgain(one, builtAt + 5, 'the same'))
    const { graph } = updateGraph(started, again, builtAt + 5)
    expect(graph.workloads.length).toBe(before.workloads.length)
    expect(graph.hops).toBe(before.hops)
    for (const [place, workload] of graph.workloads.entries()) {
      expect(workload.state).toBe(before.workloads[place]?.state)
      expect(workload.registration).toMatchObject({ known: true, fact: { observedAt: builtAt + 5 } })
    }
  })

  it('gives the same graph as building everything again, whatever it says and while it is silent', () => {
    const step = fc.record({
      change: fc.constantFrom(...Object.keys(changes)),
      scopes: fc.subarray(spireScopes.map(({ scope }) => scope)),
      silent: fc.boolean(),
      wait: fc.integer({ min: -6 * minute, max: 6 * minute }),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(rest, envoysGone),
        fc.array(step, { minLength: 1, maxLength: 4 }),
        (others, steps) => {
          const known = new Map([...others, ...spireScopes].map((state) => [state.scope, state]))
          let now = builtAt
          let built = startGraph(settings, [...known.values()], now)
          for (const { change, scopes, silent, wait } of steps) {
            now += wait
            const changed = spireScopes
              .filter(({ scope }) => scopes.includes(scope))
              .map((state) => (silent ? unreadScope(state.scope, state.facts) : readAgain(state, now, change)))
            for (const state of changed) known.set(state.scope, state)
            built = updateGraph(built, changed, now)
            expect(built.graph).toEqual(buildGraph(settings, [...known.values()], now))
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})
