import type { ControlComponent, Known, VaultView } from '../../model/graph.ts'
import type { World } from '../evaluate/workload-evidence.ts'
import type { VaultInstance } from '../instances/vault-record.ts'
import { judged, known, notKnown } from '../known.ts'
import type { Moment } from '../moment.ts'
import { reason } from '../reasons.ts'
import type { Weave } from '../weave/weave.ts'
import { type Orphan, orphansOf, type Whereabouts } from './orphans.ts'
import { settingsOf } from './settings.ts'
import type { VaultStatus } from './status.ts'

const mostOrphans = 50

/** Vaults, with the leases that nobody seems to need any more. */
export function vaultComponents(
  weave: Weave,
  world: World,
  whereabouts: Whereabouts,
  moment: Moment,
): readonly ControlComponent[] {
  const { vaults, statuses } = world.sight.vault
  return vaults.flatMap((vault, at) => {
    const status = statuses[at]
    return status === undefined ? [] : [componentOf(vault, status, weave, world, whereabouts, moment)]
  })
}

function componentOf(
  vault: VaultInstance,
  status: VaultStatus,
  weave: Weave,
  world: World,
  whereabouts: Whereabouts,
  moment: Moment,
): ControlComponent {
  const { active, orphans } = orphansOf(vault, status, weave, world, whereabouts, moment)
  const certain = orphans.filter(({ kind }) => kind !== 'unmatched')
  const summary = summaryOf(vault, status, active, certain.length)
  return {
    id: `control/vault/${vault.id}`,
    kind: 'vault',
    name: vault.id,
    state: stateOf(vault, status, active, certain),
    summary,
    vault: viewOf(vault, status, active, orphans),
  }
}

function stateOf(
  vault: VaultInstance,
  status: VaultStatus,
  active: number,
  orphans: readonly Orphan[],
): ControlComponent['state'] {
  const { server } = vault
  if (status.blind !== null) {
    const isDown = status.blind.code === 'vault-sealed' || status.blind.code === 'vault-not-initialised'
    return isDown
      ? judged('failing', status.blind, [server?.fact.id], { basis: 'measured' })
      : judged('unknown', status.blind, [], { missing: status.missing })
  }
  if (orphans.length > 0) {
    const params = { vault: vault.id, orphaned: orphans.length, active }
    return judged(
      'attention',
      reason('vault-orphans', params),
      orphans.flatMap(({ restsOn }) => restsOn),
    )
  }
  const restsOn = [server?.fact.id, ...vault.audits.map(({ fact }) => fact.id)]
  return judged('verified', reason('vault-serving', { vault: vault.id }), restsOn)
}

function summaryOf(vault: VaultInstance, status: VaultStatus, active: number, orphaned: number) {
  if (status.blind?.code === 'vault-sealed') return reason('vault-summary-sealed', {})
  if (status.blind !== null && !status.hasLineage) return reason('vault-summary-unknown', { vault: vault.id })
  return reason(status.blind === null ? 'vault-summary' : 'vault-summary-stale', { active, orphaned })
}

function viewOf(vault: VaultInstance, status: VaultStatus, active: number, orphans: readonly Orphan[]): VaultView {
  const { id, server, audits } = vault
  const unasked = notKnown(status.blind ?? reason('vault-unasked', { vault: id }))
  const [audit] = audits
  const version: Known<string> =
    server === null
      ? unasked
      : server.fact.version === null
        ? notKnown(reason('not-in-answer', { source: 'Vault', instance: id, what: 'version' }))
        : known(server.fact.version, server.fact, server.scope)
  return {
    version,
    sealed: server === null ? unasked : known(server.fact.sealed, server.fact, server.scope),
    audit:
      audit === undefined
        ? notKnown(reason('vault-without-audit', { vault: id }))
        : known(
            { log: audit.fact.log, since: audit.fact.since, refusedLines: audit.fact.refusedLines },
            audit.fact,
            audit.scope,
          ),
    settings: settingsOf(vault),
    active,
    orphaned: orphans.slice(0, mostOrphans).map(({ lease, kind, why }) => ({ lease, kind, why })),
    orphanedTotal: orphans.length,
  }
}
