import type { RefusalGroup, RefusalKind } from '../domain/diagnosis/refusals/model.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { formatClock } from './durations.ts'

/** Who said no, as the groups of refusals are headed. */
export const refusalKindLabels: Readonly<Record<RefusalKind, string>> = {
  policy: 'Denied by policy',
  'no-decision': 'No decision',
  filter: 'Envoy’s own filter',
  application: 'Application',
  vault: 'Vault',
  unknown: 'Cause unknown',
}

type Told = Pick<RefusalGroup, 'kind' | 'reason' | 'revision' | 'details' | 'status'>

/** Why, in one line: what the policy or the source says, as it says it. */
export function refusalWhy({ kind, reason, revision, details, status }: Told): string {
  const by = revision === null ? '' : ` · ${revision}`
  const answered = status === null ? 'status not known' : `${status}`
  switch (kind) {
    case 'policy':
      return reason === null ? `the decision is not held, or gives no reason${by}` : `${reason}${by}`
    case 'no-decision':
      return `${details ?? 'no decision came'}${reason === null ? '' : ` · ${reason}`}${by}`
    case 'application':
      return `${answered} came from the application`
    case 'vault':
      return details ?? reason ?? 'it gave no reason'
    case 'filter':
      return `${details ?? answered}`
    case 'unknown':
      return details ?? answered
  }
}

/** Name of one end: as drawn, else its SPIFFE ID without the trust domain; "not known". */
export function endName(end: RefusalGroup['from']): string {
  return end.name ?? end.spiffeId?.replace(/^spiffe:\/\/[^/]+\//, '') ?? 'not known'
}

/** What is said at `now` of a refusal that no id leads to. `literal` is the source's own text. Times are UTC. */
export function refusalAloneWords(
  group: RefusalGroup,
  now: EpochMs,
): {
  readonly title: string
  readonly literal: string | null
  readonly times: string
  readonly why: string
  readonly next: string
  /** Where more is written. */
  readonly page: string
} {
  const { from, to, kind, details, reason, count, first, latest } = group
  const clock = (at: EpochMs) => `${formatClock(at, now)} UTC`
  const [caller, callee] = [endName(from), endName(to)]
  const times =
    count === 1
      ? `Once, at ${clock(latest.at)}.`
      : `${count.toLocaleString('en-GB')} times, first at ${clock(first)}, last at ${clock(latest.at)}.`
  const literal = details ?? reason
  if (kind === 'vault') {
    return {
      title: `${callee} refused ${from.name === null && from.spiffeId === null ? 'a caller that is not known' : caller}`,
      literal,
      times,
      why: 'An audit log of Vault has ids of its own, which no request of the pipeline carries. Which request it was for cannot be told.',
      next: `Look at the policy of the caller’s Vault role, and whether Vault is sealed.${from.workload === null ? '' : ' On the graph the workload shows which leases it still holds, and until when.'}`,
      page: 'docs/runbooks/vault-refusals.md',
    }
  }
  return {
    title: 'No id leads to a request of this group',
    literal,
    times,
    why: `The record of what ${callee} refused ${caller} has no id of a request, a trace or a decision, so the calls around it cannot be found.`,
    next: 'Have Envoy write x-request-id into its access log: then the next refusal can be diagnosed.',
    page: 'docs/formats/envoy-access-log.md',
  }
}
