import type {
  DecisionActivityFact,
  HopActivityFact,
  IdentityClaimsFact,
  IntegrityActivityFact,
  LogIntakeFact,
} from '../../shared/domain/model/log-facts.ts'
import type {
  OpaBundleFact,
  OpaDecisionLogFact,
  OpaInstanceFact,
  OpaPolicyFact,
} from '../../shared/domain/model/opa-facts.ts'
import { builtAt, minute, provenance, type With } from './fact-parts.ts'

export * from './envoy-facts.ts'
export { builtAt, builtDomain, counter, provenance, scope, spiffe, unreadScope } from './fact-parts.ts'
export * from './spire-facts.ts'

// OPA

export function opaInstance(opa: string, more: With<OpaInstanceFact> = {}): OpaInstanceFact {
  return {
    kind: 'opa-instance',
    id: `opa/${opa}/instance#opa-instance/${opa}`,
    from: provenance('opa', opa, 'GET /v1/config'),
    opa,
    instanceId: 'b7b2',
    version: '1.15.2',
    labels: {},
    extAuthz: { address: '127.0.0.1:9191', path: 'pipeline/authz/result', dryRun: false },
    statusConfigured: true,
    clockSkewMs: 0,
    ...more,
  }
}

export function opaBundle(opa: string, more: With<OpaBundleFact> = {}): OpaBundleFact {
  return {
    kind: 'opa-bundle',
    id: `opa/${opa}/status#opa-bundle/${more.name ?? 'authz'}`,
    from: provenance('opa', opa, 'GET /v1/status'),
    opa,
    name: 'authz',
    activeRevision: 'r42',
    lastRequestAt: builtAt - 1_000,
    lastSuccessfulRequestAt: builtAt - 1_000,
    lastSuccessfulDownloadAt: builtAt - 5 * minute,
    lastSuccessfulActivationAt: builtAt - 5 * minute,
    code: null,
    message: null,
    httpCode: null,
    errors: [],
    maxPollSeconds: 2,
    signed: true,
    ...more,
  }
}

export function opaDecisionLog(opa: string, more: With<OpaDecisionLogFact> = {}): OpaDecisionLogFact {
  return {
    kind: 'opa-decision-log',
    id: `opa/${opa}/decision-log#opa-decision-log/${opa}`,
    from: provenance('opa', opa, 'GET /v1/config'),
    opa,
    configured: true,
    service: 'lab',
    code: null,
    message: null,
    dropped: 0,
    ...more,
  }
}

export function opaPolicy(opa: string, more: With<OpaPolicyFact> = {}): OpaPolicyFact {
  return {
    kind: 'opa-policy',
    id: `opa/${opa}/policies#opa-policy/authz/policy.rego`,
    from: provenance('opa', opa, 'GET /v1/policies'),
    opa,
    policyId: 'authz/policy.rego',
    package: 'pipeline.authz',
    sha256: '00',
    ...more,
  }
}

// Logs

export function hopActivity(
  envoy: string,
  side: HopActivityFact['side'],
  more: With<HopActivityFact> = {},
): HopActivityFact {
  const other =
    side === 'callee' ? (more.callerSpiffeId ?? more.callerAddress) : (more.calleeSpiffeId ?? more.calleeAddress)
  return {
    kind: 'hop-activity',
    id: `logs/${envoy}-access/activity#hop-activity/${envoy}/${side}/${other ?? 'unknown'}`,
    from: provenance('logs', `${envoy}-access`, 'access.ndjson:1042'),
    envoy,
    side,
    callerSpiffeId: null,
    calleeSpiffeId: null,
    callerAddress: null,
    calleeAddress: null,
    upstreamCluster: null,
    windowFrom: builtAt - minute,
    windowTo: builtAt,
    requests: 24,
    allowed: 24,
    denied: 0,
    authorisationErrors: 0,
    failedOpen: 0,
    decided: 24,
    upstreamFailures: 0,
    mutualTls: 24,
    oneSidedTls: 0,
    plaintext: 0,
    tlsVersion: 'TLSv1.3',
    tlsCipher: 'TLS_AES_256_GCM_SHA384',
    peerSerial: 'fc12646d',
    peerNotAfter: builtAt + 9 * minute,
    lastRequestAt: builtAt - 1_000,
    handshakeFailures: 0,
    lastHandshakeFailure: null,
    failingSince: null,
    lastRequest: loggedRequest(),
    ...more,
  }
}

export function loggedRequest(
  more: Partial<NonNullable<HopActivityFact['lastRequest']>> = {},
): NonNullable<HopActivityFact['lastRequest']> {
  return {
    at: builtAt - 1_000,
    requestId: 'req-0001',
    method: 'GET',
    path: '/v1/chat',
    status: 200,
    details: 'via_upstream',
    decisionId: '42bc8edf',
    ...more,
  }
}

/** What a hop-activity says while every handshake fails. */
export function handshakeFailing(text: string, since = builtAt - 20_000): With<HopActivityFact> {
  return {
    requests: 0,
    allowed: 0,
    decided: 0,
    mutualTls: 0,
    tlsVersion: null,
    tlsCipher: null,
    peerSerial: null,
    peerNotAfter: null,
    lastRequestAt: null,
    lastRequest: null,
    handshakeFailures: 8,
    lastHandshakeFailure: { at: builtAt - 1_000, text, peerSpiffeId: null },
    failingSince: since,
  }
}

export function decisionActivity(
  caller: string,
  callee: string,
  more: With<DecisionActivityFact> = {},
): DecisionActivityFact {
  return {
    kind: 'decision-activity',
    id: `logs/decisions/activity#decision-activity/${caller}/${callee}`,
    from: provenance('logs', 'decisions', 'decisions.ndjson:77'),
    opaInstanceId: 'b7b2',
    callerSpiffeId: caller,
    calleeSpiffeId: callee,
    windowFrom: builtAt - minute,
    windowTo: builtAt,
    allowed: 24,
    denied: 0,
    errors: 0,
    evaluationP99Ms: 1.5,
    last: {
      at: builtAt - 1_000,
      decisionId: '42bc8edf',
      outcome: 'allow',
      reasons: [],
      requestId: 'req-0001',
      path: 'pipeline/authz/result',
      revision: 'r42',
    },
    ...more,
  }
}

/** What requests say about their sender, as the access log of the callee's Envoy tells. */
export function identityClaims(
  envoy: string,
  callerSpiffeId: string | null,
  more: With<IdentityClaimsFact> = {},
): IdentityClaimsFact {
  return {
    kind: 'identity-claims',
    id: `logs/${envoy}-access/activity#identity-claims/${callerSpiffeId ?? '-'}`,
    from: provenance('logs', `${envoy}-access`, 'access.ndjson:1042'),
    envoy,
    callerSpiffeId,
    callerAddress: null,
    calleeSpiffeId: null,
    windowFrom: builtAt - minute,
    windowTo: builtAt,
    unclaimed: 0,
    consistent: 24,
    forwarded: 0,
    contradicted: 0,
    last: null,
    ...more,
  }
}

export function integrityActivity(
  stage: string,
  callerStage: string,
  more: With<IntegrityActivityFact> = {},
): IntegrityActivityFact {
  return {
    kind: 'integrity-activity',
    id: `logs/integrity/activity#integrity-activity/${stage}/${callerStage}`,
    from: provenance('logs', 'integrity', 'integrity.ndjson:9'),
    stage,
    callerStage,
    windowFrom: builtAt - minute,
    windowTo: builtAt,
    signature: { verified: 24, failed: 0, missing: 0 },
    userIdentity: { verified: 24, exchanged: 0, lost: 0, failed: 0 },
    lastFailure: null,
    ...more,
  }
}

export function logIntake(log: string, more: With<LogIntakeFact> = {}): LogIntakeFact {
  return {
    kind: 'log-intake',
    id: `logs/${log}/intake#log-intake/${log}`,
    from: provenance('logs', log, 'access.ndjson'),
    record: 'envoy-access',
    accepted: 24,
    refused: 0,
    sampleRefused: null,
    lastRecordAt: builtAt - 1_000,
    since: builtAt - minute,
    ...more,
  }
}
