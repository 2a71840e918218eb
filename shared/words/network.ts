import type { NetworkView } from '../domain/model/graph.ts'
import { assertNever } from '../lib/assert-never.ts'

type Verdict = NetworkView['verdict']

/** With a shape before the word, so that colour is not needed. */
export function networkWord(verdict: Verdict): string {
  switch (verdict) {
    case 'admitted':
      return '✓ admitted'
    case 'blocked':
      return '✕ blocked'
    case 'unrestricted':
      return '○ unrestricted'
    default:
      return assertNever(verdict)
  }
}

/** One direction: "admitted on port 8443", "no policy restricts it". */
export function directionWords(verdict: Verdict, port: number | null): string {
  if (verdict === 'unrestricted') return 'no policy restricts it'
  return port === null ? verdict : `${verdict} on port ${port}`
}

/** What the verdict means, and that it is computed and not seen. */
export function networkSentence({ verdict, ingress, egress }: NetworkView): string {
  const limits = 'Computed from NetworkPolicy objects; nothing here proves that the cluster’s network enforces them.'
  switch (verdict) {
    case 'admitted':
      return `The policies that restrict this hop admit it. ${limits}`
    case 'blocked':
      return `${blockedSide(ingress, egress)} ${limits}`
    case 'unrestricted':
      return `No policy restricts who calls the callee, so the network does not stand in anyone’s way. ${limits}`
    default:
      return assertNever(verdict)
  }
}

function blockedSide(ingress: Verdict, egress: Verdict): string {
  if (ingress === 'blocked' && egress === 'blocked')
    return 'Policies restrict what the caller may reach and who may call the callee, and none admits this hop.'
  return ingress === 'blocked'
    ? 'Policies restrict who may call the callee, and none admits this caller.'
    : 'Policies restrict what the caller may reach, and none admits this callee.'
}
