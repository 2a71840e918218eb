import { z } from 'zod'
import { parseBody } from './receive.ts'
import { Refusal } from './refusal.ts'
import type { Work } from './stage-runtime.ts'

const promptSchema = z.object({ prompt: z.string() })
const deliverySchema = z.object({ answer: z.string() })
/** Requests held open at once; more are turned away instead of piling up. */
const maximumPending = 1_000

interface Pending {
  readonly user: string
  readonly deliver: (answer: string) => void
}

/**
 * The gateway holds a request open until the output filter delivers the filtered answer under the same request id,
 * the chain behind reports a refusal, or the deadline passes. An answer to nobody's question is refused with 404.
 */
export function createGateway(deadlineMs: number): Work {
  const pending = new Map<string, Pending>()

  const chat: Work = async (runtime, _endpoint, received, signal) => {
    const { requestId } = received.context
    const { prompt } = parseBody(promptSchema, received, runtime.stage)
    if (pending.has(requestId)) throw new Refusal(409, runtime.stage, 'request-id-in-use')
    if (pending.size >= maximumPending) throw new Refusal(503, runtime.stage, 'too-many-requests-open')
    const delivered = Promise.withResolvers<string>()
    pending.set(requestId, { user: received.user.name, deliver: delivered.resolve })
    const timer = setTimeout(() => {
      delivered.reject(new Refusal(504, 'output-filter', 'no-delivery-in-time'))
    }, deadlineMs)
    try {
      const chain = runtime.call('prompt-firewall', received, { prompt }, signal)
      // The delivery arrives before the chain's acknowledgement. Answering at once would break that off on every hop,
      // and each Envoy would log a caller that went away.
      const [answer] = await Promise.all([delivered.promise, chain])
      return { answer }
    } finally {
      clearTimeout(timer)
      pending.delete(requestId)
    }
  }

  const delivery: Work = async (runtime, _endpoint, received) => {
    const { answer } = parseBody(deliverySchema, received, runtime.stage)
    const waiting = pending.get(received.context.requestId)
    const asked = received.wildcard === received.context.requestId && waiting?.user === received.user.name
    if (waiting === undefined || !asked) throw new Refusal(404, runtime.stage, 'no-such-request')
    waiting.deliver(answer)
    return { delivered: true }
  }

  return async (runtime, endpoint, received, signal) =>
    endpoint.path.includes('chat')
      ? await chat(runtime, endpoint, received, signal)
      : await delivery(runtime, endpoint, received, signal)
}
