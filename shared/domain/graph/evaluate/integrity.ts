import type { IntegrityView, Known } from '../../model/graph.ts'
import type { IntegrityActivityFact } from '../../model/log-facts.ts'
import { isCurrent, type Scoped } from '../instances/records.ts'
import { known, notKnown } from '../known.ts'
import { reason } from '../reasons.ts'
import { currentFirst } from './sides.ts'

/** What the stages of a hop proved to each other in the counted window, of all logs together. */
export function integrityOf(reports: readonly Scoped<IntegrityActivityFact>[]): Known<IntegrityView> {
  const counted = currentFirst(reports)
  const [first] = counted
  if (first === undefined) return unseen
  const signature = { verified: 0, failed: 0, missing: 0 }
  const userIdentity = { verified: 0, exchanged: 0, lost: 0, failed: 0 }
  let lastFailure: IntegrityView['lastFailure'] = null
  for (const { fact } of counted) {
    signature.verified += fact.signature.verified
    signature.failed += fact.signature.failed
    signature.missing += fact.signature.missing
    userIdentity.verified += fact.userIdentity.verified
    userIdentity.exchanged += fact.userIdentity.exchanged
    userIdentity.lost += fact.userIdentity.lost
    userIdentity.failed += fact.userIdentity.failed
    if (fact.lastFailure !== null && fact.lastFailure.at > (lastFailure?.at ?? 0)) lastFailure = fact.lastFailure
  }
  const windowSeconds = Math.max(1, Math.round((first.fact.windowTo - first.fact.windowFrom) / 1000))
  return known({ windowSeconds, ...signature, userIdentity, lastFailure }, first.fact, first.scope)
}

const unseen = notKnown(reason('not-seen-in-window', { what: 'integrity-events' }))

/** Trouble that the stages themselves report of calls to a workload, the worst first; null: none is reported now. */
export function integrityTrouble(
  reports: readonly { readonly caller: string; readonly report: Scoped<IntegrityActivityFact> }[],
): {
  readonly code: 'signatures-refused' | 'user-identity-lost' | 'user-identity-refused'
  readonly params: Readonly<Record<string, string | number | null>>
  readonly restsOn: readonly string[]
} | null {
  for (const code of ['signatures-refused', 'user-identity-refused', 'user-identity-lost'] as const) {
    for (const { caller, report } of reports) {
      if (!isCurrent(report.scope)) continue
      const { signature, userIdentity, lastFailure, id } = report.fact
      const failed =
        code === 'signatures-refused'
          ? signature.failed + signature.missing
          : code === 'user-identity-lost'
            ? userIdentity.lost
            : userIdentity.failed
      if (failed === 0) continue
      const total =
        code === 'signatures-refused'
          ? signature.verified + failed
          : userIdentity.verified + userIdentity.exchanged + userIdentity.lost + userIdentity.failed
      return { code, params: { caller, failed, total, cause: lastFailure?.reason ?? null }, restsOn: [id] }
    }
  }
  return null
}
