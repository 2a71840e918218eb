/** Lines as the real writers write them, with valid defaults. `undefined` leaves a key out; `null` is Envoy's "none". */
type Changes = Readonly<Record<string, unknown>>

/** One request at an Envoy that was called by mTLS and forwards by mTLS. */
export function accessLine(changes: Changes = {}): string {
  return JSON.stringify({
    ts: '2026-11-22T00:06:33.795Z',
    request_id: 'req-0001',
    method: 'GET',
    path: '/v1/chat',
    code: 200,
    code_details: 'via_upstream',
    flags: '-',
    down_remote: '127.1.0.1:40001',
    down_local: '127.1.0.2:19001',
    down_tls: 'TLSv1.3',
    down_cipher: 'TLS_AES_256_GCM_SHA384',
    down_peer_uri_san: 'spiffe://pipeline.example/app/chat',
    down_local_uri_san: 'spiffe://pipeline.example/hop/gateway',
    down_peer_serial: 'fe4a302fc248',
    down_peer_not_after: '2026-11-22T01:06:09.000Z',
    down_tls_err: null,
    up_cluster: 'hop_prompt-firewall',
    up_host: '127.0.0.1:19002',
    up_tls: 'TLSv1.3',
    up_peer_uri_san: 'spiffe://pipeline.example/hop/prompt-firewall',
    up_local_uri_san: 'spiffe://pipeline.example/hop/gateway',
    up_fail: null,
    decision_id: '42bc8edf-6717-40a7-9a2a-fee9d4701e41',
    ext_authz_us: '1663',
    ...changes,
  })
}

/** A request at a called Envoy that hands it to its own application. */
export function ingressLine(changes: Changes = {}): string {
  return accessLine({
    direction: 'inbound',
    up_cluster: 'local_app',
    up_host: '127.1.0.2:8080',
    up_tls: null,
    up_peer_uri_san: null,
    up_local_uri_san: null,
    ...changes,
  })
}

/** A request of the own application that its Envoy sends on by mTLS. */
export function egressLine(changes: Changes = {}): string {
  return accessLine({
    direction: 'outbound',
    down_remote: '127.1.0.2:40002',
    down_tls: null,
    down_cipher: null,
    down_peer_uri_san: null,
    down_local_uri_san: null,
    down_peer_serial: null,
    down_peer_not_after: null,
    decision_id: null,
    ext_authz_us: null,
    ...changes,
  })
}

/** One connection, as a listener's own access log has it. */
export function connectionLine(changes: Changes = {}): string {
  return accessLine({
    direction: 'inbound',
    method: null,
    path: null,
    code: 0,
    code_details: null,
    up_cluster: null,
    up_host: null,
    up_tls: null,
    up_peer_uri_san: null,
    up_local_uri_san: null,
    decision_id: null,
    ext_authz_us: null,
    ...changes,
  })
}

/** One decision of opa-envoy. */
export function decisionLine(changes: Changes = {}): string {
  return JSON.stringify({
    decision_id: '288ef4b6-3639-4c77-8f7b-94eb3b8d7b2b',
    path: 'pipeline/authz/result',
    result: { allowed: true, dynamic_metadata: { policy: 'pipeline/authz', reasons: [] } },
    timestamp: '2026-11-22T00:06:34.128095499Z',
    labels: { id: '02c90d37', version: '1.15.2' },
    bundles: { authz: { revision: 'hops-001' } },
    metrics: { timer_rego_query_eval_ns: 110_240, timer_server_handler_ns: 166_540 },
    input: {
      attributes: {
        source: { principal: 'spiffe://pipeline.example/hop/prompt-firewall' },
        destination: { principal: 'spiffe://pipeline.example/hop/sanitiser' },
        request: { http: { headers: { 'x-request-id': 'req-0002', authorization: '***' } } },
      },
    },
    erased: ['/input/attributes/source/certificate'],
    ...changes,
  })
}

/** One integrity event, docs/formats/integrity-event.md. */
export function integrityLine(changes: Changes = {}): string {
  return JSON.stringify({
    version: 1,
    type: 'stage-signature',
    outcome: 'verified',
    time: '2026-11-22T00:06:33.795Z',
    request_id: 'r-5f0c6a1be2d94c37',
    trace_id: null,
    stage: 'input-sanitiser',
    caller_stage: 'prompt-firewall',
    direction: 'request',
    reason: null,
    ...changes,
  })
}
