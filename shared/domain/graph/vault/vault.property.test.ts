import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtAt, scope, unreadScope } from '../../../../test/builders/facts.ts'
import { clusterScopes } from '../../../../test/builders/kubernetes-facts.ts'
import { ids, minute, pipeline, settings } from '../../../../test/builders/small-graph.ts'
import {
  vaultDenial,
  vaultEntity,
  vaultHolder,
  vaultLease,
  vaultScopes,
  vaultServer,
} from '../../../../test/builders/vault-facts.ts'
import { missingParam } from '../../../words/param-text.ts'
import { reasonSentence } from '../../../words/reasons.ts'
import type { ScopeState } from '../../model/fact.ts'
import type { Reason, TrustGraph, Workload } from '../../model/graph.ts'
import { buildGraph, startGraph, updateGraph } from '../build.ts'

const audit = 'logs/vault-audit/activity'
const intent = { ...pipeline.intent, credentials: [{ mount: 'database/', stage: 'tool-runtime' }] }
const withIntent = { ...settings, intent }

const anyHolder = fc.constantFrom(
  vaultHolder(ids.model),
  vaultHolder(ids.tool),
  vaultHolder('ai/model-server'),
  vaultHolder('ai/nobody'),
  vaultHolder('spiffe://pipeline.example/ns/ai/sa/gone'),
  vaultHolder('spiffe://other.example/x'),
  vaultHolder('root', { subject: null, entityId: null, displayName: 'root' }),
  vaultHolder(ids.gateway, { subject: null }),
  null,
)

const anyLease = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    holder: anyHolder,
    left: fc.integer({ min: -10, max: 200 }),
    isEndless: fc.boolean(),
    state: fc.constantFrom('active' as const, 'active' as const, 'expired' as const, 'revoked' as const),
    doubt: fc.constantFrom(null, null, 'expiry-unknown' as const, 'expiry-passed' as const, 'lines-missed' as const),
    learntFrom: fc.constantFrom('audit' as const, 'lookup' as const, 'list' as const),
  })
  .map(({ name, holder, left, isEndless, ...rest }) =>
    vaultLease(name, holder, { ...rest, expiresAt: isEndless ? null : builtAt + left * minute }),
  )

const anyVault = fc
  .record({
    leases: fc.uniqueArray(anyLease, { maxLength: 4, selector: ({ leaseId }) => leaseId }),
    looked: fc.uniqueArray(anyLease, { maxLength: 2, selector: ({ leaseId }) => leaseId }),
    denied: fc.uniqueArray(anyHolder, { maxLength: 2, selector: (holder) => holder?.displayName ?? '' }),
    isDisabled: fc.boolean(),
    isSealed: fc.boolean(),
  })
  .map(({ leases, looked, denied, isDisabled, isSealed }) => {
    const entity = vaultEntity(vaultHolder(ids.model).entityId ?? '', { disabled: isDisabled })
    const given = vaultScopes([...leases, ...denied.map((holder) => vaultDenial(holder))], [entity]).map((state) =>
      state.scope === 'vault/vault/server' ? { ...state, facts: [vaultServer({ sealed: isSealed })] } : state,
    )
    const told = looked.map((lease) => ({ ...lease, id: lease.id.replace(audit, 'vault/vault/leases') }))
    return [...given, scope('vault/vault/leases', told)]
  })

const base = [...pipeline.scopes, ...clusterScopes(pipeline.workloads, pipeline.calls)]
const scopeIds = [...base, ...vaultScopes([]), scope('vault/vault/leases', [])].map((state) => state.scope)
const anyPlaces = (maxLength: number) => fc.array(fc.nat(scopeIds.length - 1), { maxLength })

/** A pipeline in a cluster with a Vault; some scopes silent, some not there. */
const anyScopes = fc
  .record({ vault: anyVault, silent: anyPlaces(3), gone: anyPlaces(4) })
  .map(({ vault, silent, gone }) =>
    [...base, ...vault].flatMap((state) => {
      const place = scopeIds.indexOf(state.scope)
      if (gone.includes(place)) return []
      return [silent.includes(place) ? unreadScope(state.scope, state.facts) : state]
    }),
  )
const anyMoment = fc.integer({ min: -20, max: 220 }).map((shift) => builtAt + shift * minute)

function build(scopes: readonly ScopeState[], now = builtAt): TrustGraph {
  return buildGraph(withIntent, scopes, now)
}

describe('whatever Vault says', () => {
  it('gives no defect, words for every reason, and rests on known facts only', () => {
    fc.assert(
      fc.property(anyScopes, anyMoment, (scopes, now) => {
        const graph = build(scopes, now)
        const known = new Set(scopes.flatMap((state) => state.facts.map((fact) => fact.id)))
        expect(graph.defects).toEqual([])
        for (const each of reasonsIn(graph)) {
          expect(reasonSentence(each)).not.toContain('No words are known')
          expect(reasonSentence(each)).not.toContain(missingParam)
        }
        for (const { state } of [...graph.workloads, ...graph.control]) {
          for (const id of state.restsOn) expect(known).toContain(id)
        }
      }),
      { numRuns: 80 },
    )
  })

  it('does not depend on the order of scopes', () => {
    fc.assert(
      fc.property(
        anyScopes.chain((scopes) =>
          fc.tuple(fc.constant(scopes), fc.shuffledSubarray([...scopes], { minLength: scopes.length })),
        ),
        ([scopes, shuffled]) => {
          expect(build(shuffled)).toEqual(build(scopes))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('counts each lease that has not ended once, at its holder or among those of nobody', () => {
    fc.assert(
      fc.property(anyScopes, anyMoment, (scopes, now) => {
        const graph = build(scopes, now)
        const component = graph.control.find(({ kind }) => kind === 'vault')
        const held = graph.workloads.flatMap(({ leases }) => (leases.known ? leases.value.leases : []))
        const orphaned = component?.vault?.orphaned.map(({ lease }) => lease) ?? []
        const open = [...held, ...orphaned].filter(({ state }) => state === 'active' || state === 'unclear')
        expect(new Set(open.map(({ leaseId }) => leaseId)).size).toBe(component?.vault?.active ?? 0)
        expect(new Set(held.map(({ leaseId }) => leaseId)).size).toBe(held.length)
      }),
      { numRuns: 100 },
    )
  })
})

describe('what is said of leases as of now', () => {
  const needs = ['vault/vault/server', audit]

  it('is lost with each source that it cannot do without', () => {
    fc.assert(
      fc.property(anyScopes, fc.constantFrom(...needs), (scopes, id) => {
        const silent = scopes.map((state) => (state.scope === id ? unreadScope(id, state.facts) : state))
        const gone = scopes.filter((state) => state.scope !== id)
        for (const given of [silent, gone]) {
          if (!given.some((state) => state.scope.startsWith('vault/') || state.scope === audit)) continue
          const graph = build(given)
          const vault = graph.control.find(({ kind }) => kind === 'vault')
          if (vault === undefined) continue
          expect(['unknown', 'failing']).toContain(vault.state.state)
          for (const one of graph.workloads) expect([one.id, isClaimed(one)]).toEqual([one.id, false])
        }
      }),
      { numRuns: 80 },
    )
  })

  it('is never claimed of a sealed Vault', () => {
    fc.assert(
      fc.property(anyScopes, (scopes) => {
        const sealed = scopes.map((state) =>
          state.scope === 'vault/vault/server' ? { ...state, facts: [vaultServer({ sealed: true })] } : state,
        )
        const graph = build(sealed)
        if (!graph.control.some(({ kind }) => kind === 'vault')) return
        for (const one of graph.workloads) expect(isClaimed(one)).toBe(false)
      }),
      { numRuns: 60 },
    )
  })
})

describe('an update', () => {
  const step = fc.record({
    replaced: anyScopes,
    chosen: anyPlaces(5),
    removed: anyPlaces(2),
    wait: fc.integer({ min: -15 * minute, max: 15 * minute }),
  })

  it('gives the same graph as building everything again', () => {
    fc.assert(
      fc.property(anyScopes, fc.array(step, { minLength: 1, maxLength: 4 }), (first, steps) => {
        const known = new Map(first.map((state) => [state.scope, state]))
        let now = builtAt
        let built = startGraph(withIntent, first, now)
        for (const { replaced, chosen, removed, wait } of steps) {
          now += wait
          const changed = replaced.filter((state) => chosen.includes(scopeIds.indexOf(state.scope)))
          const dropped = removed
            .map((place) => scopeIds[place] ?? '')
            .filter((id) => !changed.some((state) => state.scope === id))
          for (const state of changed) known.set(state.scope, state)
          for (const id of dropped) known.delete(id)
          built = updateGraph(built, changed, now, dropped)
          expect(built.graph).toEqual(buildGraph(withIntent, [...known.values()], now))
        }
      }),
      { numRuns: 80 },
    )
  })
})

describe('a holder that comes and goes', () => {
  const stranger = 'spiffe://pipeline.example/ns/ai/sa/gone'
  const held = vaultScopes([vaultLease('t', vaultHolder(ids.tool)), vaultLease('o', vaultHolder(stranger))])
  const runs = (id: string) => id.startsWith('envoy/tool-runtime/') || id.startsWith('logs/')
  const without = (state: ScopeState): ScopeState => ({
    ...state,
    facts: state.facts.filter(
      (fact) =>
        !(fact.kind === 'registration-entry' && fact.spiffeId === ids.tool) &&
        !(fact.kind === 'pod' && fact.serviceAccount === 'tool-runtime') &&
        fact.kind !== 'hop-activity',
    ),
  })
  const told = base.filter(
    ({ scope: id }) => runs(id) || id === 'spire/spire/entries' || id === 'kubernetes/cluster/pods',
  )
  const rest = base.filter((state) => !told.includes(state))
  type Variant = 'as it is' | 'without it' | 'silent' | 'gone'
  type Part = 'running' | 'entries' | 'pods'
  const partOf = (id: string): Part => (runs(id) ? 'running' : id.startsWith('spire/') ? 'entries' : 'pods')
  /** What shows that it runs is changed together: mostly all of it is there, or nothing is. */
  const anyStep = fc.record({
    part: fc.constantFrom<Part>('running', 'entries', 'pods'),
    variant: fc.constantFrom<Variant>('as it is', 'without it', 'silent', 'gone'),
  })
  const goes: readonly { part: Part; variant: Variant }[] = [
    { part: 'pods', variant: 'without it' },
    { part: 'entries', variant: 'without it' },
    { part: 'running', variant: 'gone' },
    { part: 'running', variant: 'as it is' },
    { part: 'running', variant: 'silent' },
    { part: 'entries', variant: 'silent' },
  ]

  it('is found gone, unseen or running as by building everything again', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 2, maxLength: 6 }), (steps) => {
        const known = new Map(told.map((state) => [state.scope, state]))
        let built = startGraph(withIntent, [...rest, ...told, ...held], builtAt)
        for (const { part, variant } of steps) {
          const meant = told.filter((state) => partOf(state.scope) === part)
          for (const { scope: id } of meant) known.delete(id)
          const changed = variant === 'gone' ? [] : meant.map((state) => changedTo(variant, state))
          for (const state of changed) known.set(state.scope, state)
          const dropped = variant === 'gone' ? meant.map((state) => state.scope) : []
          built = updateGraph(built, changed, builtAt, dropped)
          expect(built.graph).toEqual(buildGraph(withIntent, [...rest, ...known.values(), ...held], builtAt))
          const orphans = built.graph.control.find(({ kind }) => kind === 'vault')?.vault?.orphaned ?? []
          seen.add(orphans.map(({ lease, kind }) => `${lease.leaseId.at(-1)} ${kind}`).join(', '))
        }
      }),
      { numRuns: 60, examples: [[[...goes]]] },
    )
    // Else the property would have said nothing.
    expect([...seen].sort()).toEqual(expect.arrayContaining(['o gone', 'o gone, t gone', 'o unmatched, t unmatched']))
  })

  function changedTo(variant: Variant, state: ScopeState): ScopeState {
    return variant === 'silent'
      ? unreadScope(state.scope, state.facts)
      : variant === 'as it is'
        ? state
        : without(state)
  }
})

/** Whether its card says that it holds so many, or none, now. */
function isClaimed({ slots: { vault } }: Workload): boolean {
  return vault.kind === 'value' || (vault.kind === 'none' && vault.reason !== undefined)
}

function reasonsIn(value: unknown): readonly Reason[] {
  if (typeof value !== 'object' || value === null) return []
  const own = isReason(value) ? [value] : []
  return [...own, ...Object.values(value).flatMap(reasonsIn)]
}

function isReason(value: object): value is Reason {
  return 'code' in value && 'params' in value && typeof value.code === 'string'
}
