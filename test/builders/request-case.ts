import type { EvidenceSource } from '../../shared/domain/diagnosis/model.ts'
import type {
  CaseAccess,
  CaseDecision,
  CaseEvaluation,
  CaseVaultDenial,
  RequestCase,
} from '../../shared/domain/diagnosis/request-case.ts'
import type { FactReference } from '../../shared/domain/model/graph.ts'
import { builtAt } from './facts.ts'
import { build, ids, pipeline } from './small-graph.ts'

/** A request gateway → model-server → tool-runtime of the small pipeline, as the logs of a healthy one would have it. */
export const requestId = '0f4e1f1c-8f2a-4b7e-9d63-000000000001'
export const decisionId = '5b0c7a52-1f0e-4a4c-8a2b-000000000002'
const record = (name: string, source: string): EvidenceSource => ({
  kind: 'record',
  record: name,
  source,
  at: builtAt,
  requestId,
  decisionId: null,
})

export function access(changes: Partial<CaseAccess> = {}): CaseAccess {
  return {
    from: record('envoy-access', 'tool-runtime'),
    direction: 'inbound',
    at: builtAt - 1000,
    requestId,
    traceId: null,
    decisionId: null,
    method: 'POST',
    path: '/v1/tool-calls',
    status: 200,
    details: 'via_upstream',
    flags: [],
    callerSpiffeId: ids.model,
    calleeSpiffeId: ids.tool,
    caller: `workload/${ids.model}`,
    callee: `workload/${ids.tool}`,
    authorisation: 'passed',
    failure: null,
    upstreamHost: null,
    durationMs: 4,
    authorisationMs: 1,
    ...changes,
  }
}

/** The line of the caller's Envoy for a call that never got there. */
export function unsent(changes: Partial<CaseAccess> = {}): CaseAccess {
  return access({
    from: record('envoy-access', 'model-server'),
    direction: 'outbound',
    status: 503,
    details: 'upstream_reset_before_response_started{remote_connection_failure}',
    flags: ['UF'],
    calleeSpiffeId: null,
    authorisation: null,
    authorisationMs: null,
    ...changes,
  })
}

export function decision(changes: Partial<CaseDecision> = {}): CaseDecision {
  return {
    from: record('opa-decisions', 'opa-tool-runtime'),
    at: builtAt - 1000,
    decisionId,
    outcome: 'deny',
    reasons: ['the classification is above the limit'],
    path: 'pipeline/authz/result',
    revision: 'r42',
    opaInstanceId: null,
    error: null,
    callerSpiffeId: ids.model,
    calleeSpiffeId: ids.tool,
    masked: [],
    tokenExpiresAt: null,
    evaluationMs: 1,
    user: { state: 'absent' },
    actor: { state: 'absent' },
    ...changes,
  }
}

export const denied = access({
  status: 403,
  details: 'ext_authz_denied',
  flags: ['UAEX'],
  authorisation: 'denied',
  decisionId,
})
export const erred = access({
  status: 403,
  details: 'ext_authz_error',
  flags: ['UAEX'],
  authorisation: 'error',
  durationMs: 2,
  authorisationMs: 1,
})

/** What Vault refused tool-runtime in the middle of its answer. */
export function vaultDenial(changes: Partial<CaseVaultDenial> = {}): CaseVaultDenial {
  const fact: FactReference = {
    factId: 'logs/vault#vault-denial/read/database/creds/ro/tool-runtime',
    source: 'logs',
    instance: 'vault',
    locator: 'lines 1-9',
    observedAt: builtAt,
    basis: 'measured',
  }
  return {
    from: { kind: 'fact', fact },
    holder: `workload/${ids.tool}`,
    firstAt: builtAt - 999,
    lastAt: builtAt - 999,
    path: 'database/creds/ro',
    error: 'permission denied',
    ...changes,
  }
}

export function evaluation(changes: Partial<CaseEvaluation> = {}): CaseEvaluation {
  return {
    outcome: 'deny',
    rule: null,
    revision: 'r42',
    isRevisionThatDecided: true,
    newest: null,
    before: null,
    ...changes,
  }
}

const graph = build(pipeline.scopes)

export function requestCase(changes: Partial<RequestCase> = {}): RequestCase {
  return {
    asked: { by: 'request', id: requestId },
    accesses: [],
    decisions: [],
    integrity: [],
    vault: [],
    vaultUntold: [],
    graph,
    now: builtAt,
    sources: (['kubernetes', 'spire', 'envoy', 'opa', 'logs'] as const).map((source) => ({ source, state: 'read' })),
    evaluation: null,
    whyNotEvaluated: null,
    bundle: null,
    logged: null,
    sameTrace: [],
    isWhole: { records: true, trace: true },
    facts: new Map(),
    ...changes,
  }
}

/** What the trace says of a rule that denied for want of one caller in a list of the data. */
export const callerIsNotThere = {
  file: 'pipeline/authz.rego',
  row: 42,
  decidedBy: 'failed' as const,
  name: 'pipeline/authz/allow',
  alternatives: 0,
  lookedFor: { at: 'data.hops.tool_runtime.callers', json: JSON.stringify(ids.model) },
  revision: 'r42',
  isRevisionThatDecided: true,
  lines: [
    {
      row: 42,
      text: 'caller in data.hops.tool_runtime.callers',
      outcome: 'failed' as const,
      values: [
        { name: 'caller', json: JSON.stringify(ids.model), masked: false },
        { name: 'data.hops.tool_runtime.callers', json: '["spiffe://pipeline.example/other"]', masked: false },
      ],
    },
  ],
}
