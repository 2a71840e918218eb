import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtAt, scope, unreadScope } from '../../../../test/builders/facts.ts'
import { ids, minute, pipeline, settings } from '../../../../test/builders/small-graph.ts'
import {
  vaultDenial,
  vaultEntity,
  vaultHolder,
  vaultLease,
  vaultScopes,
} from '../../../../test/builders/vault-facts.ts'
import type { Fact, ScopeState } from '../../model/fact.ts'
import { buildGraph, startGraph, updateGraph } from '../build.ts'
import { differences } from './fact-differences.ts'

describe('what went and what came between two readings', () => {
  const pool: readonly Fact[] = Array.from({ length: 90 }, (_, place) => vaultLease(`l${place}`, null))
  const anyReading = fc.oneof(
    fc.subarray([...pool]),
    fc.shuffledSubarray([...pool]),
    // One stretch is taken out, which may be longer than is looked ahead.
    fc.tuple(fc.nat(90), fc.nat(90)).map(([from, to]) => pool.filter((_, place) => place < from || place > to)),
  )

  it('leads from the one to the other', () => {
    fc.assert(
      fc.property(anyReading, anyReading, (before, after) => {
        const { gone, come } = differences(before, after)
        const stayed = before.filter((fact) => !gone.includes(fact))
        expect(stayed.filter((fact) => come.includes(fact))).toEqual([])
        expect(new Set([...stayed, ...come])).toEqual(new Set(after))
        expect([gone.length, come.length]).toEqual([new Set(gone).size, new Set(come).size])
        expect(gone.every((fact) => before.includes(fact))).toBe(true)
      }),
    )
  })
})

it('passes what stayed, also where some before it were replaced, taken out or put in', () => {
  const facts = Array.from({ length: 200 }, (_, place) => vaultLease(`l${place}`, null))
  const [another, more] = [vaultLease('another', null), vaultLease('more', null)]
  const after = facts.with(3, another).toSpliced(50, 20).toSpliced(90, 0, more)
  const { gone, come } = differences(facts, after)
  expect(gone).toEqual([facts[3], ...facts.slice(50, 70)])
  expect(come).toEqual([another, more])
})

describe('leases of which most stay the same objects', () => {
  const audit = 'logs/vault-audit/activity'
  const looked = 'vault/vault/leases'
  const entities = 'vault/vault/entities'
  const holders = [
    vaultHolder(ids.model),
    vaultHolder(ids.tool),
    vaultHolder('ai/model-server'),
    vaultHolder(ids.gateway, { subject: null }),
    vaultHolder('x', { subject: null, displayName: 'x' }),
    null,
  ]
  const anyFact = fc
    .record({
      name: fc.nat(11),
      holder: fc.constantFrom(...holders),
      left: fc.integer({ min: -5, max: 90 }),
      state: fc.constantFrom('active' as const, 'active' as const, 'revoked' as const, 'expired' as const),
      vault: fc.constantFrom('vault', 'vault', 'vault', 'other'),
      isDenial: fc.nat(9).map((place) => place === 0),
    })
    .map(
      ({ name, holder, left, state, vault, isDenial }): Fact =>
        isDenial
          ? vaultDenial(holder, { id: `denial/${name}` }, vault)
          : vaultLease(
              `l${name}`,
              holder,
              { id: `lease/${vault}/${name}`, state, expiresAt: builtAt + left * minute },
              vault,
            ),
    )
  const anyEdit = fc.record({
    kind: fc.constantFrom('put', 'put', 'put', 'remove', 'turn', 'silent', 'again', 'wait', 'wait', 'alias', 'gone'),
    scope: fc.constantFrom(audit, audit, looked),
    fact: anyFact,
    at: fc.nat(11),
    wait: fc.integer({ min: -20 * minute, max: 20 * minute }),
  })

  function edited(state: ScopeState, { kind, fact, at }: { kind: string; fact: Fact; at: number }): ScopeState {
    const others = state.facts.filter(({ id }) => id !== fact.id)
    const facts = (): readonly Fact[] => {
      if (kind === 'put') return others.toSpliced(Math.min(at, others.length), 0, fact)
      if (kind === 'remove') return state.facts.filter((_, place) => place !== at)
      if (kind === 'turn') return state.facts.toReversed()
      return state.facts
    }
    return kind === 'silent' ? unreadScope(state.scope, state.facts) : scope(state.scope, facts())
  }

  it('are joined as by building everything again', () => {
    let most = 0
    fc.assert(
      fc.property(
        fc.uniqueArray(anyFact, { maxLength: 12, selector: ({ id }) => id }),
        fc.array(anyEdit, { minLength: 1, maxLength: 8 }),
        (told, edits) => {
          const first = vaultScopes(told.filter((fact) => fact.kind === 'vault-lease' || fact.kind === 'vault-denial'))
          const all = [...pipeline.scopes, ...first, scope(looked, [])]
          const known = new Map(all.map((state) => [state.scope, state]))
          let now = builtAt
          let built = startGraph(settings, all, now)
          for (const edit of edits) {
            now += edit.wait
            const id = edit.kind === 'alias' ? entities : edit.scope
            const before = known.get(id) ?? scope(id, [])
            const name = edit.at % 2 === 0 ? ids.gateway : ids.tool
            const entity = vaultEntity(`entity-${ids.gateway}`, {
              aliases: [{ mountPath: 'auth/jwt/', mountType: 'jwt', name }],
              disabled: edit.at > 8,
            })
            const after = edit.kind === 'alias' ? scope(id, [entity]) : edited(before, edit)
            if (edit.kind === 'gone') known.delete(id)
            else if (edit.kind !== 'wait') known.set(id, after)
            const changed = edit.kind === 'gone' || edit.kind === 'wait' ? [] : [after]
            built = updateGraph(built, changed, now, edit.kind === 'gone' ? [id] : [])
            expect(built.graph).toEqual(buildGraph(settings, [...known.values()], now))
            for (const { vault } of built.graph.control) most = Math.max(most, vault?.active ?? 0)
          }
        },
      ),
      { numRuns: 80 },
    )
    // Else nothing would have been joined.
    expect(most).toBeGreaterThan(3)
  })
})
