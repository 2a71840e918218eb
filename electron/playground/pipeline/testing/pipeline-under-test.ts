import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { HttpAnswer } from '../http-exchange.ts'
import { post, readBody } from '../http-exchange.ts'
import type { IntegrityEvent } from '../integrity-event.ts'
import { createPipelineKeys, stageKeys } from '../keys.ts'
import type { RunningStage } from '../start-stage.ts'
import { startStage } from '../start-stage.ts'
import { stageOf, stages } from '../topology.ts'

/** What the router in place of the Envoys may do to one call on its way. */
export interface OnTheWay {
  readonly to: string
  headers: Record<string, string>
  body: Uint8Array
}

/** Changes a call, answers in the callee's place with this status as an Envoy that refuses would, or never answers. */
export type Meddle = (call: OnTheWay) => number | 'silence' | undefined

export interface PipelineUnderTest {
  readonly events: IntegrityEvent[]
  /** What each stage received, in order: callee and headers. */
  readonly calls: OnTheWay[]
  ask(request: object, headers?: Record<string, string>): Promise<HttpAnswer>
  /** Calls a stage's service directly, as its Envoy would. */
  direct(stage: string, path: string, headers: Record<string, string>, body: object): Promise<HttpAnswer>
  readonly entry: { readonly address: string; readonly port: number }
  meddle: Meddle
  /** Applied to replies of stages on their way back. */
  meddleReply: (from: string, body: Uint8Array) => Uint8Array
  clock: () => number
  close(): Promise<void>
}

/** All nine stages on their own loopback addresses, with one plain HTTP router in place of all Envoys. */
export async function startPipelineUnderTest(deadlineMs = 5_000): Promise<PipelineUnderTest> {
  const running = new Map<string, RunningStage>()
  const under: PipelineUnderTest = {
    events: [],
    calls: [],
    entry: { address: stageOf('application').address, port: 0 },
    meddle: () => undefined,
    meddleReply: (_from, body) => body,
    clock: () => 1_795_305_600_000,
    ask: async (request, headers = {}) => await direct('application', '/v1/asks', headers, request),
    direct: async (...call) => await direct(...call),
    close: async () => {
      await Promise.all([...running.values()].map((stage) => stage.close()))
      router.closeAllConnections()
      await new Promise((resolve) => router.close(resolve))
    },
  }
  const direct: PipelineUnderTest['direct'] = async (stage, path, headers, body) =>
    await post({
      ...whereIs(stage),
      path,
      headers,
      body: new TextEncoder().encode(JSON.stringify(body)),
      timeoutMs: 10_000,
    })
  const whereIs = (stage: string): { address: string; port: number } => {
    const found = running.get(stage)
    if (found === undefined) throw new Error(`the stage ${stage} is not running`)
    return { address: stageOf(stage).address, port: found.port }
  }
  const router = createRouter(under, whereIs)
  const egress = { address: '127.0.0.1', port: await listen(router) }
  const keys = await createPipelineKeys()
  for (const stage of stages) {
    const options = {
      address: stage.address,
      port: 0,
      egress,
      keys: stageKeys(keys, stage.id),
      integrityLog: (event: IntegrityEvent) => under.events.push(event),
      clock: () => under.clock(),
      deadlineMs,
    }
    running.set(stage.id, await startStage(stage, options))
  }
  return Object.assign(under, { entry: whereIs('application') })
}

const handedOn = [
  'x-request-id',
  'traceparent',
  'x-data-classification',
  'authorization',
  'x-user-token',
  'x-stage-signature',
]

function createRouter(under: PipelineUnderTest, whereIs: (stage: string) => { address: string; port: number }): Server {
  const route = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, to = '', rest = ''] = /^\/to\/([a-z-]+)(\/.*)$/.exec(message.url ?? '') ?? []
    const entries = handedOn.flatMap((name) => {
      const value = message.headers[name]
      return typeof value === 'string' ? [[name, value] as const] : []
    })
    const call: OnTheWay = { to, headers: Object.fromEntries(entries), body: await readBody(message) }
    const refused = under.meddle(call)
    under.calls.push(call)
    if (refused === 'silence') return
    if (refused !== undefined) {
      response.writeHead(refused).end()
      return
    }
    const answer = await post({ ...whereIs(to), path: rest, headers: call.headers, body: call.body, timeoutMs: 10_000 })
    const signature = answer.header('x-stage-signature')
    response.writeHead(answer.status, signature === null ? {} : { 'x-stage-signature': signature })
    response.end(under.meddleReply(to, answer.body))
  }
  // As an Envoy would: when one side of the call breaks off, so does the other.
  return createServer((message, response) => void route(message, response).catch(() => response.destroy()))
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the router has no port')
  return bound.port
}
