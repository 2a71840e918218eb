import { rmSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { z } from 'zod'
import { injectionsOf } from './inject/index.ts'
import type { Lab } from './lab.ts'

/** What another process may ask a running lab over its control socket: one JSON line each way. */
const requestWire = z.discriminatedUnion('verb', [
  z.strictObject({ verb: z.literal('status') }),
  z.strictObject({ verb: z.literal('truth') }),
  z.strictObject({ verb: z.literal('fault'), id: z.string() }),
  z.strictObject({ verb: z.literal('heal') }),
  z.strictObject({ verb: z.literal('stop') }),
])
export type ControlRequest = z.infer<typeof requestWire>

const answerWire = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: z.string() }),
])

/** Listens on the lab's control socket. `stop` ends the lab's process. */
export function openControl(lab: Lab, stop: () => Promise<void>): { close(): void } {
  const socket = lab.plan.files.controlSocket
  const server = createServer((connection) => {
    let text = ''
    connection.on('error', () => undefined)
    connection.on('data', (chunk) => {
      text += chunk.toString()
      const end = text.indexOf('\n')
      if (end < 0) return
      const line = text.slice(0, end)
      text = ''
      answer(lab, line, stop).then(
        (value) => connection.end(`${JSON.stringify({ ok: true, value: value ?? null })}\n`),
        (error: Error) => connection.end(`${JSON.stringify({ ok: false, error: error.message })}\n`),
      )
    })
  })
  server.listen(socket)
  return {
    close: () => {
      server.close()
      rmSync(socket, { force: true })
    },
  }
}

async function answer(lab: Lab, line: string, stop: () => Promise<void>): Promise<unknown> {
  const request = requestWire.parse(JSON.parse(line))
  switch (request.verb) {
    case 'status':
      return { ...lab.status(), faults: [...injectionsOf(lab.status().tier).keys()] }
    case 'truth':
      return lab.truth()
    case 'fault':
      await lab.inject(request.id)
      return lab.status()
    case 'heal':
      await lab.heal()
      return lab.status()
    case 'stop':
      await stop()
      return null
  }
}

/** Asks the lab behind a control socket; undefined when no lab listens there. Rejects with the lab's own error. */
export function askLab(socket: string, request: ControlRequest): Promise<{ readonly value: unknown } | undefined> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(socket)
    let text = ''
    let reached = false
    connection.on('connect', () => {
      reached = true
      connection.write(`${JSON.stringify(request)}\n`)
    })
    connection.on('data', (chunk) => {
      text += chunk.toString()
    })
    connection.on('error', (error) => (reached ? reject(error) : resolve(undefined)))
    connection.on('close', () => {
      if (!reached) return
      try {
        const parsed = answerWire.parse(JSON.parse(text))
        if (parsed.ok) resolve({ value: parsed.value })
        else reject(new Error(parsed.error))
      } catch {
        reject(new Error('the lab ended before it answered'))
      }
    })
  })
}
