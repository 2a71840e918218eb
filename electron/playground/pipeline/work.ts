import { z } from 'zod'
import { assertNever } from '../../../shared/lib/assert-never.ts'
import { parseJson } from './http-exchange.ts'
import { parseBody } from './receive.ts'
import { Refusal } from './refusal.ts'
import type { Work } from './stage-runtime.ts'
import type { Stage } from './topology.ts'

/** The small job of every stage but application and gateway. What counts is who calls whom, not how clever the answer is. */
export function workOf(stage: Stage): Work {
  switch (stage.kind) {
    case 'firewall':
      return inspect
    case 'sanitiser':
      return sanitise
    case 'orchestrator':
      return plan
    case 'store':
      return retrieve
    case 'model':
      return complete
    case 'tool':
      return runTool
    case 'filter':
      return filterOutput
    case 'client':
    case 'gateway':
      return async (runtime) => {
        throw new Refusal(404, runtime.stage, 'no-such-endpoint')
      }
    default:
      return assertNever(stage.kind)
  }
}

const promptSchema = z.object({ prompt: z.string() })
const accepted = { accepted: true }

const injections = [/ignore (all |the )?(previous|earlier) instructions/i, /reveal (your|the) system prompt/i]

const inspect: Work = async (runtime, _endpoint, received, signal) => {
  const { prompt } = parseBody(promptSchema, received, runtime.stage)
  if (injections.some((pattern) => pattern.test(prompt))) throw new Refusal(422, runtime.stage, 'prompt-injection')
  await runtime.call('input-sanitiser', received, { prompt }, signal)
  return accepted
}

const sanitise: Work = async (runtime, _endpoint, received, signal) => {
  const { prompt } = parseBody(promptSchema, received, runtime.stage)
  const masked = prompt.replaceAll(/[^\s@]+@[^\s@]+\.[a-z]+/gi, '[address]')
  const cleaned = masked
    .replaceAll(/\p{Cc}/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  await runtime.call('orchestrator', received, { prompt: cleaned }, signal)
  return accepted
}

const passagesSchema = z.object({ passages: z.array(z.string()) })

/** An answer that should rest on documents is not given without them: a failed retrieval ends the request. */
const plan: Work = async (runtime, _endpoint, received, signal) => {
  const { prompt } = parseBody(promptSchema, received, runtime.stage)
  let passages: readonly string[] = []
  if (/\b(document|handbook|notes)\b/i.test(prompt)) {
    const reply = passagesSchema.safeParse(
      parseJson(await runtime.call('vector-store', received, { question: prompt }, signal)),
    )
    if (!reply.success) throw new Refusal(502, runtime.stage, 'reply-not-understood')
    passages = reply.data.passages
  }
  await runtime.call('model-server', received, { prompt, passages }, signal)
  return accepted
}

const collection = [
  'Travel: trains are booked by the office, at least three days before.',
  'Holidays: thirty days a year, agreed with the team.',
  'Laptops: a lost laptop is reported within one hour.',
]

const retrieve: Work = async (runtime, _endpoint, received) => {
  const { question } = parseBody(z.object({ question: z.string() }), received, runtime.stage)
  const words = new Set(question.toLowerCase().match(/\p{L}{5,}/gu) ?? [])
  const overlap = (passage: string): boolean =>
    (passage.toLowerCase().match(/\p{L}{5,}/gu) ?? []).some((word) => words.has(word))
  return { passages: collection.filter(overlap) }
}

const completionSchema = z.object({ prompt: z.string(), passages: z.array(z.string()) })
const toolResultSchema = z.object({ result: z.number() })

/** As with documents: no guessed sum takes the place of a tool that did not answer. */
const complete: Work = async (runtime, _endpoint, received, signal) => {
  const { prompt, passages } = parseBody(completionSchema, received, runtime.stage)
  const parts = [...passages]
  const sum = /add (\d{1,6}) and (\d{1,6})/i.exec(prompt)
  if (sum !== null) {
    const numbers = [Number(sum[1]), Number(sum[2])]
    const reply = await runtime.call('tool-runtime', received, { tool: 'sum', numbers }, signal)
    const result = toolResultSchema.safeParse(parseJson(reply))
    if (!result.success) throw new Refusal(502, runtime.stage, 'reply-not-understood')
    parts.push(`The sum is ${result.data.result}.`)
  }
  const answer = parts.length > 0 ? parts.join(' ') : `A short answer to a question of ${prompt.length} characters.`
  await runtime.call('output-filter', received, { answer }, signal)
  return accepted
}

const toolCallSchema = z.object({ tool: z.literal('sum'), numbers: z.array(z.number()).max(100) })

const runTool: Work = async (runtime, _endpoint, received) => {
  const { numbers } = parseBody(toolCallSchema, received, runtime.stage)
  return { result: numbers.reduce((total, number) => total + number, 0) }
}

const filterOutput: Work = async (runtime, _endpoint, received, signal) => {
  const { answer } = parseBody(z.object({ answer: z.string() }), received, runtime.stage)
  await runtime.call('gateway', received, { answer: answer.replaceAll(/\d{10,}/g, '[number]') }, signal)
  return accepted
}
