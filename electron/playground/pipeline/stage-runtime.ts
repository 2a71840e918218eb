import type { KeyObject } from 'node:crypto'
import type { Agent } from 'node:http'
import type { Endpoint } from './endpoints.ts'
import { endpointOf, pathOf } from './endpoints.ts'
import type { HttpAnswer } from './http-exchange.ts'
import { post, toJson } from './http-exchange.ts'
import type { IntegrityLog } from './integrity-event.ts'
import type { StageKeys } from './keys.ts'
import type { Received } from './received.ts'
import { Refusal, refusalOf } from './refusal.ts'
import { contextHeaders, userTokenHeader } from './request-context.ts'
import { signatureHeader, signOutput, verifyOutput } from './stage-signature.ts'
import { exchangeToken } from './user-token.ts'

export interface StageOptions {
  /** Where the stage's HTTP service listens; port 0 takes a free one. It calls from this address too. */
  readonly address: string
  readonly port: number
  /** The egress listener of the stage's Envoy. */
  readonly egress: { readonly address: string; readonly port: number }
  /** Keeps connections to the egress listener for further calls. Without one each call has its own. */
  readonly agent?: Agent
  readonly keys: StageKeys
  readonly integrityLog: IntegrityLog
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** How long one call to the next stage may take; also how long the gateway waits for the filtered answer. */
  readonly deadlineMs?: number
  /** What is wrong with the stage, asked for at every request: how the playground breaks it without starting it again. */
  readonly misconduct?: () => Misconduct
}

export interface Misconduct {
  /** The stage signs with this key, which nobody knows it by. */
  readonly signsWith?: KeyObject
  /** Stage that is called without the user's token. */
  readonly losesUserTo?: string
}

/** What a stage's work can use: its identity, and the way to the next stages. */
export interface Runtime {
  readonly stage: string
  readonly keys: StageKeys
  readonly integrityLog: IntegrityLog
  readonly clock: () => number
  readonly deadlineMs: number
  publicKey(stage: string): KeyObject
  /** Calls the next stage for the user of `received`; gives the verified reply, or throws the `Refusal` that came back. */
  call(target: string, received: Received, body: unknown, signal: AbortSignal): Promise<Uint8Array>
  /** As `call`, with this in place of the exchanged token: for the application, which has the user's own. */
  send(target: string, outgoing: Outgoing, signal: AbortSignal): Promise<Uint8Array>
  /** Headers that prove a reply. */
  signed(requestId: string, body: Uint8Array): Readonly<Record<string, string>>
}

export interface Outgoing {
  readonly context: Received['context']
  readonly body: Uint8Array
  readonly identity: Readonly<Record<string, string>>
}

/** What a stage does with a verified request; gives the JSON value of its reply, or throws a `Refusal`. */
export type Work = (runtime: Runtime, endpoint: Endpoint, received: Received, signal: AbortSignal) => Promise<unknown>

const defaultDeadlineMs = 5_000

export function createRuntime(stage: string, options: StageOptions): Runtime {
  const { keys, integrityLog, clock } = options
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs
  const misconduct: () => Misconduct = options.misconduct ?? (() => ({}))
  const ownKey = (): KeyObject => misconduct().signsWith ?? keys.sign
  const publicKey = (of: string): KeyObject => {
    const key = keys.publicKeys.get(of)
    if (key === undefined) throw new Error(`no public key for the stage ${of}`)
    return key
  }
  const signed: Runtime['signed'] = (requestId, body) => ({
    [signatureHeader]: signOutput({ stage, requestId, body, now: clock() }, ownKey()),
  })

  const send: Runtime['send'] = async (target, outgoing, signal) => {
    const { context, body } = outgoing
    const endpoint = endpointOf(stage, target)
    const headers = { ...contextHeaders(context), ...outgoing.identity, ...signed(context.requestId, body) }
    const answer = await post({
      ...options.egress,
      path: `/to/${target}${pathOf(endpoint, context.requestId)}`,
      headers,
      body,
      localAddress: options.address,
      ...(options.agent === undefined ? {} : { agent: options.agent }),
      timeoutMs: deadlineMs,
      signal,
    }).catch((error: unknown) => {
      throw unanswered(error, target)
    })
    if (answer.status >= 400) throw refusalOf(answer.status, answer.body, target)
    if (endpoint.reply === 'output') verifyReply(target, context, answer)
    return answer.body
  }

  const verifyReply = (target: string, context: Outgoing['context'], answer: HttpAnswer): void => {
    const now = clock()
    const expected = { stage: target, requestId: context.requestId, body: answer.body, now }
    const result = verifyOutput(answer.header(signatureHeader), expected, publicKey(target))
    integrityLog({
      version: 1,
      type: 'stage-signature',
      time: new Date(now).toISOString(),
      request_id: context.requestId,
      trace_id: context.traceId,
      stage,
      caller_stage: target,
      direction: 'response',
      ...result,
    })
    if (result.outcome !== 'verified') throw new Refusal(502, stage, `reply-signature-${result.outcome}`)
  }

  const call: Runtime['call'] = async (target, received, value, signal) => {
    const token = exchangeToken(received.user, stage, target, clock(), ownKey())
    const identity = misconduct().losesUserTo === target ? {} : { [userTokenHeader]: token }
    return await send(target, { context: received.context, body: toJson(value), identity }, signal)
  }

  return { stage, keys, integrityLog, clock, deadlineMs, publicKey, call, send, signed }
}

/** No HTTP answer at all: the own Envoy is away, or nothing came in time. */
function unanswered(error: unknown, target: string): Refusal {
  const timedOut = error instanceof DOMException && error.name === 'TimeoutError'
  return timedOut ? new Refusal(504, target, 'no-answer-in-time') : new Refusal(502, target, 'no-answer')
}
