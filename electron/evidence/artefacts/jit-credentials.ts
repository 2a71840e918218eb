import { createTally } from '../../../shared/domain/evidence/growth.ts'
import { createLeaseLives, type LeaseLife, type LeaseLives } from '../../../shared/domain/evidence/lease-lives.ts'
import type { EvidenceGap, Limitation, Population } from '../../../shared/domain/evidence/model.ts'
import { longestLeaseSeconds } from '../../../shared/domain/graph/vault/lease-view.ts'
import type { StoredVaultAudit } from '../../core/log-store.ts'
import { artefactOf, controlTotal, limitation, type Making, timeText } from './artefact-of.ts'
import { createDeviceWatch } from './audit-devices.ts'
import { factSpans } from './fact-spans.ts'
import { gapsOf, logEmitters, madeOfLog } from './log-population.ts'
import { walkSealed } from './sealed-lines.ts'

/** Every audited request to the Vaults, each lease from its issuance to its end, and what nobody holds any more. */
export const jitCredentials = artefactOf('jit-credentials', true, async (making) => {
  const { sources, period, to } = making
  const emitters = logEmitters(sources, period, 'vault-audit')
  const tally = createTally<{ mount: string | null; path: string; operation: string; outcome: string }>()
  const lives = createLeaseLives()
  const devices = createDeviceWatch()
  /** A refused request has two lines, both with the error: it is one exception. */
  const denied = new Set<string>()
  const counts = { notUnderstood: 0, unnamed: 0 }
  const walked = await walkSealed(making, 'vault-audit', ({ line, source }) => {
    const answer = sources.understand('vault-audit', line)
    if (answer?.record !== 'vault-audit') {
      counts.notUnderstood += 1
      return 'line'
    }
    devices.line(source, answer)
    if (answer.type === 'response') tally.add(rowOf(answer))
    if (lives.answer({ ...answer, source })?.kind === 'revoked-unnamed') counts.unnamed += 1
    if (answer.outcome !== 'denied') return 'line'
    const key = answer.requestId ?? `${answer.at}`
    if (denied.has(key)) return 'line'
    denied.add(key)
    return 'exception'
  })
  for (const counted of tally.lines()) {
    await to.line('counts', { ...counted })
    await to.row(
      'counts',
      ['mount', 'path', 'operation', 'outcome', 'answers'],
      [counted.mount, counted.path, counted.operation, counted.outcome, counted.count],
    )
  }
  const count = walked.taken + walked.gone + walked.changed
  const leases = await leasesOf(making, lives, count)
  await writeDevices(making, devices.changes)
  const orphaned = await writeOrphaned(making)
  const limitations: Limitation[] = [
    limitation('vault-expiry-inferred'),
    limitation('vault-union-of-devices'),
    limitation('vault-paths-not-audited'),
    ...(leases.control === null ? [limitation('leases-not-listed')] : []),
    ...(leases.withoutTtl > 0 ? [limitation('ttl-unknown', { leases: leases.withoutTtl })] : []),
    ...(counts.unnamed > 0 ? [limitation('revocations-unnamed', { requests: counts.unnamed })] : []),
    ...(orphaned === null && !making.isPlan ? [limitation('holders-unknown')] : []),
    ...(counts.notUnderstood > 0 ? [limitation('lines-not-understood', { lines: counts.notUnderstood })] : []),
  ]
  return {
    ...madeOfLog('vault-audit', period, emitters, walked, {
      method: 'method.sealed-lines',
      count,
      control: leases.control,
      gaps: [...devices.gaps(period), ...notReadFromTheStart(making), ...gapsOf(sources, period, isOfVault)],
      limitations,
    }),
    ...(making.isPlan ? { records: walked.taken } : {}),
  }
})

function isOfVault({ source, what }: { readonly source: string; readonly what: string }): boolean {
  return source === 'vault' && what === 'lineage'
}

function rowOf({ mount, path, operation, outcome }: StoredVaultAudit) {
  // Paths below sys/leases name one lease each.
  return {
    mount,
    path: path.replace(/^(sys\/(?:leases\/)?(?:renew|revoke|revoke-prefix|lookup))\/.*$/, '$1/…'),
    operation,
    outcome,
  }
}

/** Writes one line a lease. The control total is of leases that a Vault listed itself. */
async function leasesOf(
  { sources, period, to, isPlan }: Making,
  lives: LeaseLives,
  count: number,
): Promise<{ readonly control: Population['control']; readonly withoutTtl: number }> {
  const listed = new Map<string, number | null>()
  for (const { fact } of factSpans(sources.history, period, 'vault-lease')) {
    lives.fact(fact)
    if (fact.learntFrom === 'list') listed.set(fact.leaseId, fact.issuedAt)
  }
  if (isPlan) return { control: null, withoutTtl: 0 }
  const told = lives.lives(period, longestLeaseSeconds)
  for (const life of told) {
    await to.line('leases', recordOf(life), life.why.length > 0)
    await to.row(
      'leases',
      ['lease', 'path', 'holder', 'issued at', 'renewals', 'state', 'ttl seconds', 'deviations'],
      [
        life.leaseId,
        life.path,
        life.holder,
        timeText(life.issuedAt),
        life.renewedAt.length,
        life.state,
        life.ttlSeconds,
        life.why.join(' '),
      ],
    )
  }
  const ofPeriod = [...listed].filter(
    ([, issuedAt]) => issuedAt !== null && issuedAt >= period.from && issuedAt < period.to,
  )
  const withLine = new Set(told.filter(({ issuedAt }) => issuedAt !== null).map(({ leaseId }) => leaseId))
  const without = ofPeriod.filter(([leaseId]) => !withLine.has(leaseId)).length
  return {
    control: ofPeriod.length === 0 ? null : controlTotal('vault', ofPeriod.length, without, count),
    withoutTtl: told.filter(({ ttlSeconds }) => ttlSeconds === null).length,
  }
}

function recordOf(life: LeaseLife): Readonly<Record<string, unknown>> {
  return {
    lease: life.leaseId,
    vault: life.vault,
    path: life.path,
    holder: life.holder,
    subject: life.subject,
    role: life.role,
    issuedAt: timeText(life.issuedAt),
    renewedAt: life.renewedAt.map(timeText),
    revokedAt: timeText(life.revokedAt),
    expiresAt: timeText(life.expiresAt),
    expiry: life.state === 'expired' ? 'inferred from issue and time to live' : null,
    ttlSeconds: life.ttlSeconds,
    state: life.state,
    deviations: life.why,
  }
}

async function writeDevices({ to }: Making, changes: ReturnType<typeof createDeviceWatch>['changes']): Promise<void> {
  for (const { source, device, at, change } of changes) {
    await to.line('audit-devices', { source, device, at: timeText(at), change }, change === 'disabled')
  }
}

/** Leases at the end of the period that certainly nobody needs. null: nothing is known of that time. */
async function writeOrphaned({ sources, period, to, isPlan }: Making): Promise<number | null> {
  const graph = isPlan ? null : await sources.graphAt(period.to)
  if (graph === null) return null
  let orphaned = 0
  for (const { name, vault } of graph.control) {
    for (const { lease, kind, why } of vault?.orphaned ?? []) {
      if (kind === 'unmatched') continue
      orphaned += 1
      const { leaseId, path, holder, issuedAt, expiresAt } = lease
      const record = { vault: name, lease: leaseId, path, holder, kind, why }
      await to.line('orphaned', { ...record, issuedAt: timeText(issuedAt), expiresAt: timeText(expiresAt) }, true)
    }
  }
  return orphaned
}

/** A Vault whose log was not read from before the period on: what it wrote until then is not here. */
function notReadFromTheStart({ sources, period }: Making): readonly EvidenceGap[] {
  const since = new Map<string, number>()
  for (const { fact } of factSpans(sources.history, period, 'vault-audit')) {
    if (fact.since !== null) since.set(fact.vault, Math.min(since.get(fact.vault) ?? fact.since, fact.since))
  }
  return [...since]
    .filter(([, from]) => from > period.from && from < period.to)
    .map(([vault, to]) => ({ source: `vault/${vault}`, from: period.from, to, why: 'not-watched', detail: '' }))
}
