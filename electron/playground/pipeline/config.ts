import { z } from 'zod'
import { pipelineKeysSchema } from './keys.ts'
import { stages } from './topology.ts'

const port = z.number().int().min(1).max(65_535)
const loopback = z
  .string()
  .regex(/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/, 'only loopback addresses: the stages speak plain HTTP')

/** The configuration of main.ts; the README explains every field. */
export const pipelineConfigSchema = z
  .strictObject({
    integrityLog: z.string().min(1),
    deadlineSeconds: z.number().min(0.1).max(60).default(5),
    stages: z
      .array(
        z.strictObject({
          id: z.string().refine((id) => stages.some((stage) => stage.id === id), 'no such stage in the topology'),
          address: loopback,
          port,
          egress: z.strictObject({ address: loopback, port }),
        }),
      )
      .min(1),
    keys: pipelineKeysSchema.optional(),
  })
  .refine((config) => new Set(config.stages.map((stage) => stage.id)).size === config.stages.length, {
    message: 'a stage is listed twice',
    path: ['stages'],
  })
  .refine((config) => config.keys !== undefined || config.stages.length === stages.length, {
    message:
      'a process that does not run all stages needs the keys of the run; make them once with createPipelineKeys()',
    path: ['keys'],
  })

export type PipelineConfig = z.infer<typeof pipelineConfigSchema>

/** Throws one sentence that names the fields that are wrong; never shows a value, which may be a key. */
export function parsePipelineConfig(text: string): PipelineConfig {
  const parsed = pipelineConfigSchema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole file'}: ${issue.message}`)
  throw new Error(`the pipeline's configuration is not usable: ${problems.join('; ')}`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may hold keys.
    throw new Error("the pipeline's configuration is not JSON")
  }
}
