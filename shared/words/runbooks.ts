import type { RunbookId } from '../domain/diagnosis/runbook-ids.ts'

/** The titles of the pages in docs/runbooks; how urgent each is stands in the pages. */
export const runbookTitles: Readonly<Record<RunbookId, string>> = {
  'svid-rotation-failure': 'SVID rotation failure',
  'spire-server-unavailable': 'SPIRE server unavailable',
  'trust-bundle-behind': 'A trust bundle is behind',
  'ca-compromise': 'CA compromise',
  'pipeline-integrity-violation': 'Pipeline integrity violation',
  'binary-authorisation-failure': 'Binary authorisation failure',
  'policy-misconfiguration': 'A policy denies what it ought to allow',
  'opa-unavailable': 'No decisions from OPA',
  'stale-bundle': 'OPA decides by an old bundle',
  'vault-refusals': 'A stage gets no credential from Vault',
  'unexpected-caller': 'A call between stages that nobody intended',
  'mesh-failure': 'Most hops fail at once',
  'no-identity-issued': 'No identity issued',
}

export function isRunbook(text: string): text is RunbookId {
  return Object.hasOwn(runbookTitles, text)
}
