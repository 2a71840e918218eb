import type { LeaseView } from '../../model/graph.ts'
import type { VaultLeaseFact } from '../../model/vault-facts.ts'
import { compareTexts } from '../in-order.ts'
import { referenceTo } from '../known.ts'
import { hasCome, type Moment } from '../moment.ts'
import type { Stages } from '../stages.ts'
import { type HeldLease, spanOf, type ToldLease } from './lease-book.ts'
import type { Holding } from './lineage.ts'

/** Short-lived credentials are the point of Vault: longer than this needs a look. */
export const longestLeaseSeconds = 3600
/** Vault writes both times with nanoseconds, and whole seconds as TTL. */
const roundingSeconds = 5

/** One lease as it is shown. `isBlind`: nothing can be said of its Vault now, so its end is not known to have been kept. */
export function leaseView({ lease, holding }: HeldLease, isBlind: boolean, stages: Stages, moment: Moment): LeaseView {
  const { fact, from } = lease
  const ttlSeconds = spanOf(fact)
  const role = roleOf(fact)
  return {
    vault: fact.vault,
    leaseId: fact.leaseId,
    mount: fact.mount,
    path: fact.path,
    role,
    state: leaseState(lease, isBlind, moment),
    doubt: fact.doubt,
    issuedAt: fact.issuedAt,
    expiresAt: fact.expiresAt,
    lastRenewedAt: fact.lastRenewedAt,
    revokedAt: fact.revokedAt,
    renewable: fact.renewable,
    ttlSeconds,
    isLong: ttlSeconds !== null && ttlSeconds > longestLeaseSeconds + roundingSeconds,
    learntFrom: fact.learntFrom,
    holder: fact.holder?.displayName ?? null,
    foundBy: foundBy(holding),
    opens: stageOpened(fact.mount, role, stages)?.title ?? null,
    fact: referenceTo(fact),
    stale: isBlind || !from.isCurrent,
  }
}

/** Active ones first, by their end; then unclear ones; then ended ones, the newest first. */
export function byEnd(a: LeaseView, b: LeaseView): number {
  const rank = order.indexOf(a.state) - order.indexOf(b.state)
  if (rank !== 0) return rank
  const isOpen = a.state === 'active' || a.state === 'unclear'
  const [first, second] = [endOf(a), endOf(b)]
  if (first !== second) return isOpen ? first - second : second - first
  return compareTexts(a.leaseId, b.leaseId) || compareTexts(a.vault, b.vault)
}

/** What intent.yaml says the leases of a mount open: the line with the lease's own role before one without. */
export function stageOpened(
  mount: string,
  role: string,
  stages: Stages,
): { readonly stage: number; readonly title: string } | null {
  const lines = (stages.intent?.credentials ?? []).filter((line) => withSlash(line.mount) === withSlash(mount))
  const line = lines.find((one) => one.role === role) ?? lines.find((one) => one.role === undefined)
  const stage = line === undefined ? undefined : stages.byId.get(line.stage)
  const title = stage === undefined ? undefined : stages.intent?.stages[stage]?.title
  return stage === undefined || title === undefined ? null : { stage, title }
}

/** How it stands; `isBlind` as above. */
export function leaseState({ fact, from }: ToldLease, isVaultBlind: boolean, moment: Moment): LeaseView['state'] {
  const isBlind = isVaultBlind || !from.isCurrent
  if (fact.state !== 'active') return fact.state
  const isOver = fact.expiresAt !== null && hasCome(moment, fact.expiresAt)
  if (fact.doubt === 'expiry-unknown') {
    // A renewal that was logged only moves on the end that an earlier look-up told.
    return fact.expiresAt === null || isOver ? 'unclear' : 'active'
  }
  if (fact.doubt !== null && !(fact.doubt === 'expiry-passed' && isOver)) return 'unclear'
  if (fact.expiresAt === null || !isOver) return 'active'
  // Vault ends leases itself, and writes no audit line of it; sealed it cannot. A look-up may still have found it.
  const isOverdue = fact.learntFrom !== 'audit' && fact.from.observedAt > fact.expiresAt
  return isBlind || isOverdue ? 'unclear' : 'expired'
}

/** `ro` of `database/creds/ro`: what follows the engine's own word. */
function roleOf({ mount, path }: VaultLeaseFact): string {
  const rest = path.startsWith(mount) ? path.slice(mount.length) : path
  const [, ...role] = rest.split('/')
  return role.join('/')
}

function foundBy(holding: Holding): LeaseView['foundBy'] {
  return holding.workload === null ? null : holding.foundBy
}

function withSlash(mount: string): string {
  return mount.endsWith('/') ? mount : `${mount}/`
}

const order: readonly LeaseView['state'][] = ['active', 'unclear', 'revoked', 'expired']

function endOf({ revokedAt, expiresAt }: LeaseView): number {
  return revokedAt ?? expiresAt ?? Number.MAX_SAFE_INTEGER
}
