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
  readonly agent: Agent
  readonly port: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly patience: Patience
  /** Told of the connection that the request goes over, as soon as there is one. */
  readonly onSocket?: (socket: Duplex) => void
}

export async function exchange(question: Question): Promise<Answer> {
  const { agent, port, method, path, headers, body, patience } = question
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const request = sendRequest({ host: '127.0.0.1', port, agent, method, path, headers })
  patience.onEnd(() => request.destroy(new Error('nobody waits for the answer any more')))
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

export function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let size = 0
  message.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > maximumBodyBytes) {
      reject(new BodyTooLarge(`a body of more than ${maximumBodyBytes} bytes`))
      chunks.length = 0
      message.pause()
    }
  })
  message.once('end', () => resolve(Buffer.concat(chunks)))
  message.once('error', reject)
  message.once('close', () => reject(new Error('the sender broke off')))
  return promise
}

const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade']

/** Headers as they are handed on: without those of the one connection, with the body's length. */
export function handedOn(headers: IncomingHttpHeaders, body: Buffer): IncomingHttpHeaders {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)))
  return { ...kept, 'content-length': String(body.byteLength) }
}

/** How long an answer is worked for: until whoever asked has gone, and no longer than a route's timeout. */
export interface Patience {
  readonly isGone: boolean
  readonly isLate: boolean
  /** Called once when it ends before `done`, at once if it has. */
  onEnd(give: () => void): void
  done(): void
}

/** How long a sidecar waits for the answer of a request, either way. */
export const routeTimeoutMs = 30_000

/** Plain timers and events instead of abort signals, which cost a tenth of what a request costs. */
export function patienceFor(response: ServerResponse, timeoutMs: number): Patience {
  let isGone = false
  let isLate = false
  let give: (() => void) | null = null
  const timer = setTimeout(() => {
    isLate = true
    give?.()
  }, timeoutMs)
  response.once('close', () => {
    clearTimeout(timer)
    if (response.writableFinished) return
    isGone = true
    give?.()
  })
  return {
    get isGone() {
      return isGone
    },
    get isLate() {
      return isLate
    },
    onEnd(told) {
      if (isGone || isLate) told()
      else give = told
    },
    done() {
      clearTimeout(timer)
      give = null
    },
  }
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
