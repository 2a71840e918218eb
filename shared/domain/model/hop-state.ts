/**
 * The one table of hop states: used by window, words, design and tests.
 * Each rule that yields a state lists what it `needs`; a needed source missing gives `unknown`.
 */
export const transportStates = ['verified', 'one-sided', 'plaintext', 'failing', 'configured', 'unknown'] as const
/** configured: both ends are set up for TLS, but no handshake was seen in the window. */
export type TransportState = (typeof transportStates)[number]

export const authorisationStates = ['allowing', 'denying', 'erroring', 'failing-open', 'unguarded', 'unknown'] as const
/** erroring: fail-closed without a decision; failing-open: requests may pass without a decision; unguarded: nobody is asked, or the answer does not count. */
export type AuthorisationState = (typeof authorisationStates)[number]

export const claimStates = ['unclaimed', 'consistent', 'forwarded', 'contradicted', 'unknown'] as const
/**
 * What requests say in a header about who sent them, beside what the certificate proves. forwarded: the caller says who called
 * it, which this hop does not prove; contradicted: another identity is said, and whoever reads the header is misled.
 */
export type ClaimState = (typeof claimStates)[number]

export const relations = ['observed', 'granted', 'intended'] as const
/** observed: it happens; granted: configuration lets it happen; intended: intent.yaml wants it. A hop has a set of these. */
export type Relation = (typeof relations)[number]

export const workloadStates = ['verified', 'attention', 'failing', 'unknown', 'no-identity', 'external'] as const
export type WorkloadState = (typeof workloadStates)[number]

/** Worst first: what is folded into a group shows the first of these that any member has. */
export const transportSeverity: readonly TransportState[] = [
  'failing',
  'plaintext',
  'one-sided',
  'unknown',
  'configured',
  'verified',
]
export const workloadSeverity: readonly WorkloadState[] = [
  'failing',
  'no-identity',
  'attention',
  'unknown',
  'external',
  'verified',
]
export const authorisationSeverity: readonly AuthorisationState[] = [
  'failing-open',
  'erroring',
  'unguarded',
  'denying',
  'unknown',
  'allowing',
]
