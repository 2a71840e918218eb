import { randomUUID } from 'node:crypto'
import type { Agent, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { declaredPorts } from '../world/addresses.ts'
import { type Authorisation, authorise } from './authorisation.ts'
import { type Downstream, peerAddresses } from './downstream.ts'
import {
  type Answer,
  BodyTooLarge,
  bodyOf,
  connectFailure,
  connectionTermination,
  exchange,
  handedOn,
  type Patience,
  patienceFor,
  responseTimeout,
  routeTimeoutMs,
  singleOf,
  UpstreamFailure,
} from './exchange.ts'
import { downstreamFields, logLine, requestFields } from './log-lines.ts'
import type { SidecarState } from './state.ts'
import { connectionRefused } from './tls-words.ts'

interface Outcome {
  readonly status: number
  readonly details: string
  readonly flags: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly upstream: 'not asked' | 'asked'
  readonly transport: string | null
}

/** One request of a caller: decided on, handed to the stage, answered, logged. */
export async function answerInbound(
  state: SidecarState,
  agent: Agent,
  connection: Downstream,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const at = state.now()
  const begun = performance.now()
  const patience = patienceFor(response, routeTimeoutMs)
  const requestId = singleOf(request.headers['x-request-id']) ?? randomUUID()
  const headers: IncomingHttpHeaders = {
    ...request.headers,
    'x-request-id': requestId,
    'x-forwarded-proto': 'http',
    'x-forwarded-client-cert': clientCertificateHeader(state, connection, request.headers),
  }
  if (headers['x-forwarded-client-cert'] === undefined) delete headers['x-forwarded-client-cert']
  const { method = 'GET', url: path = '/' } = request
  const { body, tooLarge } = await read(request)
  const authorisation = tooLarge
    ? null
    : await authorise(state, {
        id: requestId,
        at,
        method,
        path,
        headers: { ...headers, 'content-length': String(body.byteLength) },
        remoteAddress: state.network.sourceOf(connection.port) ?? '127.0.0.1',
        remotePort: connection.port,
        tls: connection.tls,
      })
  const outcome = tooLarge
    ? refusal(413, 'request_payload_too_large', '-', 'Payload Too Large')
    : (refusedBy(authorisation) ?? (await handOver(state, { agent, method, path, headers, body, patience })))
  patience.done()
  const { isGone } = patience
  if (!isGone) {
    const date = new Date(state.now()).toUTCString()
    response.writeHead(outcome.status, {
      date,
      ...handedOn(outcome.headers, outcome.body),
      server: 'envoy',
      'x-request-id': requestId,
    })
    response.end(outcome.body)
  }
  state.accessLog.append(
    logLine('inbound', {
      ...requestFields({
        stage: state.stage.id,
        direction: 'inbound',
        at,
        begun,
        requestId,
        method,
        path,
        headers,
        isGone,
        outcome,
        received: body.byteLength,
        sent: isGone ? 0 : outcome.body.byteLength,
      }),
      ...peerAddresses(state, connection),
      ...downstreamFields(connection.tls),
      up_cluster: 'local_app',
      up_attempts: outcome.upstream === 'asked' ? 1 : 0,
      up_host: outcome.upstream === 'asked' ? `${state.options.podIp}:${declaredPorts.app}` : null,
      up_fail: outcome.transport,
      ...authorisationFields(authorisation),
    }),
  )
}

async function read(request: IncomingMessage): Promise<{ readonly body: Buffer; readonly tooLarge: boolean }> {
  try {
    return { body: await bodyOf(request), tooLarge: false }
  } catch (error) {
    // Who broke off in the middle of a body is gone, which the response tells.
    return { body: Buffer.alloc(0), tooLarge: error instanceof BodyTooLarge }
  }
}

/** SANITIZE_SET with `uri`, or APPEND_FORWARD where callers are trusted. */
function clientCertificateHeader(
  { variant }: SidecarState,
  { tls }: Downstream,
  headers: IncomingHttpHeaders,
): string | undefined {
  const peer = tls?.peer ?? null
  const own = peer === null ? [] : [`By=${tls?.localSpiffeId};Hash=${peer.fingerprint};URI=${peer.spiffeId}`]
  const said = variant.trustsClientCertHeader === true ? singleOf(headers['x-forwarded-client-cert']) : null
  const elements = [...(said === null ? [] : [said]), ...own]
  return elements.length === 0 ? undefined : elements.join(',')
}

function refusal(status: number, details: string, flags: string, words = ''): Outcome {
  const body = Buffer.from(words)
  const headers = words === '' ? {} : { 'content-type': 'text/plain' }
  return { status, details, flags, headers, body, upstream: 'not asked', transport: null }
}

/** null: nothing keeps the request from its stage. */
function refusedBy(authorisation: Authorisation | null): Outcome | null {
  if (authorisation === null || authorisation.passes) return null
  const { answer } = authorisation
  if (answer === null) return refusal(403, 'ext_authz_error', 'UAEX')
  const { status, headers, body } = answer
  return { ...refusal(status, 'ext_authz_denied', 'UAEX'), headers: { ...headers }, body: Buffer.from(body) }
}

interface Passed {
  readonly agent: Agent
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly patience: Patience
}

async function handOver(state: SidecarState, { patience, headers, ...passed }: Passed): Promise<Outcome> {
  const { counters, options } = state
  const port = options.appPort()
  counters.add('cluster.local_app.upstream_cx_total')
  try {
    if (port === null) throw connectFailure(connectionRefused)
    const answered: Answer = await exchange({
      ...passed,
      port,
      headers: { ...handedOn(headers, passed.body), 'x-envoy-expected-rq-timeout-ms': String(routeTimeoutMs) },
      patience,
    })
    counters.add('cluster.local_app.upstream_rq_total')
    return { ...refusal(answered.status, 'via_upstream', '-'), ...answered, upstream: 'asked' }
  } catch (error) {
    const failure = upstreamFailure(error, patience)
    if (failure.flag === 'UF') counters.add('cluster.local_app.upstream_cx_connect_fail')
    if (failure.flag === 'UT') counters.add('cluster.local_app.upstream_rq_timeout')
    const { status, details, flag, words, transport } = failure
    return { ...refusal(status, details, flag, words), upstream: 'asked', transport }
  }
}

function upstreamFailure(error: unknown, { isLate }: Patience): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error
  if (isLate) return responseTimeout()
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code === 'ECONNREFUSED' ? connectFailure(connectionRefused) : connectionTermination()
}

function authorisationFields(authorisation: Authorisation | null) {
  if (authorisation === null) return {}
  const { answer, microseconds } = authorisation
  const decisionId = answer?.dynamicMetadata['decision_id']
  return {
    ext_authz_us: String(microseconds),
    authz: answer === null ? null : answer.dynamicMetadata,
    decision_id: typeof decisionId === 'string' ? decisionId : null,
  }
}
