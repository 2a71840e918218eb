import type { Steps } from '../../../lib/steps.ts'
import type { ScopeState } from '../../model/fact.ts'
import { sortBy } from '../in-order.ts'
import { type EnvoyRecord, type InstanceRecord, isCurrent, ownerOfScope, recordOf } from '../instances/records.ts'
import { linkingRelations, publishingRelations } from '../relations/index.ts'
import type {
  Connection,
  Guard,
  HopPart,
  LinkingRelation,
  Published,
  PublishingRelation,
} from '../relations/relation.ts'
import type { Naming, Stages } from '../stages.ts'
import { connect, disconnect } from './elements.ts'
import { dropEmpty, insert, type Place, placeOf, rememberQuestions } from './places.ts'
import { differences, samePublished } from './published-differences.ts'
import { touchBySpire } from './spire-again.ts'

/** A workload that something mentions. */
export interface WorkloadNode {
  readonly naming: Naming
  /** How often each kind of reason mentions it. */
  readonly because: {
    envoy: number
    entry: number
    declared: number
    peer: number
    intent: number
    hop: number
  }
  readonly hops: Set<HopNode>
  /** Its instances, as they were found in the turn `envoysAt` of the weave. */
  envoys: readonly EnvoyRecord[]
  envoysAt: number
}

/** A hop that something speaks of, with everything that does, by owner. */
export interface HopNode {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly caller: WorkloadNode
  readonly callee: WorkloadNode
  parts: { readonly owner: string; readonly part: HopPart }[]
  /** Wanted by intent though nothing else speaks of it. */
  isIntendedOnly: boolean
}

export interface Defect {
  readonly rule: string
  readonly subject: string
  readonly message: string
}

/**
 * How everything hangs together, kept between updates. It is changed in place: a graph of 25,000 hops is not copied for
 * one log line. What is given out of it (workloads, hops) is never changed.
 */
export interface Weave {
  readonly stages: Stages
  readonly scopes: Map<string, Map<string, ScopeState>>
  readonly records: Map<string, InstanceRecord>
  /** The Envoys among the records, by source id. */
  readonly envoys: Map<string, EnvoyRecord>
  /** Source ids of the Envoys that are instances of a workload, by workload id. */
  readonly instances: Map<string, readonly string[]>
  readonly published: Map<string, readonly Published[]>
  readonly places: Map<string, Place>
  /** What each owner looked up when it was last linked. */
  readonly questions: Map<string, readonly Place[]>
  readonly connections: Map<string, readonly Connection[]>
  readonly guards: Map<string, readonly Guard[]>
  readonly workloads: Map<string, WorkloadNode>
  readonly hops: Map<string, HopNode>
  /** The same by caller, then callee: the long ids need not be put together to look one up. */
  readonly hopsByEnds: Map<string, Map<string, HopNode>>
  readonly defects: Map<string, readonly Defect[]>
  readonly relations: Relations
  /** Source ids of the Vaults that are to be asked. */
  readonly vaults: readonly string[]
  /** Grows when a workload or hop appears or goes. */
  shape: number
  /** Grows with every update. */
  turn: number
  /** Grows with every owner that is linked. */
  links: number
}

export interface Relations {
  readonly publishing: readonly PublishingRelation[]
  readonly linking: readonly LinkingRelation[]
}

export const allRelations: Relations = { publishing: publishingRelations, linking: linkingRelations }

/** A few milliseconds of work. */
const ownersAtOnce = 50

/** What an update touched: these have to be judged again. Removed ones are in no map of the weave any more. */
export interface Touched {
  readonly workloads: Set<string>
  /** Workloads of which nothing but the registration was read again. */
  readonly registrations: Set<string>
  readonly hops: Set<string>
  /** Workloads whose hops have to be judged again with them. */
  readonly around: Set<string>
  readonly kinds: Set<InstanceRecord['kind']>
}

export function emptyWeave(stages: Stages, relations: Relations, vaults: readonly string[] = []): Weave {
  return {
    stages,
    scopes: new Map(),
    records: new Map(),
    envoys: new Map(),
    instances: new Map(),
    published: new Map(),
    places: new Map(),
    questions: new Map(),
    connections: new Map(),
    guards: new Map(),
    workloads: new Map(),
    hops: new Map(),
    hopsByEnds: new Map(),
    defects: new Map(),
    relations,
    vaults,
    shape: 0,
    turn: 0,
    links: 0,
  }
}

/** Takes changed and removed scopes in, and says what they touch; can be left after each step, and must then be gone on with. */
export function* weaveIn(weave: Weave, changed: readonly ScopeState[], removed: readonly string[]): Steps<Touched> {
  weave.turn += 1
  const touched = nothingTouched()
  const owners = storeScopes(weave, changed, removed)
  const toLink = new Set<string>()
  const changedKeys = new Set<string>()
  let step = 0
  for (const owner of owners) {
    step += 1
    if (step % ownersAtOnce === 0) yield
    const before = weave.records.get(owner)
    readRecord(weave, owner)
    const after = weave.records.get(owner)
    if (before === undefined && after === undefined) continue
    touched.kinds.add((after ?? before)?.kind ?? 'envoy')
    toLink.add(owner)
    publish(weave, owner, changedKeys, touched)
    touchOwn(weave, owner, before, touched)
  }
  for (const key of changedKeys) {
    for (const asker of weave.places.get(key)?.askers ?? nobody) toLink.add(asker)
  }
  for (const owner of toLink) {
    step += 1
    if (step % ownersAtOnce === 0) yield
    link(weave, owner, touched)
  }
  if (weave.turn === 1) touchAll(weave, touched)
  else touchNeighbours(weave, touched)
  return touched
}

function storeScopes(weave: Weave, changed: readonly ScopeState[], removed: readonly string[]): ReadonlySet<string> {
  const owners = new Set<string>()
  for (const scope of changed) {
    const owner = ownerOfScope(scope.scope)
    const known = weave.scopes.get(owner)
    if (!isLogToldAgain(known?.get(scope.scope), scope)) owners.add(owner)
    if (known === undefined) weave.scopes.set(owner, new Map([[scope.scope, scope]]))
    else known.set(scope.scope, scope)
  }
  for (const scope of removed) {
    const owner = ownerOfScope(scope)
    const known = weave.scopes.get(owner)
    if (known === undefined || !known.delete(scope)) continue
    owners.add(owner)
    if (known.size === 0) weave.scopes.delete(owner)
  }
  return owners
}

/** A log is read every two seconds, and mostly tells the same. When it was read last is nowhere in the graph while it can be read. */
function isLogToldAgain(before: ScopeState | undefined, after: ScopeState): boolean {
  return (
    before !== undefined &&
    before.facts === after.facts &&
    after.scope.startsWith('logs/') &&
    isWhole(before) &&
    isWhole(after)
  )
}

function isWhole(scope: ScopeState): boolean {
  return isCurrent(scope) && scope.gaps.length === 0
}

function readRecord(weave: Weave, owner: string): void {
  weave.defects.delete(owner)
  if (owner.startsWith('envoy/')) weave.envoys.delete(owner.slice('envoy/'.length))
  const scopes = weave.scopes.get(owner)
  if (scopes === undefined) {
    weave.records.delete(owner)
    return
  }
  // Scopes arrive in any order; what is made of them must not depend on it.
  const ordered = sortBy([...scopes.values()], ({ scope }) => scope)
  try {
    const record = recordOf(owner, ordered)
    if (record === null) weave.records.delete(owner)
    else weave.records.set(owner, record)
    if (record?.kind === 'envoy') weave.envoys.set(record.id, record)
  } catch (reason) {
    weave.records.delete(owner)
    addDefect(weave, owner, 'instance', reason)
  }
}

function publish(weave: Weave, owner: string, changedKeys: Set<string>, touched: Touched): void {
  const record = weave.records.get(owner)
  const before = weave.published.get(owner) ?? []
  const after: Published[] = []
  if (record !== undefined) {
    for (const relation of weave.relations.publishing) {
      if (relation.of !== record.kind) continue
      try {
        for (const one of relation.publish(record, weave.stages)) after.push(one)
      } catch (reason) {
        addDefect(weave, owner, relation.name, reason)
      }
    }
  }
  if (samePublished(before, after)) return
  // A cluster publishes one line for each of its pods: only those that differ are taken out and put in.
  const [gone, come] = before.length === 0 ? [before, after] : differences(before, after)
  for (const one of gone) {
    changedKeys.add(one.key)
    if (one.workload !== '') touched.around.add(one.workload)
    const place = weave.places.get(one.key)
    if (place === undefined) continue
    place.published = place.published.filter((other) => !(other.instance === one.instance && other.part === one.part))
    dropEmpty(weave, place)
  }
  for (const one of come) {
    changedKeys.add(one.key)
    insert(placeOf(weave, one.key), one)
  }
  weave.published.set(owner, after.slice())
  for (const one of gone) keepInstances(weave, one)
  for (const one of come) keepInstances(weave, one)
}

function keepInstances(weave: Weave, { key, workload }: Published): void {
  if (!key.startsWith('workload:')) return
  const found = weave.places.get(key)?.published ?? nothing
  if (found.length === 0) weave.instances.delete(workload)
  else
    weave.instances.set(
      workload,
      found.map(({ instance }) => instance),
    )
}

function link(weave: Weave, owner: string, touched: Touched): void {
  const record = weave.records.get(owner)
  weave.links += 1
  const asked: Place[] = []
  const look = (key: string) => {
    const place = placeOf(weave, key)
    if (place.askedIn !== weave.links) {
      place.askedIn = weave.links
      asked.push(place)
    }
    return place.published
  }
  const connections: Connection[] = []
  if (record !== undefined) {
    for (const relation of weave.relations.linking) {
      if (relation.of !== record.kind) continue
      try {
        for (const one of relation.link(record, look, weave.stages)) connections.push(one)
      } catch (reason) {
        addDefect(weave, owner, relation.name, reason)
      }
    }
  }
  // Copies are kept: a list that was pushed to has room for many more.
  rememberQuestions(weave, owner, asked.slice())
  const before = weave.connections.get(owner) ?? []
  // First in, then out: what is mentioned before and after never vanishes in between.
  let place = 0
  for (const one of connections) {
    if (!isSameMention(one, before[place])) connect(weave, owner, one, touched)
    place += 1
  }
  place = 0
  for (const one of before) {
    if (!isSameMention(one, connections[place])) disconnect(weave, owner, one, touched)
    place += 1
  }
  if (connections.length === 0) weave.connections.delete(owner)
  else weave.connections.set(owner, connections.slice())
  // Asked again because what it found changed: its own workload may then be judged differently.
  for (const one of weave.published.get(owner) ?? []) if (one.workload !== '') touched.around.add(one.workload)
  const guards = connections.filter((one) => one.kind === 'guard')
  if (guards.length === 0) weave.guards.delete(owner)
  else weave.guards.set(owner, guards)
}

/** A mention that stays as it is needs neither to come nor to go. */
function isSameMention(one: Connection, other: Connection | undefined): boolean {
  return (
    one.kind === 'mention' &&
    other?.kind === 'mention' &&
    one.workload === other.workload &&
    one.because === other.because
  )
}

/** What changed itself: an Envoy is part of its workload and of all its hops; an OPA of the Envoys that ask it. */
function touchOwn(weave: Weave, owner: string, before: InstanceRecord | undefined, touched: Touched): void {
  const record = weave.records.get(owner) ?? before
  if (record === undefined) return
  switch (record.kind) {
    case 'envoy':
      for (const one of weave.published.get(owner) ?? []) if (one.workload !== '') touched.around.add(one.workload)
      break
    case 'opa':
      for (const one of weave.published.get(owner) ?? []) {
        for (const asker of weave.places.get(one.key)?.askers ?? nobody) touchGuarded(weave, asker, touched)
      }
      break
    case 'spire':
      touchBySpire(weave, before, weave.records.get(owner), touched)
      break
    default:
      break
  }
}

/** An OPA shows at the workload that asks it and at the hops that lead there. */
function touchGuarded(weave: Weave, asker: string, touched: Touched): void {
  for (const { workload } of weave.published.get(asker) ?? []) {
    if (workload === '') continue
    touched.workloads.add(workload)
    for (const hop of weave.workloads.get(workload)?.hops ?? []) if (hop.to === workload) touched.hops.add(hop.id)
  }
}

/** The first time there is nothing that was judged before. */
function touchAll(weave: Weave, touched: Touched): void {
  for (const id of weave.hops.keys()) touched.hops.add(id)
  for (const id of weave.workloads.keys()) touched.workloads.add(id)
  touched.around.clear()
}

/** Hops are judged with both their ends' Envoys; ends with what their hops logged. */
export function touchNeighbours(weave: Weave, touched: Touched): void {
  for (const id of touched.hops) {
    const hop = weave.hops.get(id)
    if (hop !== undefined) touched.workloads.add(hop.from).add(hop.to)
  }
  for (const id of touched.around) {
    touched.workloads.add(id)
    for (const hop of weave.workloads.get(id)?.hops ?? []) touched.hops.add(hop.id)
  }
}

export function nothingTouched(): Touched {
  return { workloads: new Set(), registrations: new Set(), hops: new Set(), around: new Set(), kinds: new Set() }
}

function addDefect(weave: Weave, owner: string, rule: string, reason: unknown): void {
  const defect = { rule, subject: owner, message: messageOf(reason) }
  weave.defects.set(owner, [...(weave.defects.get(owner) ?? []), defect])
}

export function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}

const nothing: readonly Published[] = []
const nobody: readonly string[] = []
