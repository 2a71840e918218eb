import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { ask } from './application.ts'
import { matchEndpoint } from './endpoints.ts'
import { createGateway } from './gateway.ts'
import { toJson } from './http-exchange.ts'
import { receive } from './receive.ts'
import { Refusal } from './refusal.ts'
import type { Runtime, StageOptions, Work } from './stage-runtime.ts'
import { createRuntime } from './stage-runtime.ts'
import type { Stage } from './topology.ts'
import { workOf } from './work.ts'

export interface RunningStage {
  /** The port it listens on. */
  readonly port: number
  /** Breaks off what is under way and stops listening. */
  close(): Promise<void>
}

/**
 * Starts one stage as an HTTP service on its own address. Rejects with a sentence when it cannot listen.
 * Its Envoys may come and go: each failed call ends one request, never the stage.
 */
export async function startStage(stage: Stage, options: StageOptions): Promise<RunningStage> {
  const runtime = createRuntime(stage.id, options)
  const work = stage.kind === 'gateway' ? createGateway(runtime.deadlineMs) : workOf(stage)
  const server = createServer((message, response) => {
    // Whoever asked has gone: what was started for them is broken off down the whole chain.
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    answer(runtime, work, message, gone.signal)
      .catch((error: unknown) => refuse(error, stage.id))
      .then((reply) => write(response, reply))
      .catch(() => response.destroy())
  })
  await listen(server, stage.id, options)
  const bound = server.address()
  return {
    port: bound !== null && typeof bound === 'object' ? bound.port : options.port,
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      server.closeAllConnections()
      await promise
    },
  }
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

async function answer(runtime: Runtime, work: Work, message: IncomingMessage, gone: AbortSignal): Promise<Reply> {
  const endpoint = matchEndpoint(runtime.stage, message.method ?? '', message.url ?? '')
  if (endpoint === null) throw new Refusal(404, runtime.stage, 'no-such-endpoint')
  if (endpoint.from === null) return { status: 200, headers: {}, body: await ask(runtime, message, gone) }
  const received = await receive(runtime, endpoint, message, endpoint.from)
  const body = toJson(await work(runtime, endpoint, received, gone))
  if (endpoint.reply === 'acknowledgement') return { status: 202, headers: {}, body }
  return { status: 200, headers: runtime.signed(received.context.requestId, body), body }
}

function refuse(error: unknown, stage: string): Reply {
  const refusal = error instanceof Refusal ? error : new Refusal(500, stage, 'unexpected-failure')
  if (!(error instanceof Refusal)) console.error(`stage ${stage}: ${error instanceof Error ? error.stack : 'unknown'}`)
  return { status: refusal.status, headers: {}, body: toJson({ error: refusal.code, at: refusal.at }) }
}

function write(response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return
  response.writeHead(reply.status, {
    'content-type': 'application/json',
    'content-length': reply.body.byteLength,
    ...reply.headers,
  })
  response.end(reply.body)
}

async function listen(server: Server, stage: string, options: StageOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('listening', resolve)
  server.once('error', (error) => {
    reject(new Error(`stage ${stage} cannot listen on ${options.address}:${options.port}: ${error.message}`))
  })
  server.listen(options.port, options.address)
  await promise
}
