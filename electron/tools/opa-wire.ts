import { z } from 'zod'

/** Fields that are read of what the opa command prints as JSON (1.15 to 1.19). Others are let through unread. */

const location = z.object({ file: z.string().default(''), row: z.number().default(0), col: z.number().default(0) })

const opaError = z.object({ message: z.string(), code: z.string().default('error'), location: location.optional() })

/** `opa check -f json`: nothing at all when all is well. */
export const checkOutput = z.object({ errors: z.array(opaError).default([]) })

/** `opa test -f json`; with `--coverage` another document, which holds no results. */
export const testOutput = z.array(
  z.object({
    location: location.optional(),
    package: z.string().default(''),
    name: z.string().default(''),
    fail: z.boolean().optional(),
    skip: z.boolean().optional(),
    error: z.unknown().optional(),
    duration: z.number().default(0),
    output: z.string().optional(),
  }),
)

const range = z.object({ start: z.object({ row: z.number() }), end: z.object({ row: z.number() }) })

export const coverageOutput = z.object({
  files: z.record(
    z.string(),
    z.object({
      covered: z.array(range).optional(),
      not_covered: z.array(range).optional(),
      coverage: z.number().optional(),
    }),
  ),
})

const traceEvent = z.object({
  Op: z.string(),
  Location: z.object({ file: z.string().default(''), row: z.number().default(0) }).nullish(),
  QueryID: z.number(),
  ParentID: z.number(),
  Locals: z.array(z.object({ name: z.string(), type: z.string(), value: z.unknown() })).nullish(),
  LocalMetadata: z.record(z.string(), z.object({ name: z.string() })).nullish(),
  Message: z.string().default(''),
})
export type WireTraceEvent = z.infer<typeof traceEvent>

/** `opa eval -f json --explain=full --metrics`. */
export const evalOutput = z.object({
  result: z.array(z.object({ expressions: z.array(z.object({ value: z.unknown() })).default([]) })).optional(),
  errors: z.array(opaError).optional(),
  explanation: z.array(traceEvent).nullish(),
  metrics: z.record(z.string(), z.unknown()).optional(),
})

/** `opa capabilities --current`; the whole is written back, with less in it. */
export const capabilitiesOutput = z.looseObject({ builtins: z.array(z.looseObject({ name: z.string() })) })
