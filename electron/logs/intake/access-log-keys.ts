/**
 * Under which keys an Envoy access log may carry each field. Envoy leaves the names to its operator; these are the ones
 * understood. A key is compared in lower case with `-` and `.` as `_`, so that an operator's own name of a command, such as
 * DOWNSTREAM_PEER_URI_SAN, needs no line here of its own spelling. docs/formats/envoy-access-log.md is made from this table.
 * Commands: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage
 */
export const accessLogKeys = {
  time: { command: '%START_TIME%', keys: ['ts', 'time', 'timestamp', 'start_time', '@timestamp'] },
  direction: {
    command: '(fixed text: inbound or outbound)',
    keys: ['direction', 'traffic_direction', 'listener', 'listener_name'],
  },
  requestId: { command: '%REQ(X-REQUEST-ID)%', keys: ['request_id', 'x_request_id', 'requestid'] },
  method: { command: '%REQ(:METHOD)%', keys: ['method', 'http_method', 'request_method'] },
  path: {
    command: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
    keys: ['path', 'url_path', 'original_path', 'x_envoy_origin_path'],
  },
  status: { command: '%RESPONSE_CODE%', keys: ['code', 'status', 'response_code', 'status_code'] },
  details: { command: '%RESPONSE_CODE_DETAILS%', keys: ['code_details', 'response_code_details', 'details'] },
  flags: { command: '%RESPONSE_FLAGS%', keys: ['flags', 'response_flags'] },
  duration: { command: '%DURATION%', keys: ['duration', 'duration_ms'] },
  downstreamRemote: {
    command: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
    keys: [
      'down_remote',
      'downstream_direct_remote_address',
      'downstream_remote_address',
      'down_addr',
      'down_remote_address',
    ],
  },
  downstreamLocal: {
    command: '%DOWNSTREAM_LOCAL_ADDRESS%',
    keys: ['down_local', 'downstream_local_address', 'down_local_address'],
  },
  downstreamTls: { command: '%DOWNSTREAM_TLS_VERSION%', keys: ['down_tls', 'downstream_tls_version', 'tls_version'] },
  downstreamCipher: {
    command: '%DOWNSTREAM_TLS_CIPHER%',
    keys: ['down_cipher', 'downstream_tls_cipher', 'tls_cipher'],
  },
  downstreamPeer: { command: '%DOWNSTREAM_PEER_URI_SAN%', keys: ['down_peer_uri_san', 'downstream_peer_uri_san'] },
  downstreamOwn: { command: '%DOWNSTREAM_LOCAL_URI_SAN%', keys: ['down_local_uri_san', 'downstream_local_uri_san'] },
  downstreamPeerSerial: { command: '%DOWNSTREAM_PEER_SERIAL%', keys: ['down_peer_serial', 'downstream_peer_serial'] },
  downstreamPeerNotAfter: {
    command: '%DOWNSTREAM_PEER_CERT_V_END%',
    keys: ['down_peer_not_after', 'downstream_peer_cert_v_end'],
  },
  downstreamFailure: {
    command: '%DOWNSTREAM_TRANSPORT_FAILURE_REASON%',
    keys: ['down_tls_err', 'downstream_transport_failure_reason', 'down_fail'],
  },
  cluster: { command: '%UPSTREAM_CLUSTER%', keys: ['up_cluster', 'upstream_cluster'] },
  upstreamHost: { command: '%UPSTREAM_HOST%', keys: ['up_host', 'upstream_host'] },
  upstreamTls: { command: '%UPSTREAM_TLS_VERSION%', keys: ['up_tls', 'upstream_tls_version'] },
  upstreamCipher: { command: '%UPSTREAM_TLS_CIPHER%', keys: ['up_cipher', 'upstream_tls_cipher'] },
  upstreamPeer: { command: '%UPSTREAM_PEER_URI_SAN%', keys: ['up_peer_uri_san', 'upstream_peer_uri_san'] },
  upstreamOwn: { command: '%UPSTREAM_LOCAL_URI_SAN%', keys: ['up_local_uri_san', 'upstream_local_uri_san'] },
  upstreamPeerNotAfter: {
    command: '%UPSTREAM_PEER_CERT_V_END%',
    keys: ['up_peer_not_after', 'upstream_peer_cert_v_end'],
  },
  upstreamFailure: {
    command: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
    keys: ['up_fail', 'upstream_transport_failure_reason'],
  },
  clientCertificateHeader: {
    command: '%REQ(X-FORWARDED-CLIENT-CERT)%',
    keys: ['client_cert_header', 'x_forwarded_client_cert', 'forwarded_client_cert', 'xfcc', 'claimed_spiffe_id'],
  },
  decisionId: { command: '%DYNAMIC_METADATA(envoy.filters.http.ext_authz:decision_id)%', keys: ['decision_id'] },
  authzLatency: {
    command: '%FILTER_STATE(envoy.filters.http.ext_authz:FIELD:latency_us)%',
    keys: ['ext_authz_us', 'ext_authz_state', 'ext_authz_latency_us'],
  },
  failureModeAllowed: {
    command: '%REQ(X-ENVOY-AUTH-FAILURE-MODE-ALLOWED)%',
    keys: ['auth_failure_mode_allowed', 'x_envoy_auth_failure_mode_allowed'],
  },
} as const satisfies Readonly<Record<string, { readonly command: string; readonly keys: readonly string[] }>>

export type AccessLogField = keyof typeof accessLogKeys

const fieldOfKey: ReadonlyMap<string, AccessLogField> = new Map(
  (Object.keys(accessLogKeys) as AccessLogField[]).flatMap((field) =>
    accessLogKeys[field].keys.map((key) => [key, field] as const),
  ),
)

/** The field that a key carries; undefined for keys that are not read. */
export function fieldOf(key: string): AccessLogField | undefined {
  // Most logs spell their keys as in the table, so that the costlier comparison is rare.
  return fieldOfKey.get(key) ?? fieldOfKey.get(key.toLowerCase().replace(/[-.]/g, '_'))
}
