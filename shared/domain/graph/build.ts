import { finished, type Steps } from '../../lib/steps.ts'
import type { Gap, ScopeState } from '../model/fact.ts'
import type { ControlComponent, Hop, TrustGraph, Workload } from '../model/graph.ts'
import type { Intent } from '../model/intent.ts'
import type { EpochMs } from '../model/time.ts'
import { emptySight, lookAgain } from './cluster/sight.ts'
import { ElementList } from './element-list.ts'
import { isEqual } from './equal.ts'
import { controlComponents } from './evaluate/control.ts'
import { declaringObjects } from './evaluate/declaring-objects.ts'
import { evaluateHop } from './evaluate/hop.ts'
import { newestRevisions } from './evaluate/opa-health.ts'
import { registrationOf } from './evaluate/registration.ts'
import { evaluateWorkload } from './evaluate/workload.ts'
import { gatherRegistration, type World } from './evaluate/workload-evidence.ts'
import type { OpaRecord, SpireRecord } from './instances/records.ts'
import { type Moment, momentAt } from './moment.ts'
import { trustDomainOf } from './spiffe-id.ts'
import { controlZone, stagesOf, unassignedZone, zonesOf } from './stages.ts'
import { vaultComponents } from './vault/component.ts'
import type { Whereabouts } from './vault/orphans.ts'
import { mentionIntended, settleIntended } from './weave/intended.ts'
import {
  allRelations,
  type Defect,
  emptyWeave,
  nothingTouched,
  type Relations,
  type Touched,
  touchNeighbours,
  type Weave,
  weaveIn,
} from './weave/weave.ts'

export interface GraphSettings {
  readonly environment: string
  readonly intent: Intent | null
  /** Length of the window that rates and handshakes are counted in. */
  readonly windowSeconds: number
  /** null: five times the longest poll of the bundle itself, at least 300 s. */
  readonly bundleStaleAfterSeconds: number | null
  /** Source ids of the Vaults that are to be asked: one that has not answered yet is unknown, and not absent. */
  readonly vaults?: readonly string[]
}

/** A graph with what is needed to bring it up to date. Only `graph` is for reading. */
export interface GraphBuild {
  readonly graph: TrustGraph
  readonly state: BuildState
}

interface BuildState {
  readonly settings: GraphSettings
  readonly weave: Weave
  readonly workloads: ElementList<Workload>
  readonly hops: ElementList<Hop>
  readonly defects: Map<string, readonly Defect[]>
  readonly gaps: Map<string, readonly Gap[]>
  world: World
  control: readonly ControlComponent[]
  controlHolds: Pick<Moment, 'since' | 'recheckAt'>
  /** Of holders of leases. */
  readonly whereabouts: Whereabouts
  shape: number
}

/** The graph of these facts, whole. */
export function buildGraph(settings: GraphSettings, scopes: readonly ScopeState[], now: EpochMs): TrustGraph {
  return startGraph(settings, scopes, now).graph
}

/** The same, and keeps what `updateGraph` needs. `relations` is for tests. */
export function startGraph(
  settings: GraphSettings,
  scopes: readonly ScopeState[],
  now: EpochMs,
  relations: Relations = allRelations,
): GraphBuild {
  return finished(startInSteps(settings, scopes, now, relations))
}

/** The same as `startGraph`, for whoever has others to answer meanwhile. `relations` is for tests. */
export function* startInSteps(
  settings: GraphSettings,
  scopes: readonly ScopeState[],
  now: EpochMs,
  relations: Relations = allRelations,
): Steps<GraphBuild> {
  const weave = emptyWeave(stagesOf(settings.intent), relations, settings.vaults)
  const state: BuildState = {
    settings,
    weave,
    workloads: new ElementList(),
    hops: new ElementList(),
    defects: new Map(),
    gaps: new Map(),
    world: {
      trustDomains: [],
      spires: [],
      newest: new Map(),
      bundleStaleAfterSeconds: settings.bundleStaleAfterSeconds,
      sight: emptySight,
    },
    control: [],
    controlHolds: { since: Number.POSITIVE_INFINITY, recheckAt: Number.NEGATIVE_INFINITY },
    whereabouts: new Map(),
    shape: -1,
  }
  const touched = nothingTouched()
  mentionIntended(weave, touched)
  return yield* advance(state, scopes, [], now, touched)
}

/**
 * The same graph as a whole build of all scopes would give; only what changed, and what is otherwise at this time, later or earlier,
 * is judged again.
 */
export function updateGraph(
  previous: GraphBuild,
  changed: readonly ScopeState[],
  now: EpochMs,
  removed: readonly string[] = [],
): GraphBuild {
  return finished(updateInSteps(previous, changed, now, removed))
}

/** The same, for whoever has others to answer meanwhile. Left before its end, `previous` is of no use any more. */
export function updateInSteps(
  previous: GraphBuild,
  changed: readonly ScopeState[],
  now: EpochMs,
  removed: readonly string[],
): Steps<GraphBuild> {
  return advance(previous.state, changed, removed, now, nothingTouched())
}

/** Whether a reader would see any difference besides the time of asking. Quick, because unchanged elements are the same objects. */
export function sameGraph(before: TrustGraph, after: TrustGraph): boolean {
  return (
    before.workloads === after.workloads &&
    before.hops === after.hops &&
    isEqual(before.control, after.control) &&
    isEqual(before.gaps, after.gaps) &&
    isEqual(before.defects, after.defects) &&
    isEqual(before.zones, after.zones) &&
    isEqual(before.trustDomains, after.trustDomains)
  )
}

function* advance(
  state: BuildState,
  changed: readonly ScopeState[],
  removed: readonly string[],
  now: EpochMs,
  first: Touched,
): Steps<GraphBuild> {
  const { weave } = state
  keepGaps(state, changed, removed)
  const touched = yield* weaveIn(weave, changed, removed)
  for (const id of first.workloads) touched.workloads.add(id)
  if (weave.shape !== state.shape) {
    settleIntended(weave, touched)
    // The first time all is touched anyway.
    if (state.shape !== -1) touchNeighbours(weave, touched)
  }
  state.shape = weave.shape
  if (touched.kinds.has('spire') || touched.kinds.has('opa') || touched.kinds.has('envoy')) {
    const world = worldOf(state)
    const isDifferent =
      !isEqual(world.trustDomains, state.world.trustDomains) || !isEqual([...world.newest], [...state.world.newest])
    state.world = world
    if (isDifferent) {
      state.whereabouts.clear()
      for (const id of weave.workloads.keys()) touched.workloads.add(id)
    }
  }
  state.world = { ...state.world, sight: lookAgain(state.world.sight, weave, state.world.trustDomains, touched) }
  yield* judgeHops(state, touched, now)
  readRegistrations(state, touched)
  yield* judgeWorkloads(state, touched, now)
  judgeControl(state, touched, now)
  return { graph: graphOf(state, now), state }
}

/** Some milliseconds of work. */
const judgedAtOnce = 100

function* judgeHops(state: BuildState, touched: Touched, now: EpochMs): Steps<void> {
  const { weave, hops, defects, settings, world } = state
  for (const id of hops.due(now)) touched.hops.add(id)
  let step = 0
  for (const id of touched.hops) {
    step += 1
    if (step % judgedAtOnce === 0) yield
    const node = weave.hops.get(id)
    defects.delete(id)
    if (node === undefined) {
      hops.remove(id)
      continue
    }
    const moment = momentAt(now)
    const found: Defect[] = []
    try {
      hops.put(id, evaluateHop(weave, node, world.sight, settings.windowSeconds, moment, found), moment)
    } catch (thrown) {
      hops.remove(id)
      found.push({ rule: 'hop', subject: id, message: thrown instanceof Error ? thrown.message : String(thrown) })
    }
    if (found.length > 0) defects.set(id, found)
  }
}

function* judgeWorkloads(state: BuildState, touched: Touched, now: EpochMs): Steps<void> {
  const { weave, workloads, defects, world } = state
  for (const id of workloads.due(now)) touched.workloads.add(id)
  let step = 0
  for (const id of touched.workloads) {
    step += 1
    if (step % judgedAtOnce === 0) yield
    const node = weave.workloads.get(id)
    defects.delete(id)
    if (node === undefined) {
      workloads.remove(id)
      continue
    }
    const moment = momentAt(now)
    const found: Defect[] = []
    try {
      workloads.put(id, evaluateWorkload(weave, id, node, world, moment, found), moment)
    } catch (thrown) {
      workloads.remove(id)
      found.push({ rule: 'workload', subject: id, message: thrown instanceof Error ? thrown.message : String(thrown) })
    }
    if (found.length > 0) defects.set(id, found)
  }
}

/** Workloads that are judged as before, with a registration that was read again. */
function readRegistrations({ weave, workloads, world }: BuildState, touched: Touched): void {
  for (const id of touched.registrations) {
    const node = weave.workloads.get(id)
    const known = workloads.get(id)
    if (node === undefined || known === undefined || touched.workloads.has(id)) continue
    try {
      workloads.replace(id, { ...known, registration: registrationOf(gatherRegistration(node, world)) })
    } catch {
      touched.workloads.add(id) // judging all of it says what fails
    }
  }
}

function judgeControl(state: BuildState, touched: Touched, now: EpochMs): void {
  // Whether the holder of a lease is still there may depend on anything.
  const isVaultTouched =
    touched.kinds.has('vault') || (state.world.sight.vault.vaults.length > 0 && touched.kinds.size > 0)
  const isTouched =
    isVaultTouched || touched.kinds.has('spire') || touched.kinds.has('opa') || touched.kinds.has('kubernetes')
  if (touched.kinds.has('spire') || touched.kinds.has('kubernetes')) state.whereabouts.clear()
  for (const id of touched.workloads) state.whereabouts.delete(id)
  if (!isTouched && state.controlHolds.since <= now && now < state.controlHolds.recheckAt) return
  const moment = momentAt(now)
  const { spires, newest, bundleStaleAfterSeconds, sight } = state.world
  state.control = [
    ...controlComponents(spires, opasOf(state.weave), newest, bundleStaleAfterSeconds, sight.clusters, moment),
    ...declaringObjects(sight.clusters),
    ...vaultComponents(state.weave, state.world, state.whereabouts, moment),
  ]
  state.controlHolds = moment
}

function worldOf({ weave, settings, world }: BuildState): World {
  const spires: SpireRecord[] = []
  const own = new Set<string>()
  for (const record of weave.records.values()) {
    if (record.kind !== 'spire') continue
    spires.push(record)
    if (record.trustDomain !== null) own.add(record.trustDomain)
  }
  if (own.size === 0) {
    // Without SPIRE the Envoys' own identities say which trust domains are ours.
    for (const record of weave.records.values()) {
      const domain =
        record.kind === 'envoy' && record.identity.spiffeId !== null ? trustDomainOf(record.identity.spiffeId) : null
      if (domain !== null) own.add(domain)
    }
  }
  return {
    trustDomains: [...own].sort(),
    spires: spires.sort((a, b) => (a.id < b.id ? -1 : 1)),
    newest: newestRevisions(opasOf(weave)),
    bundleStaleAfterSeconds: settings.bundleStaleAfterSeconds,
    sight: world.sight,
  }
}

function opasOf(weave: Weave): readonly OpaRecord[] {
  const opas: OpaRecord[] = []
  for (const record of weave.records.values()) if (record.kind === 'opa') opas.push(record)
  return opas.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function keepGaps(state: BuildState, changed: readonly ScopeState[], removed: readonly string[]): void {
  for (const { scope, gaps } of changed) {
    if (gaps.length === 0) state.gaps.delete(scope)
    else state.gaps.set(scope, gaps)
  }
  for (const scope of removed) state.gaps.delete(scope)
}

function graphOf(state: BuildState, now: EpochMs): TrustGraph {
  const { settings, weave, world, control } = state
  const workloads = state.workloads.values()
  const needsUnassigned = workloads.some((workload) => workload.zone === unassignedZone)
  const needsControl = control.length > 0 || workloads.some((workload) => workload.zone === controlZone)
  return {
    environment: settings.environment,
    asOf: now,
    trustDomains: world.trustDomains,
    zones: zonesOf(weave.stages, needsUnassigned, needsControl),
    workloads,
    hops: state.hops.values(),
    control,
    gaps: inOrder(state.gaps).flat(),
    defects: [...inOrder(weave.defects).flat(), ...inOrder(state.defects).flat()],
  }
}

function inOrder<Value>(map: ReadonlyMap<string, Value>): readonly Value[] {
  if (map.size === 0) return []
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}
