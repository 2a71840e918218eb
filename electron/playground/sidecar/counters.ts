/** Statistics of one sidecar under the names that Envoy has for them. What is not declared is not kept, as in Envoy. */
export interface Counters {
  /** Zero, unless it is counted already. */
  declare(names: readonly string[]): void
  add(name: string): void
  /** Of names in which the filter is found, sorted by name. */
  matching(filter: RegExp): readonly { readonly name: string; readonly value: number }[]
  /** As after a new start. */
  reset(): void
}

export function createCounters(): Counters {
  const values = new Map<string, number>()
  return {
    declare(names) {
      for (const name of names) if (!values.has(name)) values.set(name, 0)
    },
    add(name) {
      values.set(name, (values.get(name) ?? 0) + 1)
    },
    matching: (filter) =>
      [...values]
        .filter(([name]) => filter.test(name))
        .map(([name, value]) => ({ name, value }))
        .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    reset() {
      values.clear()
    },
  }
}

const tlsCounters = [
  'connection_error',
  'fail_verify_cert_hash',
  'fail_verify_error',
  'fail_verify_no_cert',
  'fail_verify_san',
  'handshake',
  'no_certificate',
]
const secretCounters = ['downstream_context_secrets_not_ready', 'upstream_context_secrets_not_ready']
const trafficCounters = ['upstream_cx_connect_fail', 'upstream_cx_total', 'upstream_rq_timeout', 'upstream_rq_total']
const authorisationCounters = ['denied', 'disabled', 'error', 'failure_mode_allowed', 'ok']

/** Made with the first TLS context, which needs a certificate. */
export function tlsCounterNames(stat: string): readonly string[] {
  return tlsCounters.map((name) => `${stat}.ssl.${name}`)
}

export function secretCounterNames(stat: string, side: 'server' | 'client'): readonly string[] {
  return secretCounters.map((name) => `${stat}.${side}_ssl_socket_factory.${name}`)
}

export function trafficCounterNames(cluster: string): readonly string[] {
  return trafficCounters.map((name) => `cluster.${cluster}.${name}`)
}

export function authorisationCounterNames(): readonly string[] {
  return authorisationCounters.map((name) => `http.ingress.ext_authz.${name}`)
}
