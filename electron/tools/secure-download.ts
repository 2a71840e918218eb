import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { getCACertificates } from 'node:tls'
import { ToolFailure } from './tool.ts'

export interface SecureOptions {
  readonly signal: AbortSignal
  /** PEM of authorities besides those of Node and of this machine. */
  readonly ca?: readonly string[]
  /** Without a byte for so long it has ended. Milliseconds. */
  readonly idleMs?: number
}

const idleMs = 30_000
const mostRedirects = 5

/** A short text over https. Rejects with a `ToolFailure`. */
export async function readSecurely(url: string, maxBytes: number, options: SecureOptions): Promise<string> {
  const parts: Buffer[] = []
  await downloadSecurely(url, maxBytes, options, async (part) => void parts.push(part))
  return Buffer.concat(parts).toString('utf8')
}

/**
 * Gives each part of an answer to `take`, in order, and waits for it. https only, also where it is redirected to: releases lie
 * elsewhere than they are asked for. It goes through the proxy that the environment names, as other programs of the user do,
 * and trusts the authorities of this machine: nothing is sent but the question. Rejects with a `ToolFailure`.
 */
export async function downloadSecurely(
  url: string,
  maxBytes: number,
  options: SecureOptions,
  take: (part: Buffer) => Promise<void>,
): Promise<void> {
  const agent = new Agent({ proxyEnv: process.env })
  const ca = [...getCACertificates('default'), ...getCACertificates('system'), ...(options.ca ?? [])]
  try {
    let place = url
    for (let redirects = 0; ; redirects += 1) {
      const answer = await ask(place, agent, ca, options)
      const status = answer.statusCode ?? 0
      if (status === 200) {
        await collect(answer, place, maxBytes, take)
        return
      }
      answer.destroy()
      const to = [301, 302, 303, 307, 308].includes(status) ? answer.headers.location : undefined
      if (to === undefined) throw new ToolFailure(`${place} answered HTTP ${status}.`)
      if (redirects === mostRedirects) throw new ToolFailure(`${url} is redirected more than ${mostRedirects} times.`)
      place = next(place, to)
    }
  } catch (reason) {
    if (reason instanceof ToolFailure) throw reason
    if (options.signal.aborted) throw new ToolFailure('It was stopped.')
    throw new ToolFailure(`${url} could not be fetched: ${wordsOf(reason)}.`)
  } finally {
    agent.destroy()
  }
}

function ask(place: string, agent: Agent, ca: string[], options: SecureOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | null = null
    const asked = request(
      place,
      { agent, ca, signal: options.signal, headers: { 'user-agent': 'everyhop', accept: '*/*' } },
      (response) => {
        answer = response
        resolve(response)
      },
    )
    const limit = options.idleMs ?? idleMs
    asked.setTimeout(limit, () => {
      const silent = new Error(`nothing came for ${limit} ms`)
      // Who reads the answer hears of what happens to that alone.
      if (answer === null) asked.destroy(silent)
      else answer.destroy(silent)
    })
    asked.on('error', reject)
    asked.end()
  })
}

async function collect(
  answer: IncomingMessage,
  place: string,
  maxBytes: number,
  take: (part: Buffer) => Promise<void>,
): Promise<void> {
  const tooLong = (): ToolFailure => new ToolFailure(`${place} is larger than ${maxBytes} bytes.`)
  if (Number(answer.headers['content-length'] ?? 0) > maxBytes) {
    answer.destroy()
    throw tooLong()
  }
  let length = 0
  for await (const part of answer) {
    if (!Buffer.isBuffer(part)) throw new Error('the answer came as text')
    length += part.length
    if (length > maxBytes) throw tooLong()
    await take(part)
  }
  if (!answer.complete) throw new ToolFailure(`${place} ended in the middle.`)
}

function next(from: string, location: string): string {
  let to: URL
  try {
    to = new URL(location, from)
  } catch {
    throw new ToolFailure(`${from} is redirected to something that is no address.`)
  }
  if (to.protocol !== 'https:') throw new ToolFailure(`${from} is redirected to ${to.protocol}//${to.host}, not https.`)
  return to.href
}

function wordsOf(reason: unknown): string {
  if (reason instanceof AggregateError) return reason.errors.map(wordsOf).join('; ')
  return reason instanceof Error ? reason.message : String(reason)
}
