import type { Evidence } from '../../model.ts'
import { tell } from '../../reasons.ts'
import { endLine, ofDecision, ofDetails } from '../evidence.ts'
import { found, type RequestRule } from './rule.ts'

/** Of the time that Envoy waits: a little less is counted too, clocks are read twice. */
const nearly = 0.9
/** Envoy waits so long unless it is told otherwise (grpc_service.timeout). */
const defaultTimeoutMs = 200

/** AZ-04: the OPA had not answered when Envoy stopped waiting. */
export const opaSlow: RequestRule = {
  id: 'opa-slow',
  cause: 'opa-slow',
  faults: ['opa-slow', 'opa-hanging'],
  examine(view) {
    const line = endLine(view)
    const decision = view.focus?.decision ?? null
    if (
      /eval_cancel_error|timed out before query/.test(
        `${decision?.error?.code ?? ''} ${decision?.error?.message ?? ''}`,
      )
    ) {
      const tookMs = decision?.evaluationMs ?? line?.authorisationMs ?? 0
      return found(tell('opa-took-too-long', { ...view.names, tookMs, timeoutMs: timeoutOf(view) }), [
        decision === null ? null : ofDecision(decision),
        line === null ? null : ofDetails(line),
      ])
    }
    if (line === null || line.details?.startsWith('ext_authz_error') !== true) return null
    const tookMs = line.authorisationMs ?? line.durationMs
    const timeoutMs = timeoutOf(view)
    if (tookMs === null || tookMs < nearly * (timeoutMs ?? defaultTimeoutMs)) return null
    const took: Evidence = {
      class: timeoutMs === null ? 'configuration' : 'contradiction',
      reason: tell('authorisation-took', { tookMs, timeoutMs }),
      literal: null,
      from: line.from,
    }
    return found(tell('opa-took-too-long', { ...view.names, tookMs, timeoutMs }), [
      took,
      ofDetails(line, 'contradiction'),
    ])
  },
}

function timeoutOf(view: Parameters<RequestRule['examine']>[0]): number | null {
  const guard = view.hop?.guard
  return guard?.known === true ? guard.value.timeoutMs : null
}
