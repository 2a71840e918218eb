import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { RPCHandler } from '@orpc/server/node'
import type { ErrorCode } from '../../shared/contract/errors.ts'
import { Failure } from '../core/failure.ts'
import type { Clock, Log } from '../core/ports.ts'
import { contractError } from './errors.ts'
import { handlingOptions } from './handling.ts'
import type { ServiceRouter } from './router.ts'
import { createWebAccess } from './web-access.ts'
import { fileOf, sendFile } from './web-files.ts'
import { setSecurityHeaders } from './web-headers.ts'

const host = '127.0.0.1'
const strangerSentence = 'Everyhop does not know this browser.'
const mostBodyBytes = 1024 * 1024

export interface WebHost {
  readonly origin: string
  /** An address that opens the window once, within a minute. */
  newAddress(): string
  close(): Promise<void>
}

export interface WebHostOptions {
  readonly router: ServiceRouter
  readonly clock: Clock
  readonly log: Log
  /** Folder of the built window. */
  readonly files: string
  /** 0: a free one. */
  readonly port: number
  /** How to come to a new code, said where one is missing. */
  readonly codeHint: string
}

/** The door for a browser on this machine: the window's files, and the contract under /rpc. */
export async function startWebHost(options: WebHostOptions): Promise<WebHost> {
  const access = createWebAccess(options.clock)
  const handler = new RPCHandler(options.router, {
    ...handlingOptions(options.log),
    eventIteratorKeepAliveInterval: 15_000,
  })
  let port = options.port
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    answer(request, response).catch((reason: unknown) => {
      options.log.error('a request failed in an unexpected way', { reason: String(reason) })
      if (response.headersSent) response.destroy()
      else refuse(response, 500, 'Everyhop itself failed here. Its log has the details.')
    })
  })
  port = await listen(server, options.port)
  const origin = `http://${host}:${port}`
  // Cookies are shared by all ports of a host: two running services must not overwrite each other's.
  const cookieName = `everyhop-${port}`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setSecurityHeaders(response)
    // Exact, so that a name that somebody points at this machine (DNS rebinding) leads nowhere.
    if (request.headers.host !== `${host}:${port}`) {
      refuse(response, 421, `This is served as ${origin} only.`)
      return
    }
    const url = URL.parse(request.url ?? '/', origin)
    if (url === null || url.origin !== origin) {
      refuse(response, 400, 'The address could not be read.')
      return
    }
    if (url.pathname === '/enter') {
      enter(request, response, url)
      return
    }
    const viewer = access.viewerOf(cookieOf(request, cookieName) ?? '')
    const isQuestion = url.pathname.startsWith('/rpc/')
    if (viewer === null) {
      if (isQuestion) refuseQuestion(response, 'unauthenticated', strangerSentence, options.codeHint)
      else refuseStranger(request, response)
    } else if (isQuestion) await answerQuestion(request, response, viewer)
    else await answerFile(request, response, url)
  }

  function enter(request: IncomingMessage, response: ServerResponse, url: URL): void {
    if (request.method !== 'GET') {
      refuse(response, 405, 'Only GET is answered here.')
      return
    }
    const session = access.exchange(url.searchParams.get('code') ?? '')
    if (session === null) {
      refuse(response, 401, `This code was used already, or it is older than a minute. ${options.codeHint}`)
      return
    }
    response.setHeader('Set-Cookie', `${cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/`)
    response.writeHead(303, { Location: '/' }).end()
  }

  function refuseStranger(request: IncomingMessage, response: ServerResponse): void {
    // A link followed from another site: the browser holds the strict cookie back until a page of our own asks.
    if (request.url === '/' && request.method === 'GET' && request.headers['sec-fetch-site'] === 'cross-site') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      response.writeHead(200).end('<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Everyhop</title>')
      return
    }
    refuse(response, 401, `${strangerSentence} ${options.codeHint}`)
  }

  async function answerQuestion(request: IncomingMessage, response: ServerResponse, viewer: string): Promise<void> {
    const site = request.headers['sec-fetch-site']
    const from = request.headers.origin
    if ((from !== undefined && from !== origin) || (site !== undefined && site !== 'same-origin')) {
      refuseQuestion(response, 'forbidden', 'Questions are answered to the page of Everyhop only.', null)
      return
    }
    if (request.method !== 'POST' || !/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
      refuseQuestion(response, 'invalid', 'Questions are asked by POST, as JSON.', null)
      return
    }
    const body = await readJson(request)
    if (body === tooLarge) {
      response.setHeader('Connection', 'close')
      refuseQuestion(response, 'exhausted', 'The question is larger than 1 MiB.', null)
      return
    }
    await handler.handle(Object.assign(request, { body }), response, {
      prefix: '/rpc',
      context: { viewer, isPage: true },
    })
  }

  async function answerFile(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'Only GET is answered here.')
      return
    }
    const file = await fileOf(options.files, url.pathname)
    if (file !== null) sendFile(response, file, request.method === 'HEAD')
    else if (url.pathname === '/') refuse(response, 503, 'The window is not built yet. Run: npm run build')
    else refuse(response, 404, 'There is no such file.')
  }

  return {
    origin,
    newAddress: () => `${origin}/enter?code=${access.newCode()}`,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      const message = isTaken
        ? `Port ${port} is in use.`
        : `Port ${port} cannot be opened (${error.code ?? 'unknown'}).`
      reject(
        new Failure(
          'conflict',
          `port ${port}`,
          message,
          'Choose another one with --port, or leave it out for a free one.',
        ),
      )
    })
    server.listen(port, host, () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address.port)
      else reject(new Error('the server has no port'))
    })
  })
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.writeHead(status).end(`${sentence}\n`)
}

/** As oRPC answers, so that the page understands a refusal as it understands any other error. */
function refuseQuestion(response: ServerResponse, code: ErrorCode, sentence: string, advice: string | null): void {
  const error = contractError(code, sentence, { subject: 'web host', advice })
  response.setHeader('Content-Type', 'application/json')
  response.writeHead(error.status).end(JSON.stringify({ json: error.toJSON() }))
}

function cookieOf(request: IncomingMessage, name: string): string | null {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name && value !== undefined) return value
  }
  return null
}

const tooLarge = Symbol('too large')

/** The parsed body; `undefined` when it is not JSON, which the handler then refuses by its schema. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    bytes += part.length
    if (bytes > mostBodyBytes) return tooLarge
    chunks.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}
