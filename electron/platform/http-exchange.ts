import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type PeerCertificate, TLSSocket } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import {
  type Dial,
  type DialTarget,
  type HttpAnswer,
  type HttpExchange,
  HttpFailure,
  type HttpFailureKind,
  type HttpGetOptions,
  type HttpMethod,
  type HttpTls,
} from '../core/ports.ts'
import { errorCode, errorWords } from './system-error.ts'

interface Asked extends HttpGetOptions {
  readonly method: HttpMethod
  readonly body?: string
}

/**
 * A request over a dialled stream: one connection a request, closed with it, so that nothing is left open when a source goes.
 * Redirects are answers like any other and never followed; TLS is always verified, host name included.
 */
export function createHttpExchange(dial: Dial): HttpExchange {
  return async function exchangeOver(method, url, more) {
    const options: Asked = { ...more, method }
    const place = placeOf(method, url)
    const ending = new AbortController()
    const cancel = () => ending.abort(new HttpFailure('cancelled', `${place} was cancelled`))
    if (options.signal.aborted) throw new HttpFailure('cancelled', `${place} was cancelled`)
    options.signal.addEventListener('abort', cancel, { once: true })
    const timer = setTimeout(
      () => ending.abort(new HttpFailure('timed-out', `${place} did not answer within ${options.deadlineMs} ms`)),
      options.deadlineMs,
    )
    let stream: Duplex | null = null
    try {
      stream = await open(dial, url, place, ending.signal)
      if (url.protocol === 'https:') stream = await secure(stream, url, options.ca, place, ending.signal)
      return await exchange(stream, url, options, place, ending.signal)
    } catch (error) {
      throw ending.signal.aborted ? ending.signal.reason : error
    } finally {
      clearTimeout(timer)
      options.signal.removeEventListener('abort', cancel)
      stream?.destroy()
    }
  }
}

/** What is asked, for messages: never with user name, password or fragment. */
function placeOf(method: HttpMethod, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function targetOf(url: URL, place: string): DialTarget {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new HttpFailure('unreachable', `${place}: only http and https addresses can be asked`)
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return { kind: 'tcp', host: hostOf(url), port }
}

function open(dial: Dial, url: URL, place: string, signal: AbortSignal): Promise<Duplex> {
  const target = targetOf(url, place)
  return new Promise((resolve, reject) => {
    const abandon = () => reject(signal.reason)
    signal.addEventListener('abort', abandon, { once: true })
    dial(target, signal).then(
      (stream) => {
        signal.removeEventListener('abort', abandon)
        // A dialler that ignored the signal: the stream came too late for anybody to close it but us.
        if (signal.aborted) stream.destroy()
        else resolve(stream)
      },
      (error: unknown) => {
        signal.removeEventListener('abort', abandon)
        const noWay = reasonOf(error) === 'no-way'
        reject(new HttpFailure(wayClosed(error) ?? 'unreachable', `${place}: ${errorWords(error)}`, noWay))
      },
    )
  })
}

/** A way through a cluster says why it is closed: `reason` of a failure of the dial, or of its stream. */
function wayClosed(error: unknown): HttpFailureKind | null {
  const reason = reasonOf(error)
  return reason === 'forbidden' || reason === 'timed-out' || reason === 'unreachable' ? reason : null
}

function reasonOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'reason' in error ? error.reason : null
}

function secure(stream: Duplex, url: URL, ca: string | undefined, place: string, signal: AbortSignal): Promise<Duplex> {
  const host = hostOf(url)
  return new Promise((resolve, reject) => {
    const abandon = () => {
      stream.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abandon, { once: true })
    const refuse = (error: unknown) => {
      signal.removeEventListener('abort', abandon)
      stream.destroy()
      reject(new HttpFailure('tls', `${place}: TLS failed: ${errorWords(error)}`))
    }
    try {
      const socket = connectTls({
        socket: stream,
        host,
        servername: isIP(host) === 0 ? host : '',
        rejectUnauthorized: true,
        ALPNProtocols: ['http/1.1'],
        ...(ca === undefined ? {} : { ca }),
      })
      socket.once('secureConnect', () => {
        signal.removeEventListener('abort', abandon)
        resolve(socket)
      })
      socket.on('error', refuse)
    } catch (error) {
      // A CA that is not PEM fails here, synchronously.
      refuse(error)
    }
  })
}

function exchange(stream: Duplex, url: URL, options: Asked, place: string, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (failure: unknown) => {
      asked.destroy()
      stream.destroy()
      reject(failure)
    }
    const asked: ClientRequest = request({
      method: options.method,
      path: `${url.pathname}${url.search}`,
      headers: {
        host: url.host,
        accept: '*/*',
        'accept-encoding': 'identity',
        ...options.headers,
        ...(options.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(options.body)) }),
        connection: 'close',
      },
      createConnection: () => stream,
    })
    signal.addEventListener('abort', () => fail(signal.reason), { once: true })
    asked.on('error', (error) => {
      // A way through a cluster ends with its own words when nothing listens behind it.
      const kind = wayClosed(error) ?? 'broken'
      fail(new HttpFailure(kind, `${place}: ${brokenWords(error)}`, reasonOf(error) === 'no-way'))
    })
    asked.on('upgrade', () => fail(new HttpFailure('broken', `${place}: the server wants to change the protocol`)))
    asked.on('response', (answer) => {
      // Now: the socket lets go of its certificate when it ends.
      const tls = tlsOf(stream)
      collect(answer, options.maxBytes, place).then((collected) => resolve({ ...collected, tls }), fail)
    })
    asked.end(options.body)
  })
}

function tlsOf(stream: Duplex): HttpTls | null {
  if (!(stream instanceof TLSSocket)) return null
  const { subject, issuer, valid_to } = stream.getPeerCertificate()
  const notAfter = Date.parse(valid_to)
  return {
    protocol: stream.getProtocol() ?? 'TLS',
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    notAfter: Number.isNaN(notAfter) ? null : notAfter,
  }
}

function nameOf(name: PeerCertificate['subject'] | undefined): string {
  const parts = Object.entries(name ?? {}).map(([key, value]) => `${key}=${String(value)}`)
  return parts.join(', ').slice(0, 300)
}

function collect(answer: IncomingMessage, maxBytes: number, place: string): Promise<Omit<HttpAnswer, 'tls'>> {
  return new Promise((resolve, reject) => {
    const tooLarge = () => reject(new HttpFailure('too-large', `${place}: the answer is larger than ${maxBytes} bytes`))
    const cutOff = () => reject(new HttpFailure('broken', `${place}: the answer ended in the middle`))
    if (Number(answer.headers['content-length'] ?? 0) > maxBytes) {
      tooLarge()
      return
    }
    const chunks: Buffer[] = []
    let length = 0
    answer.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBytes) tooLarge()
      else chunks.push(chunk)
    })
    answer.on('error', cutOff)
    answer.on('close', cutOff)
    answer.on('end', () => {
      if (!answer.complete) {
        cutOff()
        return
      }
      try {
        const body = decoded(Buffer.concat(chunks), answer.headers['content-encoding'], maxBytes)
        resolve({ status: answer.statusCode ?? 0, headers: flat(answer.headers), body })
      } catch (error) {
        if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') tooLarge()
        else reject(new HttpFailure('broken', `${place}: the answer cannot be decoded: ${errorWords(error)}`))
      }
    })
  })
}

/** We ask for no compression; some proxies compress all the same. The limit holds for what comes out. */
function decoded(body: Buffer, encoding: string | undefined, maxBytes: number): Uint8Array {
  if (encoding === undefined || encoding === 'identity' || encoding === '') return body
  if (encoding === 'gzip') return gunzipSync(body, { maxOutputLength: maxBytes })
  throw new Error(`unknown content-encoding ${JSON.stringify(encoding.slice(0, 40))}`)
}

function flat(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
}

function brokenWords(error: unknown): string {
  const code = errorCode(error)
  if (code?.startsWith('HPE_') === true) return `the answer is not HTTP (${code})`
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'the server hung up without an answer'
  return errorWords(error)
}
