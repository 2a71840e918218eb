import { z } from 'zod'

/** What one run of Vitest found, file by file; written by closing-reporter.ts. */
export const runRecordSchema = z.object({
  files: z.array(
    z.object({
      file: z.string(),
      /** With its hooks, such as the start of a lab. */
      seconds: z.number(),
      tests: z.array(
        z.object({
          /** The same in each run of the file. */
          id: z.string(),
          name: z.string(),
          state: z.enum(['passed', 'failed', 'skipped']),
          /** First line of why it failed. */
          why: z.string(),
        }),
      ),
      /** Of the file as a whole, such as of its hooks: first lines. */
      errors: z.array(z.string()),
    }),
  ),
  /** Errors that belong to no test. */
  unhandled: z.array(z.string()),
})

export type RunRecord = z.infer<typeof runRecordSchema>
export type FileRecord = RunRecord['files'][number]
type TestRecord = FileRecord['tests'][number]

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Names of what failed, with why. */
  readonly failures: readonly string[]
  /** Names of what passed in one of two runs only. */
  readonly again: readonly string[]
}

export function hasFailed({ tests, errors }: FileRecord): boolean {
  return errors.length > 0 || tests.some(({ state }) => state === 'failed')
}

/** Counts each test of a file once, though it ran twice: it fails when no run of it passed. */
export function countFile(first: FileRecord, second: FileRecord | null): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] as string[], again: [] as string[] }
  const later = new Map(second?.tests.map((test) => [test.id, test]))
  const known = new Set(first.tests.map(({ id }) => id))
  const pairs: (readonly [TestRecord | null, TestRecord | null])[] = [
    ...first.tests.map((test) => [test, later.get(test.id) ?? null] as const),
    ...(second?.tests ?? []).filter(({ id }) => !known.has(id)).map((test) => [null, test] as const),
  ]
  for (const [one, other] of pairs) {
    const states = [one?.state, other?.state]
    const name = `${first.file} > ${one?.name ?? other?.name}`
    if (states.includes('passed')) {
      counts.passed += 1
      if (one?.state === 'failed') counts.again.push(`${name} (at first: ${one.why})`)
      if (other?.state === 'failed') counts.again.push(`${name} (failed when run again: ${other.why})`)
    } else if (states.includes('failed')) {
      counts.failed += 1
      counts.failures.push(`${name}: ${other?.state === 'failed' ? other.why : one?.why}`)
    } else counts.skipped += 1
  }
  const errors = (second ?? first).errors
  if (errors.length > 0) {
    counts.failed += 1
    counts.failures.push(...errors.map((error) => `${first.file}: ${error}`))
  } else counts.again.push(...first.errors.map((error) => `${first.file} (at first: ${error})`))
  return counts
}
