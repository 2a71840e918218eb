import type { Hop, Workload } from '../../model/graph.ts'
import type { CaseAccess, CaseDecision, RequestCase } from '../request-case.ts'

/** One call of the request, as both ends and the OPA tell of it. */
export interface Step {
  readonly caller: string | null
  readonly callee: string | null
  /** Line of the callee's Envoy. */
  readonly inbound: CaseAccess | null
  /** Line of the caller's Envoy. */
  readonly outbound: CaseAccess | null
  readonly decision: CaseDecision | null
  /** When it began. */
  readonly at: number
}

/** A case with its calls in order and the one where it ended. */
export interface RequestView {
  readonly of: RequestCase
  readonly steps: readonly Step[]
  /** Where the refusal was made; null: no call tells of one. */
  readonly focus: Step | null
  readonly hop: Hop | null
  readonly caller: Workload | null
  readonly callee: Workload | null
  /** Names as drawn, or the SPIFFE ID, or "the caller". */
  readonly names: { readonly caller: string; readonly callee: string }
}

export function viewOf(of: RequestCase): RequestView {
  const steps = stepsOf(of)
  const focus = focusOf(of, steps)
  const graph = of.graph
  const workload = (id: string | null | undefined): Workload | null =>
    graph?.workloads.find((each) => each.id === id) ?? null
  const caller = workload(focus?.caller)
  const callee = workload(focus?.callee)
  const hop = graph?.hops.find(({ from, to }) => focus !== null && from === focus.caller && to === focus.callee) ?? null
  const nameOf = (found: Workload | null, spiffeId: string | null | undefined, fallback: string): string =>
    found?.name ?? spiffeId ?? fallback
  const line = focus?.inbound ?? focus?.outbound
  return {
    of,
    steps,
    focus,
    hop,
    caller,
    callee,
    names: {
      caller: nameOf(caller, line?.callerSpiffeId ?? focus?.decision?.callerSpiffeId, 'the caller'),
      callee: nameOf(callee, line?.calleeSpiffeId ?? focus?.decision?.calleeSpiffeId, 'the callee'),
    },
  }
}

/** Of a request's lines the pairs that are about the same call: both Envoys write one, and the OPA has its record. */
function stepsOf(of: RequestCase): readonly Step[] {
  const open: { -readonly [Key in keyof Step]: Step[Key] }[] = []
  const keyOf = (line: CaseAccess): string => `${endOf(line, 'caller')} > ${endOf(line, 'callee')}`
  for (const line of [...of.accesses].sort((a, b) => a.at - b.at)) {
    const side = line.direction === 'outbound' ? 'outbound' : 'inbound'
    const pair = open.find((step) => {
      const other = step.inbound ?? step.outbound
      return step[side] === null && other !== null && keyOf(other) === keyOf(line)
    })
    if (pair !== undefined) {
      pair[side] = line
      pair.at = Math.min(pair.at, line.at)
      pair.caller ??= line.caller
      pair.callee ??= line.callee
      continue
    }
    const { caller, callee, at } = line
    open.push({ caller, callee, inbound: null, outbound: null, decision: null, at, [side]: line })
  }
  for (const decision of of.decisions) {
    const owner = open.find(({ inbound }) => inbound?.decisionId === decision.decisionId)
    const likely = open.find(
      (step) =>
        step.decision === null &&
        step.inbound?.calleeSpiffeId === decision.calleeSpiffeId &&
        step.inbound.callerSpiffeId === decision.callerSpiffeId,
    )
    const step = owner ?? likely
    if (step !== undefined) step.decision = decision
    else {
      const workload = (spiffeId: string | null): string | null =>
        of.graph?.workloads.find((each) => each.spiffeId.known && each.spiffeId.value === spiffeId)?.id ?? null
      const [caller, callee] = [workload(decision.callerSpiffeId), workload(decision.calleeSpiffeId)]
      open.push({ caller, callee, inbound: null, outbound: null, decision, at: decision.at })
    }
  }
  return open.sort((a, b) => a.at - b.at)
}

function endOf(line: CaseAccess, end: 'caller' | 'callee'): string {
  return line[end] ?? (end === 'caller' ? line.callerSpiffeId : line.calleeSpiffeId) ?? 'unknown'
}

/** Whoever asks for a decision means its call. Else the first call that was ended where it was made, not behind it. */
function focusOf(of: RequestCase, steps: readonly Step[]): Step | null {
  const asked =
    of.asked.by === 'decision'
      ? steps.find(({ decision, inbound }) => (decision?.decisionId ?? inbound?.decisionId) === of.asked.id)
      : undefined
  if (asked !== undefined && endedHere(asked)) return asked
  const ended = steps.filter(endedHere)
  // A line of which nobody knows where it was written says less than any other.
  const told = ended.find(isToldOf) ?? ended[0]
  if (told !== undefined) return told
  // Every failure was handed on from behind: the innermost one that is known is where it came from.
  const failed = steps.filter((step) => [step.inbound, step.outbound].some((line) => (line?.status ?? 0) >= 400))
  return failed.at(-1) ?? asked ?? steps.find(({ inbound }) => inbound?.authorisation === 'failed-open') ?? null
}

function isToldOf({ decision, inbound, outbound }: Step): boolean {
  return decision !== null || [inbound, outbound].some((line) => line !== null && isPlaced(line))
}

/** The answer of 400 and above was made by one of the two Envoys of this call, or by the OPA for it. */
export function endedHere(step: Step): boolean {
  const own = (line: CaseAccess | null): boolean =>
    line !== null && (line.status === null || line.status >= 400 || line.status === 0) && !isHandedOn(line)
  if (own(step.inbound)) return true
  // The caller's Envoy hands on what the callee's answers; what it answers itself never got there.
  if (step.outbound !== null && own(step.outbound) && !answeredByCallee(step)) return true
  return step.inbound === null && step.outbound === null && step.decision !== null && step.decision.outcome !== 'allow'
}

function answeredByCallee(step: Step): boolean {
  return step.inbound !== null && step.inbound.status !== null && step.inbound.status > 0
}

/** Whether a line tells of which side it is, or who called whom. Envoy's default text format does not. */
export function isPlaced({ direction, decisionId, ...ends }: CaseAccess): boolean {
  const { callerSpiffeId, calleeSpiffeId, caller, callee } = ends
  return [direction, decisionId, callerSpiffeId, calleeSpiffeId, caller, callee].some((each) => each !== null)
}

/** What the application behind answered. */
export function isHandedOn(line: Pick<CaseAccess, 'details'>): boolean {
  return line.details?.startsWith('via_upstream') === true
}
