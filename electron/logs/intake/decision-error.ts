import { z } from 'zod'
import { masked } from './mask.ts'

export interface DecisionError {
  readonly code: string | null
  readonly message: string | null
}

const errorShape = z.object({
  code: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
})

/**
 * `error` of a decision event, without what looks like a secret; null: there was none. OPA uploads it as an object; in its console
 * log it is the message alone, as its logger writes every error.
 */
export function decisionErrorOf(value: unknown): DecisionError | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return { code: null, message: masked(value, 400) }
  const parsed = errorShape.safeParse(value)
  if (!parsed.success) return { code: null, message: null }
  const text = (part: string | undefined): string | null => (part === undefined ? null : masked(part, 400))
  return { code: text(parsed.data.code), message: text(parsed.data.message) }
}
