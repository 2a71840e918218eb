import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { decisionPath } from '../pipeline/policy-bundle.ts'
import { askOpa, type OpaEndpoint } from './opa-client.ts'

/**
 * The API of one OPA as a port-forward reaches it: GET alone, so that nobody on this machine changes a policy by it. It adds to
 * the configuration what the OPA cannot know: that requests of Envoys come to it as to OPA's plugin for Envoy.
 */
export interface OpaFront {
  readonly port: number
  close(): Promise<void>
}

export interface OpaFrontOptions {
  readonly endpoint: OpaEndpoint
  /** Where Envoys ask, in the playground's own network. */
  readonly extAuthz: string
  /** Milliseconds that each answer is held back, asked for each time. */
  readonly delayMs: () => number
}

const answerWithinMs = 10_000
const configSchema = z.looseObject({ result: z.looseObject({ plugins: z.looseObject({}).optional() }) })

export async function startOpaFront(options: OpaFrontOptions): Promise<OpaFront> {
  const server = createServer((message, response) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    relay(options, message, response, gone.signal).catch(() => response.destroy())
  })
  const port = await listen(server)
  return {
    port,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

async function relay(
  { endpoint, extAuthz, delayMs }: OpaFrontOptions,
  message: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const path = message.url ?? '/'
  if (message.method !== 'GET') {
    response.writeHead(405, { allow: 'GET' }).end()
    return
  }
  if (delayMs() > 0) await wait(delayMs(), undefined, { signal: gone, ref: false })
  const signal = AbortSignal.any([gone, AbortSignal.timeout(answerWithinMs)])
  const { status, contentType, text } = await askOpa(endpoint, { method: 'GET', path, signal })
  response.writeHead(status, { 'content-type': contentType })
  response.end(status === 200 && /^\/v1\/config(\?|$)/.test(path) ? withPlugin(text, extAuthz) : text)
}

function withPlugin(text: string, addr: string): string {
  const { result, ...rest } = configSchema.parse(JSON.parse(text))
  const plugins = { ...result.plugins, envoy_ext_authz_grpc: { addr, path: decisionPath } }
  return JSON.stringify({ ...rest, result: { ...result, plugins } })
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the OPA has no port')
  return bound.port
}
