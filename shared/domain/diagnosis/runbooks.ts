import type { Forecast } from './forecast/model.ts'
import type { HandshakeCause, NextStep, RequestCause } from './model.ts'
import type { IdentityCause } from './no-identity/model.ts'
import { tellOfIdentity } from './no-identity/reasons.ts'
import type { RunbookId } from './runbook-ids.ts'

/** What needs a page and is no cause: what is forecast, or seen without a refused request. */
export const conditions = [
  'rotation-overdue',
  'rotation-stopped',
  'spire-server-down',
  'authority-tainted',
  'signature-failure',
  'image-not-admitted',
  'every-hop-failing',
] as const
export type Condition = (typeof conditions)[number] | RequestCause | HandshakeCause | IdentityCause

/** What is not here needs no page. */
const byCondition: Readonly<Partial<Record<Condition, RunbookId>>> = {
  // causes of a refused request
  'policy-denied': 'policy-misconfiguration',
  'decision-undefined': 'policy-misconfiguration',
  'caller-not-allowed': 'policy-misconfiguration',
  'opa-unreachable': 'opa-unavailable',
  'opa-slow': 'opa-unavailable',
  'opa-erred': 'opa-unavailable',
  'failed-open': 'opa-unavailable',
  'stale-bundle': 'stale-bundle',
  'caller-unexpected': 'unexpected-caller',
  'caller-without-identity': 'no-identity-issued',
  'registration-not-reconciled': 'no-identity-issued',
  'vault-refused': 'vault-refusals',
  // causes of a handshake
  'server-certificate-expired': 'svid-rotation-failure',
  'client-certificate-expired': 'svid-rotation-failure',
  'server-issuer-not-trusted': 'trust-bundle-behind',
  'client-issuer-not-trusted': 'trust-bundle-behind',
  'client-has-no-svid': 'no-identity-issued',
  'server-has-no-svid': 'no-identity-issued',
  // causes of a missing identity
  'no-cluster-spiffeid': 'no-identity-issued',
  'selector-mismatch': 'no-identity-issued',
  'namespace-excluded': 'no-identity-issued',
  'class-without-manager': 'no-identity-issued',
  'template-fails': 'no-identity-issued',
  'entry-missing': 'no-identity-issued',
  'entry-selectors-mismatch': 'no-identity-issued',
  'entry-of-another-agent': 'no-identity-issued',
  'socket-not-mounted': 'no-identity-issued',
  'agent-not-attested': 'svid-rotation-failure',
  'agent-banned': 'svid-rotation-failure',
  'agent-not-in-sync': 'svid-rotation-failure',
  // conditions
  'rotation-overdue': 'svid-rotation-failure',
  'rotation-stopped': 'svid-rotation-failure',
  'spire-server-down': 'spire-server-unavailable',
  'authority-tainted': 'ca-compromise',
  'signature-failure': 'pipeline-integrity-violation',
  'image-not-admitted': 'binary-authorisation-failure',
  'every-hop-failing': 'mesh-failure',
}

/** The page of a cause or condition; null: none is needed. */
export function runbookOf(condition: Condition): RunbookId | null {
  return byCondition[condition] ?? null
}

/** Every condition that opens a page, for the index of the pages and for tests. */
export const conditionsWithRunbook = Object.keys(byCondition) as readonly Condition[]

/**
 * Of what nobody declared another thing may have happened: the image itself is one that nobody knows. Only somebody who looks at it
 * can tell, so the page is named with that condition.
 */
const strangers: readonly Condition[] = ['caller-unexpected', 'no-cluster-spiffeid']

/** The steps that name pages; none where there is none. */
export function runbookSteps(condition: Condition): readonly NextStep[] {
  const runbook = runbookOf(condition)
  if (runbook === null) return []
  const own: NextStep = { reason: tellOfIdentity('follow-runbook', { runbook }), command: null, open: null, runbook }
  const image = strangers.includes(condition) ? runbookOf('image-not-admitted') : null
  if (image === null) return [own]
  const reason = tellOfIdentity('runbook-of-image', { runbook: image })
  return [own, { reason, command: null, open: null, runbook: image }]
}

/** The step that leads to why a workload is given no identity. */
export function identityStep({ id, name }: { readonly id: string; readonly name: string }): NextStep {
  return {
    reason: tellOfIdentity('why-no-identity', { owner: name }),
    command: null,
    open: { kind: 'identity', workload: id },
  }
}

/** Of hops that fail at once, so many are more than one trouble of somebody's own. */
const many = 3

/** Hops that fail at once and have no workload in common: the cause is shared, not theirs. */
export function isManyAtOnce(hops: readonly HopEnds[]): boolean {
  if (hops.length < many) return false
  const ends = hops.map(({ from, to }) => [from.workload, to.workload])
  return !ends[0]?.some((end) => ends.every((each) => each.includes(end)))
}

interface HopEnds {
  readonly from: { readonly workload: string }
  readonly to: { readonly workload: string }
}

/** The pages of what a forecast tells, each once. A prepared authority that not everybody trusts yet is no incident. */
export function runbooksOfForecast({
  identities,
  authorities,
  causes,
  failures,
  open,
}: Forecast): readonly RunbookId[] {
  const told: Condition[] = []
  if (isManyAtOnce(failures.filter(({ isFailing }) => isFailing))) told.push('every-hop-failing')
  if (open.some(({ code }) => code === 'spire-tells-nothing')) told.push('spire-server-down')
  if (authorities.some(({ state }) => state === 'tainted')) told.push('authority-tainted')
  if (causes.some(({ kind }) => kind === 'authority')) told.push('server-issuer-not-trusted')
  for (const { rotation } of identities) {
    if (rotation.state === 'stopped') told.push('rotation-stopped')
    if (rotation.state === 'overdue' || rotation.state === 'expired') told.push('rotation-overdue')
  }
  return [...new Set(told.flatMap((condition) => runbookOf(condition) ?? []))]
}
