import type { IncomingHttpHeaders } from 'node:http'
import type { AuthoriserAnswer } from '../parts.ts'
import { declaredPorts } from '../world/addresses.ts'
import type { DownstreamTls } from './log-lines.ts'
import { decisionTimeoutMs, type SidecarState } from './state.ts'

/** A request at the ingress, as Envoy shows it to the authorisation server. */
export interface Checked {
  readonly id: string
  readonly at: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string
  readonly remotePort: number
  readonly tls: DownstreamTls | null
}

/**
 * What Envoy's plugin for OPA makes of a CheckRequest of ext_authz v3 with `include_peer_certificate` and
 * `skip-request-body-parse`; as decision logs of OPA 1.15.2-envoy have it.
 */
export function checkInput({ options }: SidecarState, checked: Checked): object {
  const { tls, headers, path, method } = checked
  const url = new URL(path, 'http://stage')
  const peer = tls?.peer ?? null
  const principal = peer?.spiffeId ?? null
  const own = tls?.localSpiffeId ?? null
  const host = headers.host ?? ''
  const plainHeaders = Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== 'host')
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : (value ?? '')]),
  )
  return {
    attributes: {
      source: {
        address: socketAddress(checked.remoteAddress, checked.remotePort),
        ...(principal === null ? {} : { principal }),
        ...(peer === null ? {} : { certificate: peer.encoded }),
      },
      destination: {
        address: socketAddress(options.podIp, declaredPorts.ingress),
        ...(own === null ? {} : { principal: own }),
      },
      request: {
        time: { seconds: Math.floor(checked.at / 1000), nanos: (checked.at % 1000) * 1_000_000 },
        http: {
          id: checked.id,
          method,
          headers: { ...plainHeaders, ':authority': host, ':method': method, ':path': path, ':scheme': 'http' },
          path,
          host,
          scheme: 'http',
          protocol: 'HTTP/1.1',
        },
      },
      metadataContext: {},
      routeMetadataContext: {},
    },
    parsed_path: url.pathname.split('/').slice(1),
    parsed_query: Object.fromEntries([...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key)])),
    ...(principal === null ? {} : { source_principal: principal }),
    version: { encoding: 'protojson', ext_authz: 'v3' },
  }
}

function socketAddress(address: string, portValue: number) {
  return { socketAddress: { address, portValue } }
}

/** What ext_authz did. `answer` null: nobody decided; whether the request passes then is the filter's setting. */
export interface Authorisation {
  readonly answer: AuthoriserAnswer | null
  readonly passes: boolean
  readonly microseconds: number
}

/** null: no ext_authz is configured. Never rejects: who does not answer in time has not decided. */
export async function authorise(state: SidecarState, checked: Checked): Promise<Authorisation | null> {
  const { authoriser, counters, variant } = state
  if (authoriser === null) return null
  const counter = (name: string): void => counters.add(`http.ingress.ext_authz.${name}`)
  const begun = performance.now()
  const microseconds = (): number => Math.round((performance.now() - begun) * 1000)
  counters.add('cluster.opa.upstream_rq_total')
  try {
    const answer = await inTime((signal) => authoriser.authorise(checkInput(state, checked), signal))
    counter(answer.allowed ? 'ok' : 'denied')
    return { answer, passes: answer.allowed, microseconds: microseconds() }
  } catch {
    counter('error')
    const passes = variant.failureModeAllow === true
    if (passes) counter('failure_mode_allowed')
    return { answer: null, passes, microseconds: microseconds() }
  }
}

/** Also where who is asked does not listen to the signal. */
async function inTime<Value>(ask: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>()
  const late = new AbortController()
  const timer = setTimeout(() => {
    late.abort()
    reject(new Error('no decision in time'))
  }, decisionTimeoutMs)
  try {
    return await Promise.race([ask(late.signal), promise])
  } finally {
    clearTimeout(timer)
  }
}
