import type { RecordKind, Upload } from '../../electron/core/log-store.ts'

/** Log records as their writers write them: shapes recorded from OPA 1.15, Envoy 1.36, SPIRE 1.15 and Kubernetes 1.34. */

export const noon = Date.parse('2026-11-22T12:00:00.000Z')

export function uuidOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

export function traceOf(number: number): string {
  return number.toString(16).padStart(32, '0')
}

export interface DecisionValues {
  readonly number: number
  readonly at?: number
  readonly allowed?: boolean
  readonly requestId?: string
  readonly caller?: string
  readonly callee?: string
  readonly reasons?: readonly string[]
  readonly decisionId?: string
}

export function decisionEvent(values: DecisionValues): Record<string, unknown> {
  const { number, at = noon + number, allowed = true, requestId = uuidOf(number + 0x100000) } = values
  return {
    labels: { id: 'b5a40546-268c-4399-adf1-92fbfc80cb6f', version: '1.15.2' },
    decision_id: values.decisionId ?? uuidOf(number),
    bundles: { pipeline: { revision: 'lab-001' } },
    path: 'pipeline/authz/result',
    input: {
      attributes: {
        destination: { principal: values.callee ?? 'spiffe://pipeline.example/ns/ai/sa/gateway' },
        request: {
          http: {
            headers: {
              ':path': '/v1/chat',
              traceparent: `00-${traceOf(number)}-b8a4356dec148f7a-01`,
              'x-request-id': requestId,
              'x-stage-signature': '***',
            },
          },
        },
        source: { principal: values.caller ?? 'spiffe://pipeline.example/ns/edge/sa/application' },
      },
      parsed_path: ['v1', 'chat'],
    },
    result: { allowed, dynamic_metadata: { reasons: values.reasons ?? [] }, http_status: allowed ? 200 : 403 },
    timestamp: new Date(at).toISOString().replace('Z', '878105Z'),
    metrics: { timer_rego_query_eval_ns: 1_913_250 + number },
  }
}

export interface AccessValues {
  readonly number: number
  readonly at?: number
  readonly code?: number
  readonly details?: string
  readonly decisionId?: string | null
  readonly requestId?: string
  readonly path?: string
  readonly caller?: string
  readonly callee?: string
  readonly extra?: Readonly<Record<string, unknown>>
}

/** The called side's line of a request over mTLS. */
export function accessLine(values: AccessValues): Record<string, unknown> {
  const { number, at = noon + number } = values
  return {
    direction: 'inbound',
    ts: new Date(at).toISOString(),
    request_id: values.requestId ?? uuidOf(number + 0x100000),
    traceparent: `00-${traceOf(number)}-e5914c394b4d9873-01`,
    method: 'POST',
    path: values.path ?? '/v1/chat',
    code: values.code ?? 200,
    code_details: values.details ?? 'via_upstream',
    flags: '-',
    decision_id: values.decisionId === undefined ? uuidOf(number) : values.decisionId,
    ext_authz_us: '420',
    down_remote: '127.1.0.1:41772',
    down_local: '127.1.0.2:27852',
    down_tls: 'TLSv1.3',
    down_cipher: 'TLS_AES_128_GCM_SHA256',
    down_peer_uri_san: values.caller ?? 'spiffe://pipeline.example/ns/edge/sa/application',
    down_local_uri_san: values.callee ?? 'spiffe://pipeline.example/ns/ai/sa/gateway',
    down_peer_serial: '49ce6a50',
    down_peer_not_after: '2026-11-22T13:00:00.000Z',
    down_tls_err: null,
    up_cluster: 'local_app',
    up_host: '127.0.0.1:9000',
    up_fail: null,
    ...values.extra,
  }
}

/** The line of a connection whose handshake failed. */
export function failedHandshake(at: number, text: string): Record<string, unknown> {
  return {
    direction: 'inbound',
    ts: new Date(at).toISOString(),
    down_remote: '127.1.0.1:41773',
    down_local: '127.1.0.2:27852',
    down_tls: null,
    down_peer_uri_san: null,
    down_local_uri_san: null,
    down_tls_err: text,
  }
}

export function integrityEvent(number: number, outcome = 'verified'): Record<string, unknown> {
  return {
    version: 1,
    type: 'stage-signature',
    outcome,
    time: new Date(noon + number).toISOString(),
    request_id: uuidOf(number + 0x100000),
    trace_id: traceOf(number),
    stage: 'gateway',
    caller_stage: 'application',
    direction: 'request',
    reason: outcome === 'verified' ? null : 'body-changed',
  }
}

export function spireAuditLine(number: number): Record<string, unknown> {
  return {
    authorized_as: 'admin',
    authorized_via: 'entries',
    caller_addr: '127.0.0.1:45932',
    caller_id: 'spiffe://pipeline.example/console/admin',
    level: 'info',
    service: 'svid.v1.SVID',
    method: 'MintJWTSVID',
    spiffe_id: 'spiffe://pipeline.example/x',
    status: 'success',
    request_id: uuidOf(number + 0x200000),
    msg: 'API accessed',
    type: 'audit',
    time: new Date(noon + number).toISOString(),
  }
}

/** The answer to a request for database credentials, as Vault 1.21 logs it. */
export function vaultAuditLine(number: number): Record<string, unknown> {
  return {
    type: 'response',
    time: new Date(noon + number).toISOString(),
    auth: {
      accessor: 'hmac-sha256:3d9b70be',
      client_token: 'hmac-sha256:11aa',
      display_name: 'jwt-spiffe://pipeline.example/hop/gateway',
      entity_id: '5f3b36f2-1111-2222-3333-444455556666',
      metadata: { role: 'hop' },
      policies: ['default', 'hop'],
      policy_results: { allowed: true },
      token_issue_time: new Date(noon).toISOString(),
      token_ttl: 300,
    },
    request: {
      id: uuidOf(number + 0x300000),
      operation: 'read',
      path: 'database/creds/ro',
      client_token: 'hmac-sha256:11aa',
      client_token_accessor: 'hmac-sha256:3d9b70be',
      mount_point: 'database/',
      mount_type: 'database',
      namespace: { id: 'root' },
      remote_address: '127.0.0.1',
    },
    response: {
      data: { password: 'hmac-sha256:c0ffee', username: 'hmac-sha256:beef' },
      secret: { lease_id: `database/creds/ro/lease${number}` },
      mount_type: 'database',
    },
  }
}

export function kubernetesAuditEvent(number: number): Record<string, unknown> {
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: uuidOf(number + 0x300000),
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/ai/pods?watch=1&token=abcdef',
    verb: 'watch',
    user: { username: 'console-viewer', groups: ['lab:viewers'] },
    sourceIPs: ['127.0.0.1'],
    userAgent: 'everyhop/0.1.0',
    objectRef: { resource: 'pods', namespace: 'ai', apiVersion: 'v1' },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: new Date(noon + number - 5).toISOString(),
    stageTimestamp: new Date(noon + number).toISOString(),
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'RBAC: allowed by x' },
  }
}

export function uploadOf(
  record: RecordKind,
  records: readonly unknown[],
  values: Partial<Omit<Upload, 'record' | 'bytes'>> = {},
): Upload {
  const { form = 'lines' } = values
  const text = textOf(records, form)
  return {
    record,
    source: 'gateway',
    receivedAt: noon,
    form,
    encoding: 'identity',
    ...values,
    bytes: Buffer.from(text),
  }
}

function textOf(records: readonly unknown[], form: Upload['form']): string {
  const items = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record)))
  if (form === 'lines') return items.map((item) => `${item}\n`).join('')
  if (form === 'array') return `[${items.join(',')}]`
  return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[${items.join(',')}]}`
}
