import {
  type Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  request as sendRequest,
} from 'node:http'
import type { Duplex } from 'node:stream'

/** A whole message; bodies in the pipeline are short. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Question {
  readonly agent: Agent | false
  readonly port: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly signal: AbortSignal
  /** Told of the connection that the request goes over, as soon as there is one. */
  readonly onSocket?: (socket: Duplex) => void
}

export async function exchange(question: Question): Promise<Answer> {
  const { agent, port, method, path, headers, body, signal } = question
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const request = sendRequest({ host: '127.0.0.1', port, agent, method, path, headers, signal })
  request.once('socket', (socket) => question.onSocket?.(socket))
  request.on('error', reject)
  request.once('response', (response) => {
    bodyOf(response).then(
      (read) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: read }),
      reject,
    )
  })
  request.end(body)
  return await promise
}

/** Envoy has no such limit by itself; the stages take less. */
const maximumBodyBytes = 1024 * 1024

export class BodyTooLarge extends Error {}

export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk)
    size += bytes.byteLength
    if (size > maximumBodyBytes) throw new BodyTooLarge(`a body of more than ${maximumBodyBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade']

/** Headers as they are handed on: without those of the one connection, with the body's length. */
export function handedOn(headers: IncomingHttpHeaders, body: Buffer): IncomingHttpHeaders {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)))
  return { ...kept, 'content-length': String(body.byteLength) }
}

/** Aborted when whoever asked does not wait for the answer any more. */
export function goneOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  return gone.signal
}

export function singleOf(header: string | readonly string[] | undefined): string | null {
  return typeof header === 'string' ? header : (header?.join(',') ?? null)
}

/** Why a request did not get its answer from the next one, as Envoy's router says it. */
export class UpstreamFailure extends Error {
  /** `UF` and the like. */
  readonly flag: string
  readonly details: string
  /** %UPSTREAM_TRANSPORT_FAILURE_REASON% */
  readonly transport: string | null
  readonly status: number
  /** What the caller reads. */
  readonly words: string
  constructor(flag: string, details: string, transport: string | null, words: string, status = 503) {
    super(words)
    this.name = 'UpstreamFailure'
    this.flag = flag
    this.details = details
    this.transport = transport
    this.status = status
    this.words = words
  }
}

const reset = 'upstream connect error or disconnect/reset before headers. reset reason:'

/** No connection came to be. */
export function connectFailure(transport: string): UpstreamFailure {
  const details = `upstream_reset_before_response_started{remote_connection_failure|${transport}}`
  return new UpstreamFailure('UF', details, transport, `${reset} remote connection failure`)
}

/** The connection ended before the answer began. */
export function connectionTermination(): UpstreamFailure {
  const details = 'upstream_reset_before_response_started{connection_termination}'
  return new UpstreamFailure('UC', details, null, `${reset} connection termination`)
}

export function responseTimeout(): UpstreamFailure {
  return new UpstreamFailure('UT', 'response_timeout', null, 'upstream request timeout', 504)
}
