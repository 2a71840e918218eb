import type { SmallestChange } from '../../shared/domain/diagnosis/change/model.ts'
import type { ChainLink, Evidence, RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import { requestLinkKinds } from '../../shared/domain/diagnosis/model.ts'
import type { RefusalGroup, RefusalGroups, RefusalKind } from '../../shared/domain/diagnosis/refusals/model.ts'
import { runbookSteps } from '../../shared/domain/diagnosis/runbooks.ts'
import { minute } from './fixture-parts.ts'

const domain = 'spiffe://pipeline.example/ns'
const caller = { spiffeId: `${domain}/ai/sa/input-sanitiser`, name: 'input-sanitiser' }
const callee = { spiffeId: `${domain}/ai/sa/orchestrator`, name: 'orchestrator' }
const idOf = ({ spiffeId }: { readonly spiffeId: string }) => `workload/${spiffeId}`
const gateway = `workload/${domain}/ai/sa/gateway`
const modelServer = `workload/${domain}/ai/sa/model-server`
const hop = `hop/${idOf(caller)}>${idOf(callee)}`
const decisionId = 'd2a1f0b4-99c3-41de-a7bc-0123456789ab'

/** Invented refusals and one diagnosis that has everything: rule with values, changes, what is open, and hostile text. */
export function diagnosisFixture(situation: string, moment: { readonly now: number }) {
  const isTroubled = situation === 'troubled'
  return {
    refusals: async (): Promise<RefusalGroups> => {
      const groups = isTroubled ? refusalGroups(moment.now) : situation === 'large' ? manyGroups(moment.now) : []
      return {
        from: moment.now - 15 * minute,
        to: moment.now,
        heldSince: situation === 'empty' ? null : moment.now - 40 * minute,
        notAsked: situation === 'empty' ? ['loki'] : [],
        total: groups.reduce((total, { count }) => total + count, 0),
        complete: true,
        groups,
      }
    },
    request: async ({ asked }: { asked: { by: string; id?: string } }) =>
      asked.id?.startsWith('nothing') === true ? nothingFound(asked.id) : denied(moment.now),
    change: async () => change,
    handshake: async () => Promise.reject(new Error('connection refused')),
    failingHandshakes: async () => [],
    noIdentity: async () => Promise.reject(new Error('connection refused')),
    forecast: async () => Promise.reject(new Error('connection refused')),
  }
}

function group(now: number, index: number, kind: RefusalKind, more: Partial<RefusalGroup>): RefusalGroup {
  const end = (of: typeof caller) => ({ workload: idOf(of), ...of })
  return {
    key: `group-${index}`,
    from: end(caller),
    to: end(callee),
    kind,
    details: null,
    status: 403,
    reason: null,
    revision: null,
    count: Math.max(1, 931 - index),
    first: now - 10 * minute,
    latest: { at: now - index * 20_000, requestId: `7f3c92e0-${index}`, traceId: null, decisionId: null },
    ...more,
  }
}

function refusalGroups(now: number): readonly RefusalGroup[] {
  const named = (name: string) => ({ workload: null, name, spiffeId: null })
  return [
    group(now, 0, 'policy', { reason: 'data_class not in clearance', revision: 'r42' }),
    group(now, 1, 'no-decision', { to: named('vector-store'), details: 'ext_authz_error' }),
    group(now, 2, 'filter', { from: named('gateway'), details: 'rbac_access_denied_matched_policy[none]' }),
    group(now, 3, 'application', { to: named('payments-tool'), count: 4 }),
    group(now, 4, 'vault', {
      to: named('vault'),
      details: 'permission denied',
      latest: { at: now - 90_000, requestId: null, traceId: null, decisionId: null },
    }),
    group(now, 5, 'unknown', { from: named('<b>output-filter</b>'), to: named('gateway'), details: null }),
  ]
}

function manyGroups(now: number): readonly RefusalGroup[] {
  return Array.from({ length: 1000 }, (_, index) =>
    group(now, index, 'policy', { reason: `reason ${index}`, revision: 'r42' }),
  )
}

function denied(now: number): RequestDiagnosis {
  const at = now - 12_000
  const requestId = '7f3c92e0-4b1d-4e7a-9c02-1f2e3d4c5b6a'
  const accessLog: Evidence = {
    class: 'decisive',
    reason: { code: 'envoy-details', params: { details: 'ext_authz_denied', flags: 'UAEX', status: '403' } },
    literal: 'ext_authz_denied',
    from: { kind: 'record', record: 'envoy-access', source: 'orchestrator', at, requestId, decisionId },
  }
  const opaLog: Evidence = {
    class: 'decisive',
    reason: { code: 'decision-logged', params: { decisionId, outcome: 'deny', revision: 'r42' } },
    literal: 'data_class not in clearance <script>alert(1)</script>',
    from: { kind: 'record', record: 'opa-decisions', source: 'opa-orchestrator', at, requestId, decisionId },
  }
  const again: Evidence = {
    class: 'decisive',
    reason: { code: 'evaluated-again', params: { revision: 'r42', outcome: 'deny' } },
    literal: null,
    from: { kind: 'evaluation', revision: 'r42', masked: true },
  }
  const reason = {
    code: 'refused-by-policy',
    params: { caller: caller.name, callee: callee.name, reason: 'data_class not in clearance', revision: 'r42' },
  }
  const chain = requestLinkKinds.map((kind): ChainLink => {
    const common = { kind, hop, workload: idOf(callee), rule: null }
    if (kind === 'upstream' || kind === 'application') {
      return { ...common, state: 'not-reached', reason: { code: 'not-reached', params: {} }, evidence: [] }
    }
    if (kind === 'rule') return { ...common, state: 'broken', reason, evidence: [opaLog, again], rule }
    if (kind === 'rbac') {
      return {
        ...common,
        state: 'unknown',
        reason: { code: 'nothing-tells', params: { source: 'logs' } },
        evidence: [],
      }
    }
    const evidence = kind === 'decision' || kind === 'bundle-revision' ? opaLog : accessLog
    return { ...common, state: 'passed', reason: evidence.reason, evidence: [evidence] }
  })
  const end = (of: typeof caller) => ({ workload: idOf(of), ...of })
  return {
    subject: {
      requestId,
      traceId: '0af7651916cd43dd8448eb211c80319c',
      decisionId,
      at,
      method: 'POST',
      path: '/v1/generate',
      status: 403,
      from: end(caller),
      to: end(callee),
      user: {
        state: 'known',
        value: 'alice@example.com <b>',
        claim: 'sub',
        at: '/input/attributes/metadataContext/filterMetadata/envoy.filters.http.jwt_authn/verified/sub',
        from: opaLog.from,
        call: 'this',
      },
      actor: {
        state: 'known',
        value: `${domain}/ai/sa/gateway`,
        claim: 'act.sub',
        at: '/input/attributes/metadataContext/filterMetadata/envoy.filters.http.jwt_authn/verified/act/sub',
        from: opaLog.from,
        call: 'this',
      },
    },
    trace: {
      expected: 4,
      seen: 3,
      missing: [
        { hop: null, from: `workload/${domain}/edge/sa/application`, to: gateway, side: 'both', reason: 'no-log' },
        { hop: null, from: gateway, to: idOf(caller), side: 'caller', reason: 'not-held' },
        { hop: null, from: idOf(callee), to: modelServer, side: 'both', reason: 'not-reached' },
      ],
    },
    path: [
      { hop: null, from: gateway, to: idOf(caller), state: 'passed' },
      { hop, from: idOf(caller), to: idOf(callee), state: 'denied' },
      { hop: null, from: idOf(callee), to: modelServer, state: 'not-reached' },
    ],
    chain,
    firstBroken: requestLinkKinds.indexOf('rule'),
    verdict: {
      cause: 'policy-denied',
      reason,
      confidence: 'medium',
      because: { code: 'one-record-names-it', params: {} },
      wouldRaise: [{ code: 'read-source', params: { source: 'opa' } }],
      restsOn: [opaLog],
    },
    ruledOut: [
      { cause: 'opa-unreachable', reason: { code: 'opa-did-answer', params: { decisionId } }, evidence: opaLog },
      {
        cause: 'application-refused',
        reason: { code: 'upstream-never-called', params: { details: 'ext_authz_denied' } },
        evidence: accessLog,
      },
    ],
    open: [
      {
        reason: { code: 'input-masked', params: { fields: '/input/attributes/request/http/headers/authorization' } },
        couldChangeVerdict: false,
      },
    ],
    next: [
      {
        reason: { code: 'simulate-it', params: {} },
        command: `everyhop policy simulate --decision ${decisionId} --env lab`,
        open: { kind: 'simulate', decisionId },
      },
      ...runbookSteps('caller-unexpected'),
    ],
    asked: [
      { source: 'kubernetes', answered: false },
      ...['spire', 'envoy', 'opa', 'logs'].map((source) => ({ source, answered: true })),
    ],
  }
}

const rule: ChainLink['rule'] = {
  file: 'pipeline/authz.rego',
  row: 42,
  decidedBy: 'failed',
  name: 'pipeline/authz/allow',
  alternatives: 1,
  lookedFor: null,
  revision: 'r42',
  isRevisionThatDecided: false,
  lines: [
    { row: 38, text: '# a caller may only send data it is cleared for', outcome: null, values: [] },
    { row: 39, text: 'allow if {', outcome: null, values: [] },
    { row: 40, text: '  caller := input.source_principal', outcome: 'held', values: [] },
    { row: 41, text: '  caller in data.hops["model-server"].callers', outcome: 'held', values: [] },
    {
      row: 42,
      text: '  input.parsed_body.data_class in data.clearance[caller]',
      outcome: 'failed',
      values: [
        { name: 'input.parsed_body.data_class', json: '"confidential"', masked: false },
        { name: 'data.clearance[caller]', json: '["internal","public"]', masked: false },
        { name: 'input.token', json: '', masked: true },
      ],
    },
    { row: 43, text: '}', outcome: null, values: [] },
  ],
}

function nothingFound(id: string): RequestDiagnosis {
  const none = { workload: null, name: null, spiffeId: null }
  return {
    subject: {
      requestId: id,
      traceId: null,
      decisionId: null,
      at: null,
      method: null,
      path: null,
      status: null,
      from: none,
      to: none,
      user: { state: 'unknown', why: 'no-decision' },
      actor: { state: 'unknown', why: 'no-decision' },
    },
    trace: { expected: 0, seen: 0, missing: [] },
    path: [],
    chain: requestLinkKinds.map((kind) => ({
      kind,
      hop: null,
      workload: null,
      state: 'unknown',
      reason: { code: 'nothing-tells', params: { source: 'logs' } },
      evidence: [],
      rule: null,
    })),
    firstBroken: null,
    verdict: {
      cause: 'unknown',
      reason: { code: 'nothing-found', params: { asked: `request id ${id}` } },
      confidence: 'low',
      because: { code: 'nothing-decisive', params: {} },
      wouldRaise: [{ code: 'give-request-id', params: {} }],
      restsOn: [],
    },
    ruledOut: [],
    open: [],
    next: [],
    asked: ['spire', 'envoy', 'opa', 'logs'].map((source) => ({ source, answered: source !== 'logs' })),
  }
}

const change: SmallestChange = {
  decisionId,
  bundle: 'pipeline',
  basedOn: { revision: 'r42', digest: null },
  isRevisionThatDecided: true,
  changes: [
    {
      id: 'data-1',
      kind: 'data',
      reason: {
        code: 'change-data-member-added',
        params: { at: `data.clearance["${caller.spiffeId}"]`, after: '"confidential"' },
      },
      loosens: false,
      proven: true,
      file: 'data/clearance.json',
      at: 'data.clearance',
      before: '["internal","public"]',
      after: '["internal","public","confidential"]',
      difference: [
        { kind: 'same', row: 6, text: '{' },
        { kind: 'removed', row: 7, text: '  "…/input-sanitiser": ["internal","public"],' },
        { kind: 'added', row: 7, text: '  "…/input-sanitiser": ["internal","public","confidential"],' },
      ],
      draft: { bundle: 'pipeline', from: { revision: 'r42', digest: null }, changes: [] },
    },
    {
      id: 'rule-1',
      kind: 'rule',
      reason: { code: 'change-expression-removed', params: { file: 'pipeline/authz.rego', row: 42 } },
      loosens: true,
      proven: false,
      file: 'pipeline/authz.rego',
      at: null,
      before: null,
      after: null,
      difference: [{ kind: 'removed', row: 42, text: '  input.parsed_body.data_class in data.clearance[caller]' }],
      draft: null,
    },
  ],
  none: null,
  masked: [],
  evaluations: 11,
  isComplete: false,
}
