import { added } from '../in-order.ts'
import type { Connection } from '../relations/relation.ts'
import { namingOf } from '../stages.ts'
import type { HopNode, Touched, Weave, WorkloadNode } from './weave.ts'

/** Lets a connection bring its workloads and hop into being, or add to them. */
export function connect(weave: Weave, owner: string, one: Connection, touched: Touched): void {
  if (one.kind === 'guard') return
  if (one.kind === 'mention') {
    mention(weave, one.workload, one.because, touched)
    return
  }
  const known = weave.hopsByEnds.get(one.from)?.get(one.to)
  if (known === undefined || known.isIntendedOnly) {
    addHop(weave, hopId(one.from, one.to), one.from, one.to, [{ owner, part: one }], false, touched)
    return
  }
  known.parts = added(known.parts, { owner, part: one })
  touched.hops.add(known.id)
}

/** Takes a connection back; what nothing else speaks of goes. */
export function disconnect(weave: Weave, owner: string, one: Connection, touched: Touched): void {
  if (one.kind === 'guard') return
  if (one.kind === 'mention') {
    forget(weave, one.workload, one.because, touched)
    return
  }
  const hop = weave.hopsByEnds.get(one.from)?.get(one.to)
  if (hop === undefined) return
  const { id } = hop
  const at = hop.parts.findIndex((known) => known.part === one && known.owner === owner)
  if (at !== -1) hop.parts.splice(at, 1)
  touched.hops.add(id)
  if (hop.parts.length === 0) removeHop(weave, id, touched)
}

export function addHop(
  weave: Weave,
  id: string,
  from: string,
  to: string,
  parts: HopNode['parts'],
  isIntendedOnly: boolean,
  touched: Touched,
): void {
  if (weave.hops.has(id)) removeHop(weave, id, touched)
  const caller = mention(weave, from, 'hop', touched)
  const callee = mention(weave, to, 'hop', touched)
  const hop: HopNode = { id, from, to, caller, callee, parts, isIntendedOnly }
  weave.hops.set(id, hop)
  const siblings = weave.hopsByEnds.get(from)
  if (siblings === undefined) weave.hopsByEnds.set(from, new Map([[to, hop]]))
  else siblings.set(to, hop)
  weave.shape += 1
  caller.hops.add(hop)
  callee.hops.add(hop)
  // Whether a callee has one caller or several decides what its counters say of each.
  touched.around.add(from).add(to)
  touched.hops.add(id)
}

export function removeHop(weave: Weave, id: string, touched: Touched): void {
  const hop = weave.hops.get(id)
  if (hop === undefined) return
  weave.hops.delete(id)
  const siblings = weave.hopsByEnds.get(hop.from)
  siblings?.delete(hop.to)
  if (siblings?.size === 0) weave.hopsByEnds.delete(hop.from)
  weave.shape += 1
  touched.hops.add(id)
  hop.caller.hops.delete(hop)
  hop.callee.hops.delete(hop)
  touched.around.add(hop.from).add(hop.to)
  forget(weave, hop.from, 'hop', touched)
  forget(weave, hop.to, 'hop', touched)
}

export function mention(
  weave: Weave,
  id: string,
  because: keyof WorkloadNode['because'],
  touched: Touched,
): WorkloadNode {
  let node = weave.workloads.get(id)
  if (node === undefined) {
    node = {
      naming: namingOf(id, weave.stages),
      because: { envoy: 0, entry: 0, declared: 0, peer: 0, intent: 0, hop: 0 },
      hops: new Set(),
      envoys: [],
      envoysAt: -1,
    }
    weave.workloads.set(id, node)
    weave.shape += 1
  }
  node.because[because] += 1
  if (node.because[because] === 1) touched.workloads.add(id)
  return node
}

function forget(weave: Weave, id: string, because: keyof WorkloadNode['because'], touched: Touched): void {
  const node = weave.workloads.get(id)
  if (node === undefined) return
  node.because[because] -= 1
  if (node.because[because] > 0) return
  touched.workloads.add(id)
  const { envoy, entry, declared, peer, intent, hop } = node.because
  if (envoy + entry + declared + peer + intent + hop > 0) return
  weave.workloads.delete(id)
  weave.shape += 1
}

export function hopId(from: string, to: string): string {
  return `hop/${from}>${to}`
}
