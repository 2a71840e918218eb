import { z } from 'zod'
import type { PolicyProblem } from '../../shared/domain/model/policy.ts'
import { runLimited } from './limited-process.ts'
import { jsonOr, OpaProblem } from './opa-command.ts'

/** Fields that are read of `regal lint --format json` (0.42). */
const output = z.object({
  violations: z.array(
    z.object({
      title: z.string(),
      description: z.string(),
      level: z.string(),
      location: z.object({ file: z.string(), row: z.number(), col: z.number() }).optional(),
    }),
  ),
})

const limits = { timeoutMs: 60_000, memoryBytes: 1024 ** 3, outputBytes: 64 * 1024 ** 2 }

/** What Regal finds in a folder; rejects with `OpaProblem` when Regal itself fails. */
export async function regalLint(regal: string, folder: string, signal: AbortSignal): Promise<readonly PolicyProblem[]> {
  const run = await runLimited(regal, ['lint', '--format', 'json', '.'], limits, { cwd: folder, signal })
  const read = output.safeParse(jsonOr(run.stdout))
  if (!read.success) throw new OpaProblem(`Regal could not lint: ${run.ended} ${run.stderr.trim().slice(0, 1000)}`)
  return read.data.violations.map(({ title, description, level, location }) => ({
    by: 'regal',
    severity: level === 'error' ? 'error' : 'warning',
    code: title,
    message: description,
    path: location?.file ?? null,
    row: location?.row ?? null,
    column: location?.col ?? null,
  }))
}
