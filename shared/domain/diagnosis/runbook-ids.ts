/** What to do when something of this kind happens: each has a page in docs/runbooks of this name. Names never change. */
export const runbooks = [
  'svid-rotation-failure',
  'spire-server-unavailable',
  'trust-bundle-behind',
  'ca-compromise',
  'pipeline-integrity-violation',
  'binary-authorisation-failure',
  'policy-misconfiguration',
  'opa-unavailable',
  'stale-bundle',
  'vault-refusals',
  'unexpected-caller',
  'mesh-failure',
  'no-identity-issued',
] as const
export type RunbookId = (typeof runbooks)[number]
