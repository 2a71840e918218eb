import type { HopActivityFact, IdentityClaimsFact, IntegrityActivityFact } from '../../model/log-facts.ts'
import type { RegistrationEntryFact } from '../../model/spire-facts.ts'
import { type Declaration, declarationsFor } from '../cluster/declarations.ts'
import type { JoinedPod } from '../cluster/joins.ts'
import type { ClusterSight } from '../cluster/sight.ts'
import { added, sortBy } from '../in-order.ts'
import type { ClusterRecord } from '../instances/cluster-record.ts'
import type { EnvoyRecord, OpaRecord, Scoped, SpireRecord } from '../instances/records.ts'
import type { Guard } from '../relations/relation.ts'
import type { Naming } from '../stages.ts'
import type { Weave, WorkloadNode } from '../weave/weave.ts'
import { envoysOf } from './hop-evidence.ts'
import type { NewestRevisions } from './opa-health.ts'

/** What tells of the registration of a workload. */
export interface RegistrationEvidence {
  readonly naming: Naming
  /** SPIRE servers of the workload's trust domain. */
  readonly spires: readonly SpireRecord[]
  readonly entries: readonly { readonly spire: SpireRecord; readonly entry: RegistrationEntryFact }[]
  /** Objects of clusters that declare its SPIFFE ID. SPIRE's own entries win over them. */
  readonly declared: readonly { readonly cluster: ClusterRecord; readonly declaration: Declaration }[]
  readonly world: World
}

export interface WorkloadEvidence extends RegistrationEvidence {
  readonly node: WorkloadNode
  readonly envoys: readonly EnvoyRecord[]
  readonly pods: readonly JoinedPod[]
  /** What it and its callers verified of each other, with the caller's name. */
  readonly integrity: readonly { readonly caller: string; readonly report: Scoped<IntegrityActivityFact> }[]
  /** What requests to it say about who sent them, with the caller's name. */
  readonly claims: readonly { readonly caller: string; readonly told: Scoped<IdentityClaimsFact> }[]
  readonly guards: readonly EnvoyGuard[]
  /** What others logged about calls from it, and what its own Envoys logged about calls to it. */
  readonly asCaller: readonly Scoped<HopActivityFact>[]
  readonly asCallee: readonly Scoped<HopActivityFact>[]
  /** Whether a hop leads to it, not from it. */
  readonly isCalled: boolean
}

/** Which OPA decides for one Envoy. */
export interface EnvoyGuard {
  readonly envoy: string
  readonly guard: Guard
  /** null: none or several fit the address. */
  readonly opa: OpaRecord | null
}

/** What all workloads share. */
export interface World {
  readonly trustDomains: readonly string[]
  readonly spires: readonly SpireRecord[]
  readonly newest: NewestRevisions
  readonly bundleStaleAfterSeconds: number | null
  readonly sight: ClusterSight
}

export function gatherRegistration({ naming }: WorkloadNode, world: World): RegistrationEvidence {
  const spires =
    naming.trustDomain === null ? [] : world.spires.filter((spire) => spire.trustDomain === naming.trustDomain)
  const { spiffeId } = naming
  const entries =
    spiffeId === null
      ? []
      : spires.flatMap((spire) => (spire.entries.get(spiffeId) ?? []).map((entry) => ({ spire, entry })))
  const { clusters } = world.sight
  const declared =
    spiffeId === null || clusters.length === 0
      ? none
      : clusters.flatMap((cluster) =>
          declarationsFor(cluster.declarations, spiffeId, world.trustDomains).map((declaration) => ({
            cluster,
            declaration,
          })),
        )
  return { naming, spires, entries, declared, world }
}

export function gatherWorkload(weave: Weave, id: string, node: WorkloadNode, world: World): WorkloadEvidence {
  const envoys = envoysOf(weave, node)
  const guards = envoys.flatMap((envoy) =>
    (weave.guards.get(`envoy/${envoy.id}`) ?? []).map((guard) => ({
      envoy: envoy.id,
      guard,
      opa: onlyOpa(weave, guard),
    })),
  )
  const asCaller: Scoped<HopActivityFact>[] = []
  const asCallee: Scoped<HopActivityFact>[] = []
  let integrity: { caller: string; report: Scoped<IntegrityActivityFact> }[] = empty
  let claims: { caller: string; told: Scoped<IdentityClaimsFact> }[] = empty
  let isCalled = false
  for (const hop of node.hops) {
    if (hop.to === id) {
      isCalled = true
      const { byHop } = world.sight.integrity
      const reports = byHop.size === 0 ? none : (byHop.get(hop.id) ?? none)
      for (const report of reports) integrity = added(integrity, { caller: hop.caller.naming.name, report })
    }
    for (const { part } of hop.parts) {
      if (part.kind === 'claimed' && hop.to === id)
        claims = added(claims, { caller: hop.caller.naming.name, told: part })
      if (part.kind !== 'logged' || part.side !== 'callee') continue
      if (hop.from === id) asCaller.push(part)
      else asCallee.push(part)
    }
  }
  sortBy(asCaller, factId)
  sortBy(integrity, ({ report }) => report.fact.id)
  sortBy(asCallee, factId)
  sortBy(claims, ({ told }) => told.fact.id)
  return {
    ...gatherRegistration(node, world),
    node,
    envoys,
    pods: world.sight.pods.get(id) ?? none,
    integrity,
    claims,
    guards,
    asCaller,
    asCallee,
    isCalled,
  }
}

export function opaOf(weave: Weave, id: string): OpaRecord | null {
  const record = weave.records.get(`opa/${id}`)
  return record?.kind === 'opa' ? record : null
}

function onlyOpa(weave: Weave, guard: Guard): OpaRecord | null {
  const [only, ...others] = guard.opas
  return only === undefined || others.length > 0 ? null : opaOf(weave, only)
}

const none: readonly never[] = []
const empty: never[] = []

function factId({ fact }: { readonly fact: { readonly id: string } }): string {
  return fact.id
}
