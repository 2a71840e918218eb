import type { Zone } from '../model/graph.ts'
import type { Intent } from '../model/intent.ts'
import { shortNames, trustDomainOf } from './spiffe-id.ts'

/** Intent made quick to ask. Without an intent every question has the answer "nothing is declared". */
export interface Stages {
  readonly intent: Intent | null
  readonly exact: ReadonlyMap<string, number>
  /** Longest first, so that the most particular prefix wins. */
  readonly prefixes: readonly { readonly prefix: string; readonly stage: number }[]
  readonly byId: ReadonlyMap<string, number>
  /** Stage numbers: those that each leads to. */
  readonly leadsTo: ReadonlyMap<number, ReadonlySet<number>>
}

export function stagesOf(intent: Intent | null): Stages {
  const exact = new Map<string, number>()
  const prefixes: { prefix: string; stage: number }[] = []
  const byId = new Map<string, number>()
  const leadsTo = new Map<number, Set<number>>()
  for (const [stage, { id, spiffeIds }] of (intent?.stages ?? []).entries()) {
    if (!byId.has(id)) byId.set(id, stage)
    for (const spiffeId of spiffeIds) {
      if (spiffeId.endsWith('*')) prefixes.push({ prefix: spiffeId.slice(0, -1), stage })
      else if (!exact.has(spiffeId)) exact.set(spiffeId, stage)
    }
  }
  prefixes.sort((a, b) => b.prefix.length - a.prefix.length || a.stage - b.stage)
  for (const { from, to } of intent?.adjacency ?? []) {
    const caller = byId.get(from)
    const callee = byId.get(to)
    if (caller === undefined || callee === undefined) continue
    const known = leadsTo.get(caller)
    if (known === undefined) leadsTo.set(caller, new Set([callee]))
    else known.add(callee)
  }
  return { intent, exact, prefixes, byId, leadsTo }
}

/** What is known of a workload by its id alone. */
export interface Naming {
  /** `workload/…` */
  readonly id: string
  readonly name: string
  readonly label: string
  readonly spiffeId: string | null
  readonly trustDomain: string | null
  /** Set where only an address is known. */
  readonly address: string | null
  /** Number of the declared stage. */
  readonly stage: number | null
}

export function workloadIdOf(spiffeId: string): string {
  const known = workloadIds.get(spiffeId)
  if (known !== undefined) return known
  if (workloadIds.size >= mostWorkloadIds) workloadIds.clear()
  const id = `workload/${spiffeId}`
  workloadIds.set(spiffeId, id)
  return id
}

/**
 * Ids that were put together before: five facts speak of each hop, and looking up one and the same text needs no hashing and no
 * comparing letter by letter. Bounded, because callers of other environments and of yesterday are in it, too.
 */
const workloadIds = new Map<string, string>()
const mostWorkloadIds = 50_000

export function workloadIdOfEnvoy(envoy: string): string {
  return `workload/envoy/${envoy}`
}

export function workloadIdOfAddress(address: string): string {
  return `workload/address/${address}`
}

export function namingOf(id: string, stages: Stages): Naming {
  const rest = id.slice('workload/'.length)
  if (rest.startsWith('spiffe://')) {
    const { name, label } = shortNames(rest)
    const stage = stageOfId(rest, stages)
    return { id, name, label, spiffeId: rest, trustDomain: trustDomainOf(rest), address: null, stage }
  }
  if (rest.startsWith('envoy/')) {
    const name = rest.slice('envoy/'.length)
    return { id, name, label: 'no SPIFFE ID', spiffeId: null, trustDomain: null, address: null, stage: null }
  }
  const address = rest.slice('address/'.length)
  return { id, name: address, label: 'no SPIFFE ID', spiffeId: null, trustDomain: null, address, stage: null }
}

export const unassignedZone = 'unassigned'
export const controlZone = 'control'

/** Declared zone, or: callers without identity in the untrusted zone, foreign workloads in the external one, if there are such. */
export function zoneOf(naming: Naming, isExternal: boolean, stages: Stages, isSupport = false): string {
  const zones = stages.intent?.zones ?? []
  if (naming.stage !== null) {
    const declared = stages.intent?.stages[naming.stage]?.zone
    if (zones.some((zone) => zone.id === declared)) return declared ?? unassignedZone
    return unassignedZone
  }
  // What serves the pipeline stands with SPIRE and the policies.
  if (isSupport) return zones.find((zone) => zone.kind === 'control')?.id ?? controlZone
  const kind = isExternal ? 'external' : naming.address !== null ? 'untrusted' : null
  return zones.find((zone) => zone.kind === kind)?.id ?? unassignedZone
}

/** The declared zones in their order, and those that are needed besides them. */
export function zonesOf(stages: Stages, needsUnassigned: boolean, needsControl: boolean): readonly Zone[] {
  const zones: Zone[] = (stages.intent?.zones ?? []).map(({ id, title, kind }, order) => ({ id, title, kind, order }))
  if (needsUnassigned && !zones.some((zone) => zone.id === unassignedZone)) {
    zones.push({ id: unassignedZone, title: 'No zone declared', kind: 'unassigned', order: zones.length })
  }
  if (needsControl && !zones.some((zone) => zone.kind === 'control')) {
    zones.push({ id: controlZone, title: 'Control plane', kind: 'control', order: zones.length })
  }
  return zones
}

function stageOfId(spiffeId: string, stages: Stages): number | null {
  const exact = stages.exact.get(spiffeId)
  if (exact !== undefined) return exact
  return stages.prefixes.find(({ prefix }) => spiffeId.startsWith(prefix))?.stage ?? null
}
