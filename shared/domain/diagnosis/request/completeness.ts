import type { Hop, TrustGraph } from '../../model/graph.ts'
import type { MissingLine, RequestTrace } from '../model.ts'
import type { RequestCase } from '../request-case.ts'
import { endedHere, isHandedOn, type RequestView, type Step } from './view.ts'

type Call = Pick<MissingLine, 'from' | 'to'>
/** Which sides logged a call. */
interface Logged extends Call {
  readonly caller: boolean
  readonly callee: boolean
  /** A line does not say of which side it is. */
  readonly either: boolean
  /** The caller's Envoy had an answer from behind. */
  readonly answered: boolean
}

/** Hops behind the end are named up to this many. */
const mostBehind = 20

/**
 * On which hops a request was logged that it must have taken: those of which anything tells, and before them those without which its
 * callers cannot be reached from where requests enter. Where several ways lead there nothing is expected of any one of them. A line
 * with the same trace id counts although its request id is another.
 */
export function completenessOf(view: RequestView): RequestTrace {
  const { of, steps, focus } = view
  const hops = hopsOf(of.graph)
  const told = new Map(steps.map((step) => [keyOf({ from: step.caller, to: step.callee }), step]))
  const expected: readonly Call[] = [
    ...unloggedBefore(steps, hops, new Set(told.keys())),
    ...[...told.values()].map((step) => ({ from: step.caller, to: step.callee })),
  ]
  const logged = expected.map((call) => loggedOf(of, call))
  const end = focus !== null && endedHere(focus) ? focus : null
  return {
    expected: expected.length,
    seen: logged.filter(isLogged).length,
    missing: [...logged.flatMap((call) => linesOf(of, call)), ...(end === null ? [] : behind(end, steps, hops))],
  }
}

function loggedOf({ accesses, sameTrace }: RequestCase, call: Call): Logged {
  const lines = [...accesses, ...sameTrace].filter(({ caller, callee }) => caller === call.from && callee === call.to)
  const outbound = lines.filter(({ direction }) => direction === 'outbound')
  return {
    ...call,
    caller: outbound.length > 0,
    callee: lines.some(({ direction }) => direction === 'inbound'),
    either: lines.some(({ direction }) => direction === null),
    answered: outbound.some(isHandedOn),
  }
}

function isLogged({ caller, callee, either }: Logged): boolean {
  return caller || callee || either
}

/** Nobody behind the caller tells of a call that was made: what happened there is not known. */
export function isGap({ side, reason }: MissingLine): boolean {
  return side !== 'caller' && reason !== 'not-reached'
}

/** As people want it; where they have said nothing, as the graph has it. */
function hopsOf(graph: TrustGraph | null): readonly Hop[] {
  const intended = (graph?.hops ?? []).filter(({ relations }) => relations.includes('intended'))
  return intended.length > 0 ? intended : (graph?.hops ?? [])
}

function unloggedBefore(steps: readonly Step[], hops: readonly Hop[], told: ReadonlySet<string>): readonly Call[] {
  const called = new Set(hops.map(({ to }) => to))
  const entries = [...new Set(hops.map(({ from }) => from))].filter((id) => !called.has(id))
  const missing = new Map<string, Call>()
  for (const caller of new Set(steps.map((step) => step.caller))) {
    if (caller === null) continue
    for (const hop of wayTo(caller, entries, hops)) {
      const key = keyOf(hop)
      if (told.has(key) || missing.has(key)) continue
      const others = hops.filter(({ id }) => id !== hop.id)
      if (!canReach(caller, entries, others)) missing.set(key, { from: hop.from, to: hop.to })
    }
  }
  return [...missing.values()]
}

/** A shortest way, from the entry on; empty: it is an entry itself, or no way is known. */
function wayTo(target: string, entries: readonly string[], hops: readonly Hop[]): readonly Hop[] {
  const by = reachedBy(entries, hops)
  const way: Hop[] = []
  for (let at = by.get(target) ?? null; at !== null; at = by.get(at.from) ?? null) way.unshift(at)
  return way
}

function canReach(target: string, entries: readonly string[], hops: readonly Hop[]): boolean {
  return reachedBy(entries, hops).has(target)
}

/** Of each workload that can be reached by which hop first; null: it is an entry. */
function reachedBy(entries: readonly string[], hops: readonly Hop[]): ReadonlyMap<string, Hop | null> {
  const leaving = Map.groupBy(hops, ({ from }) => from)
  const by = new Map<string, Hop | null>(entries.map((id) => [id, null]))
  // A map is gone through in the order of what is put into it, also while it grows.
  for (const id of by.keys()) {
    for (const hop of leaving.get(id) ?? []) if (!by.has(hop.to)) by.set(hop.to, hop)
  }
  return by
}

/** Lines of a call that are missing, and why. */
function linesOf(of: RequestCase, { from, to, caller, callee, either, answered }: Logged): readonly MissingLine[] {
  const hop = of.graph?.hops.find((each) => each.from === from && each.to === to)?.id ?? null
  const line = (side: MissingLine['side'], reason: MissingLine['reason']) => ({ hop, from, to, side, reason })
  // Which of both is missing is not known then.
  if (either) return []
  const [ofCaller, ofCallee] = [whyNoLine(of, from), whyNoLine(of, to)]
  if (!caller && !callee) {
    const reasons = [ofCaller, ofCallee]
    return [line('both', (['not-held', 'unknown'] as const).find((each) => reasons.includes(each)) ?? ofCallee)]
  }
  return [
    ...(caller ? [] : [line('caller', ofCaller)]),
    // What nobody answered never got there, as far as the caller's Envoy tells.
    ...(callee ? [] : [line('callee', caller && !answered ? 'not-reached' : ofCallee)]),
  ]
}

function whyNoLine({ logged, sources, isWhole }: RequestCase, workload: string | null): MissingLine['reason'] {
  const states = sources.filter(({ source }) => source === 'logs').map(({ state }) => state)
  if (!states.includes('read')) return 'no-log'
  if (workload === null || logged === null) return 'unknown'
  if (!logged.workloads.includes(workload)) return logged.complete ? 'no-log' : 'unknown'
  // Which log fell silent is not known here, nor what is among records that were not read.
  return states.includes('silent') || !isWhole.records || !isWhole.trace ? 'unknown' : 'not-held'
}

/** Where it would have gone on from the callee of the call that ended it; whoever called something was reached before. */
function behind(end: Step, steps: readonly Step[], hops: readonly Hop[]): readonly MissingLine[] {
  if (end.callee === null) return []
  const callers = new Set(steps.map(({ caller }) => caller))
  const onwards = hops.filter(({ from }) => !callers.has(from))
  const reached = reachedBy([end.callee], onwards)
  return onwards
    .filter(({ from }) => reached.has(from))
    .slice(0, mostBehind)
    .map(({ id, from, to }) => ({ hop: id, from, to, side: 'both', reason: 'not-reached' }))
}

function keyOf({ from, to }: Call): string {
  return JSON.stringify([from, to])
}
