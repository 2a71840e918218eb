import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import type { Endpoint } from './endpoints.ts'
import { BodyTooLarge, parseJson, readBody, singleHeader } from './http-exchange.ts'
import type { EventContext } from './integrity-event.ts'
import type { Received } from './received.ts'
import { Refusal } from './refusal.ts'
import { readContext, userTokenHeader } from './request-context.ts'
import type { Runtime } from './stage-runtime.ts'
import { signatureHeader, verifyOutput } from './stage-signature.ts'
import { stageOf } from './topology.ts'
import { verifyUserToken } from './user-token.ts'

/**
 * Verifies what another stage sent, and reports both results as integrity events, whether or not the request goes on.
 * Throws a `Refusal`: 400 for a request without its context, 403 for a signature, 401 for a user that is not verified.
 */
export async function receive(
  runtime: Runtime,
  endpoint: Endpoint,
  message: IncomingMessage,
  caller: string,
): Promise<Received> {
  const { requestId, traceId, classification, askedAt } = readContext(message)
  const body = await bodyOf(message, runtime.stage)
  const now = runtime.clock()
  const event: EventContext = {
    version: 1,
    time: new Date(now).toISOString(),
    request_id: requestId,
    trace_id: traceId,
    stage: runtime.stage,
    caller_stage: caller,
    direction: 'request',
  }
  const expected = { stage: caller, requestId: requestId ?? '', body, now }
  const signature = verifyOutput(singleHeader(message, signatureHeader), expected, runtime.publicKey(caller))
  runtime.integrityLog({ ...event, type: 'stage-signature', ...signature })

  const token = userToken(message, caller)
  const identity = verifyUserToken(token, runtime.stage, caller, now, runtime.keys)
  const { outcome, reason } = identity
  const actors = [...(identity.user?.actors ?? [])]
  runtime.integrityLog({ ...event, type: 'user-identity', outcome, actors, reason })

  if (signature.outcome !== 'verified') throw new Refusal(403, runtime.stage, `signature-${signature.outcome}`)
  if (identity.user === null) throw new Refusal(401, runtime.stage, `user-${identity.outcome}`)
  if (requestId === null || traceId === null || classification === null) {
    throw new Refusal(400, runtime.stage, 'request-without-context')
  }
  const wildcard = endpoint.path.at(-1) === '*' ? ((message.url ?? '').split('/').at(-1) ?? '') : ''
  return { context: { requestId, traceId, classification, askedAt }, user: identity.user, body, wildcard }
}

export async function bodyOf(message: IncomingMessage, stage: string): Promise<Uint8Array> {
  return await readBody(message).catch((error: unknown) => {
    throw error instanceof BodyTooLarge ? new Refusal(413, stage, 'body-too-large') : error
  })
}

/** The user's own token comes as a bearer token from the application; exchanged ones have a header of their own. */
function userToken(message: IncomingMessage, caller: string): string | null {
  if (stageOf(caller).kind !== 'client') return singleHeader(message, userTokenHeader)
  const bearer = singleHeader(message, 'authorization')
  return bearer !== null && /^bearer /i.test(bearer) ? bearer.slice('bearer '.length) : null
}

/** The body of a request by its schema; throws a 400 refusal otherwise. */
export function parseBody<Value>(schema: z.ZodType<Value>, received: Received, stage: string): Value {
  const parsed = schema.safeParse(parseJson(received.body))
  if (!parsed.success) throw new Refusal(400, stage, 'body-not-understood')
  return parsed.data
}
