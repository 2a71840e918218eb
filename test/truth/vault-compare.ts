import { openedStages } from '../../electron/playground/simulators/vault/credentials.ts'
import type { ControlComponent, LeaseView, TrustGraph } from '../../shared/domain/model/graph.ts'
import type { FaultExpectation } from '../../shared/faults/index.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import type { LabTruth } from '../lab/truth.ts'
import type { LeaseTruth } from '../lab/vault/truth.ts'
import { hopOf, spiffeIdOf, type Topology, valueOf, workloadOf } from './compare.ts'

/** Stages renew all the time, and Vault's log does not say until when: that is looked up, one lease after the other. */
const toleranceMs = 30_000

export function vaultOf(graph: TrustGraph): ControlComponent | undefined {
  return graph.control.find(({ kind }) => kind === 'vault')
}

/** In what the leases of the graph differ from what Vault itself says to its root token; empty when they agree. */
export function leaseDifferences(graph: TrustGraph, truth: LabTruth): string[] {
  const { vault } = truth
  if (vault === null) return ['the lab has no Vault']
  const component = vaultOf(graph)
  if (component?.vault === undefined) return ['the graph has no Vault']
  const found: string[] = []
  if (valueOf(component.vault.version) !== vault.version) found.push('the version of Vault is not shown')
  if (valueOf(component.vault.sealed) !== vault.sealed) found.push(`sealed is not shown as ${vault.sealed}`)
  if (vault.leases === null) return found
  if (component.vault.active !== vault.leases.length) {
    found.push(`${component.vault.active} leases are active, Vault has ${vault.leases.length}`)
  }
  const shown = shownLeases(graph)
  for (const lease of vault.leases) found.push(...oneDifference(lease, shown.get(lease.leaseId)?.lease))
  for (const [leaseId, { lease }] of shown) {
    const isThere = vault.leases.some((each) => each.leaseId === leaseId)
    if (!isThere && lease.state === 'active') found.push(`${leaseId} is shown as active, and Vault does not have it`)
  }
  for (const { stage, spiffeId, leaseId } of vault.held) {
    const holder = shown.get(leaseId)?.holder
    if (holder !== spiffeId) found.push(`${leaseId} is held by ${stage} and shown at ${holder}`)
    const opened = openedStages.find(({ role }) => leaseId.startsWith(`database/creds/${role}/`))
    if (opened === undefined) continue
    const hop = hopOf(graph, truth, { from: stage, to: opened.stage })
    const isOnHop = hop?.leases.some((lease) => lease.leaseId === leaseId) === true
    if (!isOnHop) found.push(`${leaseId} is not on the hop to ${opened.stage}`)
  }
  for (const { stage, spiffeId } of truth.stages) {
    const slot = workloadOf(graph, spiffeId)?.slots.vault
    const count = vault.held.filter((held) => held.stage === stage).length
    if (count === 0 && slot?.kind !== 'none') found.push(`${stage} holds nothing, and its slot is ${slot?.kind}`)
  }
  return found
}

/** In what the graph does not yet show what the fault's entry says of Vault. */
export function unmetOfVault(
  graph: TrustGraph,
  truth: Topology,
  held: readonly { readonly stage: string; readonly spiffeId: string }[],
  expects: FaultExpectation,
): string[] {
  const expected = expects.vault
  if (expected === undefined) return ['nothing is expected of Vault']
  const found: string[] = []
  const component = vaultOf(graph)
  const shown = shownLeases(graph)
  for (const { path, holder, finding } of expected.newLeases) {
    const orphans = component?.vault?.orphaned ?? []
    const isSeen =
      finding === 'orphaned'
        ? orphans.some(
            ({ lease, kind }) => lease.path === path && kind === 'gone' && lease.holder?.endsWith(holder) === true,
          )
        : [...shown.values()].some((each) => each.lease.path === path && each.lease.isLong && each.holder === holder)
    if (!isSeen) found.push(`no lease of ${path} is shown as ${finding} with ${holder}`)
  }
  for (const { stage, path } of expected.denials) {
    const workload = workloadOf(graph, spiffeIdOf(truth, stage))
    const leases = valueOf(workload?.leases ?? noLeases)
    const denial = leases?.denials.find((each) => each.path === path)
    if (denial?.error.includes('permission denied') !== true) found.push(`no denial of ${path} at ${stage}`)
    // What one reads who asks why the stage is marked: which Vault refused it what, by its audit log.
    const said = workload === undefined ? '' : reasonSentence(workload.state.reason)
    if (!said.includes(path)) found.push(`${stage} is not marked because of ${path}: ${said}`)
  }
  if (expected.answers === 'sealed') {
    for (const { stage, spiffeId } of held) {
      const slot = workloadOf(graph, spiffeId)?.slots.vault
      // The last known ones, and never as if they were known now.
      if (slot?.kind !== 'unknown' || slot.last === null) found.push(`the slot of ${stage} is ${slot?.kind}`)
    }
  }
  if (expected.answers === 'limited') {
    const isSaid = graph.gaps.some((gap) => gap.source === 'vault' && /429|rate/i.test(gap.detail))
    if (!isSaid) found.push('no gap says that Vault limits requests')
  }
  return found
}

interface Shown {
  readonly lease: LeaseView
  /** SPIFFE ID of the workload it is shown at; null: an orphan. */
  readonly holder: string | null
}

function shownLeases(graph: TrustGraph): ReadonlyMap<string, Shown> {
  const orphaned = (vaultOf(graph)?.vault?.orphaned ?? []).map(({ lease }): Shown => ({ lease, holder: null }))
  const held = graph.workloads.flatMap((workload) =>
    (valueOf(workload.leases)?.leases ?? []).map(
      (lease): Shown => ({ lease, holder: valueOf(workload.spiffeId) ?? null }),
    ),
  )
  return new Map([...orphaned, ...held].map((each) => [each.lease.leaseId, each]))
}

function oneDifference(real: LeaseTruth, shown: LeaseView | undefined): string[] {
  if (shown === undefined) return [`${real.leaseId} is not shown`]
  const found: string[] = []
  const expect = (what: string, seen: unknown, is: unknown): void => {
    if (seen !== is) found.push(`${real.leaseId}: ${what} is shown as ${String(seen)} but is ${String(is)}`)
  }
  expect('state', shown.state, 'active')
  expect('mount', shown.mount, real.mount)
  expect('renewable', shown.renewable, real.renewable)
  const off = (shown.expiresAt ?? 0) - Date.parse(real.expiresAt)
  if (Math.abs(off) > toleranceMs) found.push(`${real.leaseId}: its end is shown ${off} ms off`)
  return found
}

const noLeases = { known: false, reason: { code: 'no-lease', params: {} } } as const
