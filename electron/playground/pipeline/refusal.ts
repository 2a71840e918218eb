import { z } from 'zod'
import { parseJson } from './http-exchange.ts'

/** Why a request ended, as it travels back to the application: the stage where it ended, a short code, an HTTP status. */
export class Refusal extends Error {
  readonly status: number
  readonly at: string
  readonly code: string

  constructor(status: number, at: string, code: string) {
    super(`${code} at ${at}`)
    this.name = 'Refusal'
    this.status = status
    this.at = at
    this.code = code
  }
}

const refusalSchema = z.object({
  error: z.string().regex(/^[a-z0-9-]{1,60}$/),
  at: z.string().regex(/^[a-z0-9-]{1,63}$/),
})

/** A refusal that a stage behind reported; otherwise (an Envoy or OPA answered) it ended on the way into `target`. */
export function refusalOf(status: number, body: Uint8Array, target: string): Refusal {
  const told = refusalSchema.safeParse(parseJson(body))
  if (told.success) return new Refusal(status, told.data.at, told.data.error)
  return new Refusal(status, target, status === 403 ? 'refused-on-the-way' : 'failed-on-the-way')
}
