import type { IntegrityView } from '../domain/model/graph.ts'

export interface CountPart {
  readonly text: string
  readonly good: boolean
}

/** Checked signatures of outputs, what went wrong first; empty when none was checked, which is not the same as good. */
export function signatureCounts({ verified, failed, missing }: IntegrityView): readonly CountPart[] {
  return counted([
    ['failed', failed, false],
    ['missing', missing, false],
    ['verified', verified, true],
  ])
}

/** The user behind the requests: `exchanged` means that a stage got a new token for the same user. */
export function userIdentityCounts({ userIdentity }: IntegrityView): readonly CountPart[] {
  return counted([
    ['lost', userIdentity.lost, false],
    ['failed', userIdentity.failed, false],
    ['verified', userIdentity.verified, true],
    ['exchanged', userIdentity.exchanged, true],
  ])
}

function counted(parts: readonly (readonly [string, number, boolean])[]): readonly CountPart[] {
  return parts
    .filter(([, count]) => count > 0)
    .map(([word, count, good]) => ({ text: `${count.toLocaleString('en-GB')} ${word}`, good }))
}
