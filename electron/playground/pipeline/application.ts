import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { parseJson, toJson } from './http-exchange.ts'
import { bodyOf } from './receive.ts'
import { Refusal } from './refusal.ts'
import { classifications, newRequestId, newTraceId, readContext } from './request-context.ts'
import type { Runtime } from './stage-runtime.ts'
import { issueUserToken } from './user-token.ts'

/** What a user asks the application; it stands for the page in front of it, so there is nothing to verify here. */
export const askSchema = z.strictObject({
  user: z.string().min(1).max(60),
  rights: z.array(z.string().max(60)).max(20),
  classification: z.enum(classifications),
  prompt: z.string().min(1).max(4_000),
  /** When the user asked, as ISO 8601 in UTC. */
  askedAt: z.iso.datetime().optional(),
})
export type Ask = z.infer<typeof askSchema>

/** Signs the user in, asks the gateway, gives its verified answer back. A request id that comes along is kept. */
export async function ask(runtime: Runtime, message: IncomingMessage, signal: AbortSignal): Promise<Uint8Array> {
  const asked = askSchema.safeParse(parseJson(await bodyOf(message, runtime.stage)))
  if (!asked.success) throw new Refusal(400, runtime.stage, 'not-a-question')
  const { user, rights, classification, prompt, askedAt } = asked.data
  if (runtime.keys.issueUsers === null) throw new Error('the application has no key to sign users in')
  const token = issueUserToken({ name: user, rights }, runtime.clock(), runtime.keys.issueUsers)
  const came = readContext(message)
  const context = {
    requestId: came.requestId ?? newRequestId(),
    traceId: came.traceId ?? newTraceId(),
    classification,
    askedAt: askedAt ?? null,
  }
  const identity = { authorization: `Bearer ${token}` }
  return await runtime.send('gateway', { context, body: toJson({ prompt }), identity }, signal)
}
