/**
 * The access logs of the demonstration pipeline's Envoys, in the lab and in the playground: one JSON object a line. A field without a value is null.
 * `direction` tells whether the line is of a request that came to the workload (inbound: the peer fields starting with
 * `down_` are the hop) or that the workload sent (outbound: the fields starting with `up_` are the hop).
 */
export type Direction = 'inbound' | 'outbound'

const common = {
  ts: '%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%',
  hop: '%ENVIRONMENT(HOP)%',
}

const downstreamPeer = {
  down_remote: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
  down_local: '%DOWNSTREAM_LOCAL_ADDRESS%',
  down_tls: '%DOWNSTREAM_TLS_VERSION%',
  down_cipher: '%DOWNSTREAM_TLS_CIPHER%',
  down_peer_uri_san: '%DOWNSTREAM_PEER_URI_SAN%',
  down_local_uri_san: '%DOWNSTREAM_LOCAL_URI_SAN%',
  down_peer_serial: '%DOWNSTREAM_PEER_SERIAL%',
  down_peer_not_before: '%DOWNSTREAM_PEER_CERT_V_START%',
  down_peer_not_after: '%DOWNSTREAM_PEER_CERT_V_END%',
  down_fp: '%DOWNSTREAM_PEER_FINGERPRINT_256%',
  down_tls_err: '%DOWNSTREAM_TRANSPORT_FAILURE_REASON%',
}

/** One line a request. */
export function requestLogFormat(direction: Direction): Readonly<Record<string, string>> {
  return {
    ...common,
    direction,
    request_id: '%REQ(X-REQUEST-ID)%',
    traceparent: '%REQ(TRACEPARENT)%',
    method: '%REQ(:METHOD)%',
    path: '%REQ(:PATH)%',
    classification: '%REQ(X-DATA-CLASSIFICATION)%',
    code: '%RESPONSE_CODE%',
    code_details: '%RESPONSE_CODE_DETAILS%',
    flags: '%RESPONSE_FLAGS%',
    termination: '%CONNECTION_TERMINATION_DETAILS%',
    duration_ms: '%DURATION%',
    bytes_received: '%BYTES_RECEIVED%',
    bytes_sent: '%BYTES_SENT%',
    ...downstreamPeer,
    // As it is handed on: what a caller may say about who it is, beside what its certificate proves.
    client_cert_header: '%REQ(X-FORWARDED-CLIENT-CERT)%',
    up_cluster: '%UPSTREAM_CLUSTER%',
    up_host: '%UPSTREAM_HOST%',
    up_tls: '%UPSTREAM_TLS_VERSION%',
    up_cipher: '%UPSTREAM_TLS_CIPHER%',
    up_peer_uri_san: '%UPSTREAM_PEER_URI_SAN%',
    up_local_uri_san: '%UPSTREAM_LOCAL_URI_SAN%',
    up_peer_not_after: '%UPSTREAM_PEER_CERT_V_END%',
    up_fail: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
    up_attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
    decision_id: '%DYNAMIC_METADATA(envoy.filters.http.ext_authz:decision_id)%',
    authz: '%DYNAMIC_METADATA(envoy.filters.http.ext_authz)%',
    ext_authz_us: '%FILTER_STATE(envoy.filters.http.ext_authz:FIELD:latency_us)%',
  }
}

/** One line a connection: the only place where a failed handshake of a caller is told. */
export function connectionLogFormat(): Readonly<Record<string, string>> {
  return { ...common, direction: 'inbound', connection: '%CONNECTION_ID%', ...downstreamPeer }
}

export function fileLog(file: string, format: Readonly<Record<string, string>>) {
  return {
    name: 'file',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path: file,
      log_format: { json_format: format },
    },
  }
}
