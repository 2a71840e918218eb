import { z } from 'zod'
import { sourceKinds } from '../domain/model/fact.ts'

/** What the parts of the graph document (document.ts) are made of. */
export const time = z.iso.datetime().describe('ISO 8601, UTC')
export const source = z.enum(sourceKinds)
export const basis = z
  .enum(['measured', 'derived', 'declared'])
  .describe('measured: read from the running system; derived: computed from other facts; declared: written by someone')

export const reason = z
  .object({
    code: z.string().describe('stable: a code never changes its meaning'),
    sentence: z.string(),
    params: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  })
  .describe('why, as a code for scripts and a sentence for people')

export const missing = z.object({
  source,
  instance: z.string().nullable().describe('null: none is configured'),
  what: z.string(),
  lastReadAt: time.nullable().describe('null: never read'),
})

/** A state with its reason, its basis, and the ids of the facts it rests on. */
export function judgement<States extends readonly [string, ...string[]]>(states: States) {
  return z.object({
    state: z.enum(states),
    reason,
    basis,
    since: time.nullable().describe('null: not known since when'),
    restsOn: z.array(z.string()).describe('ids of entries of `facts`, or of facts that were read earlier'),
    missing: z.array(missing).describe('what would have to be readable for a better answer'),
  })
}

/** A value, or that it is not known and why. */
export function known<Value extends z.ZodType>(value: Value) {
  return z.discriminatedUnion('known', [
    z.object({
      known: z.literal(true),
      value,
      fact: z.string().describe('id of the fact it came from'),
      stale: z.boolean().describe('true: the source has gone silent since; this is the last value known'),
    }),
    z.object({ known: z.literal(false), reason }),
  ])
}

export type DocumentReason = z.infer<typeof reason>
