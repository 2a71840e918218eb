import type { ControlComponent } from '../../model/graph.ts'
import type { OpaBundleFact, OpaInstanceFact } from '../../model/opa-facts.ts'
import { clockOff } from '../clocks.ts'
import { isCurrent, type OpaRecord, type Scoped } from '../instances/records.ts'
import { judged, missing } from '../known.ts'
import { reason } from '../reasons.ts'
import { bundleProblem, isStale, lastReadOf, type NewestRevisions, silence, staleLimitSeconds } from './opa-health.ts'

/** Policy bundles with the OPAs that have them. */
export function policyBundles(
  opas: readonly OpaRecord[],
  newest: NewestRevisions,
  limit: number | null,
): readonly ControlComponent[] {
  const byName = new Map<string, Scoped<OpaBundleFact>[]>()
  for (const opa of opas) {
    for (const bundle of opa.bundles) {
      const known = byName.get(bundle.fact.name)
      if (known === undefined) byName.set(bundle.fact.name, [bundle])
      else known.push(bundle)
    }
  }
  return [...byName].map(([name, held]) => {
    const current = held.filter(({ scope }) => isCurrent(scope))
    const revision = newest.get(name) ?? null
    const onNewest = current.filter(({ fact }) => fact.activeRevision === revision && revision !== null)
    const counts = { count: onNewest.length, total: held.length }
    const summary =
      revision !== null && onNewest.length === held.length
        ? reason('bundle-converged', { revision, ...counts })
        : reason('bundle-mixed', { revision, ...counts })
    const base = { id: `control/opa-bundle/${name}`, kind: 'opa-bundle', name, summary } as const
    const failing = current.filter(({ fact }) => bundleProblem(fact) !== null)
    if (failing.length > 0) {
      const why = reason('bundle-with-errors', { bundle: name, failing: failing.length, total: held.length })
      const ids = failing.map(({ fact }) => fact.id)
      return { ...base, state: judged('attention', why, ids, { basis: 'measured' }) }
    }
    const different = contentsDiffer(name, current, opas)
    if (different !== null) return { ...base, state: different }
    const stale = current.filter(({ fact }) => isStale(fact, limit))
    if (stale.length > 0) {
      const why = reason('bundle-with-stale', { bundle: name, stale: stale.length, total: held.length })
      return {
        ...base,
        state: judged(
          'attention',
          why,
          stale.map(({ fact }) => fact.id),
        ),
      }
    }
    if (current.length < held.length) {
      const why = reason('bundle-unread', { bundle: name, unread: held.length - current.length, total: held.length })
      const gone = held
        .filter(({ scope }) => !isCurrent(scope))
        .map(({ fact, scope }) => missing('opa', fact.opa, 'bundle-status', scope))
      return { ...base, state: judged('unknown', why, [], { missing: gone }) }
    }
    const ids = current.map(({ fact }) => fact.id)
    return { ...base, state: judged(onNewest.length < held.length ? 'attention' : 'verified', summary, ids) }
  })
}

/** A bundle that was activated this long before it was read is what the modules of the same reading come from. */
const settledMs = 30_000

/** The same revision says the same contents; null: nothing speaks against it. OPA names the modules of a bundle `<bundle>/<file>`. */
function contentsDiffer(
  bundle: string,
  current: readonly Scoped<OpaBundleFact>[],
  opas: readonly OpaRecord[],
): ControlComponent['state'] | null {
  const first = new Map<string, { readonly opa: string; readonly modules: string; readonly ids: readonly string[] }>()
  for (const { fact } of current) {
    const revision = fact.activeRevision
    const activatedAt = fact.lastSuccessfulActivationAt
    if (revision === null || revision === '' || activatedAt === null || fact.from.observedAt - activatedAt < settledMs)
      continue
    const held = (opas.find(({ id }) => id === fact.opa)?.policies ?? []).filter(
      (policy) => policy.fact.policyId.startsWith(`${bundle}/`) && isCurrent(policy.scope),
    )
    if (held.length === 0) continue
    const modules = held.map((policy) => `${policy.fact.policyId} ${policy.fact.sha256}`).join('\n')
    const ids = [fact.id, ...held.map((policy) => policy.fact.id)]
    const known = first.get(revision)
    if (known === undefined) first.set(revision, { opa: fact.opa, modules, ids })
    else if (known.modules !== modules) {
      const why = reason('bundle-contents-differ', { bundle, revision, opa: known.opa, other: fact.opa })
      return judged('attention', why, [...known.ids, ...ids], { basis: 'measured' })
    }
  }
  return null
}

/** One OPA: whether it answers, decides in earnest, has what it should decide by, and keeps what it decided. */
export function opaInstance(opa: OpaRecord, limit: number | null): ControlComponent {
  const base = { id: `control/opa/${opa.id}`, kind: 'opa-instance', name: opa.id } as const
  const gap = silence(opa)
  const lastReadAt = lastReadOf(opa)
  if (gap !== null) {
    const why = reason('opa-silent', { opa: opa.id, detail: gap.detail === '' ? gap.reason : gap.detail, lastReadAt })
    const known: Scoped<OpaInstanceFact> | null = opa.instance
    return {
      ...base,
      state: judged('failing', why, [known?.fact.id], { basis: 'measured', since: lastReadAt }),
      summary: why,
    }
  }
  if (!opa.scopes.some((scope) => isCurrent(scope))) {
    const why = reason('opa-not-read-yet', { opa: opa.id })
    const gone = missing('opa', opa.id, 'status', opa.scopes[0])
    return { ...base, state: judged('unknown', why, [], { missing: [gone] }), summary: why }
  }
  const bundles = opa.bundles.filter(({ scope }) => isCurrent(scope))
  const [first] = bundles
  const summary =
    first === undefined
      ? reason('opa-bundle-unknown', { opa: opa.id })
      : reason('opa-revision', { opa: opa.id, revision: first.fact.activeRevision })
  const trouble = notEnforcing(opa)
  if (trouble !== null) return { ...base, ...trouble, summary }
  for (const { fact } of bundles) {
    const problem = bundleProblem(fact)
    const params = { opa: opa.id, bundle: fact.name, revision: fact.activeRevision }
    if (problem !== null) {
      const why = reason('opa-bundle-error', { ...params, ...problem })
      return { ...base, state: judged('attention', why, [fact.id], { basis: 'measured' }), summary }
    }
    if (isStale(fact, limit)) {
      const limitSeconds = staleLimitSeconds(fact, limit)
      const why = reason('opa-bundle-stale', { ...params, fetchedAt: fact.lastSuccessfulRequestAt, limitSeconds })
      return { ...base, state: judged('attention', why, [fact.id]), summary }
    }
  }
  const lost = losingDecisions(opa) ?? wrongClock(opa)
  if (lost !== null) return { ...base, ...lost, summary }
  if (first === undefined) {
    const gone = missing(
      'opa',
      opa.id,
      'bundle-status',
      opa.scopes.find((scope) => scope.gaps.length > 0),
    )
    return { ...base, state: judged('unknown', summary, [opa.instance?.fact.id], { missing: [gone] }), summary }
  }
  const ids = [opa.instance?.fact.id, ...bundles.map(({ fact }) => fact.id)]
  return { ...base, state: judged('verified', reason('opa-current', { opa: opa.id }), ids), summary }
}

type Told = Pick<ControlComponent, 'state'>

/** The opa-envoy plugin in dry-run evaluates, logs what it would have decided, and answers OK whatever that was. */
function notEnforcing({ id, instance }: OpaRecord): Told | null {
  if (instance === null || instance.fact.extAuthz?.dryRun !== true || !isCurrent(instance.scope)) return null
  return { state: judged('attention', reason('opa-dry-run', { opa: id }), [instance.fact.id], { basis: 'measured' }) }
}

/** It judges tokens, and everything that a policy asks of the time, by a clock that is not everybody's. */
function wrongClock({ id, instance }: OpaRecord): Told | null {
  if (instance === null || !isCurrent(instance.scope)) return null
  const off = clockOff(instance.fact.clockSkewMs)
  if (off === null) return null
  return { state: judged('attention', reason('opa-clock-off', { opa: id, ...off }), [instance.fact.id]) }
}

/** What it decides does not arrive where it is kept: who looks there does not see everything. */
function losingDecisions({ id, decisionLog }: OpaRecord): Told | null {
  if (decisionLog === null || !isCurrent(decisionLog.scope)) return null
  const { code, message, service, dropped } = decisionLog.fact
  const why =
    code !== null
      ? reason('opa-decision-log-error', { opa: id, service, code, message })
      : dropped !== null && dropped > 0
        ? reason('opa-decisions-dropped', { opa: id, dropped })
        : null
  return why === null ? null : { state: judged('attention', why, [decisionLog.fact.id], { basis: 'measured' }) }
}
