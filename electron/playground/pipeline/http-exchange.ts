import type { Agent, IncomingMessage } from 'node:http'
import { request as sendRequest } from 'node:http'

/** Prompts and answers are short; a body above this is refused instead of held in memory. */
export const maximumBodyBytes = 64 * 1024

export interface HttpAnswer {
  readonly status: number
  readonly body: Uint8Array
  /** One header's single value; null when absent or repeated. */
  header(name: string): string | null
}

export interface HttpCall {
  readonly address: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Source address: a stage calls from its own loopback address, so that its Envoy can tell it from others. */
  readonly localAddress?: string
  /** Keeps the connection for further calls; without one the call has a connection of its own. */
  readonly agent?: Agent
  readonly timeoutMs: number
  /** Aborted when whoever waits for the answer has gone. */
  readonly signal?: AbortSignal
}

export class BodyTooLarge extends Error {}

/**
 * POSTs. A kept connection may have been closed meanwhile, by an Envoy that was restarted: then the call is made once more over
 * another, since nobody has seen it.
 * Rejects with the connection's error, or a `TimeoutError` DOMException after `timeoutMs`.
 */
export async function post(call: HttpCall): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(call.timeoutMs)
  const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal])
  for (;;) {
    const answer = await postOnce(call, signal)
    if (answer !== 'closed-before') return answer
  }
}

async function postOnce(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer | 'closed-before'> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer | 'closed-before'>()
  // An abort surfaces as a plain AbortError of the request; the signal's own reason tells a timeout from a caller that left.
  const fail = (error: Error): void => reject(signal.aborted ? signal.reason : error)
  const request = sendRequest({
    agent: call.agent ?? false,
    host: call.address,
    port: call.port,
    method: 'POST',
    path: call.path,
    headers: { ...call.headers, 'content-type': 'application/json', 'content-length': String(call.body.byteLength) },
    signal,
    ...(call.localAddress === undefined ? {} : { localAddress: call.localAddress }),
  })
  request.on('error', (error) => {
    const wasClosed = request.reusedSocket && 'code' in error && error.code === 'ECONNRESET'
    if (wasClosed && !signal.aborted) resolve('closed-before')
    else fail(error)
  })
  request.once('response', (response) => {
    readBody(response).then(
      (body) => resolve({ status: response.statusCode ?? 0, body, header: (name) => singleHeader(response, name) }),
      fail,
    )
  })
  request.end(call.body)
  return await promise
}

/** The whole body; rejects with `BodyTooLarge` above the limit, or when the sender breaks off. */
export async function readBody(message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk)
    size += bytes.byteLength
    if (size > maximumBodyBytes) throw new BodyTooLarge(`the body is larger than ${maximumBodyBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

/** Node joins repeated headers by comma; a value that came twice is not one value and counts as absent. */
export function singleHeader(message: IncomingMessage, name: string): string | null {
  const values = message.headersDistinct[name]
  return values?.length === 1 ? (values[0] ?? null) : null
}

/** JSON of a body; null when it is not JSON. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return null
  }
}

export function toJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
