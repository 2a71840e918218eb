import type { RefusalGroup, RefusalKind } from '../domain/diagnosis/refusals/model.ts'

/** Who said no, as the groups of refusals are headed. */
export const refusalKindLabels: Readonly<Record<RefusalKind, string>> = {
  policy: 'Denied by policy',
  'no-decision': 'Not a decision',
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
