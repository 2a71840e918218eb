import { z } from 'zod'
import type { HeldLine } from './sealed-lines.ts'

/** docs/formats/journal.md. */
const entrySchema = z.object({
  number: z.number(),
  environment: z.string(),
  action: z.string(),
  phase: z.enum(['begun', 'succeeded', 'failed', 'noted']),
  actor: z.string().default(''),
  details: z.record(z.string(), z.unknown()).default({}),
})
export type JournalLine = z.output<typeof entrySchema>

/** null: it is no entry of the journal. */
export function journalLine({ line }: Pick<HeldLine, 'line'>): JournalLine | null {
  try {
    const read = entrySchema.safeParse(JSON.parse(line))
    return read.success ? read.data : null
  } catch {
    return null
  }
}
