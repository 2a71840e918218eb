import { type Intent, intentSchema } from '../../shared/domain/model/intent.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { Clock, Files } from './ports.ts'
import { type FileProblem, parseYaml } from './yaml-file.ts'

/**
 * intent.yaml as last read. `intent: null` with no problem: the environment names none.
 * With a problem, `intent` is the last usable content, from `readAt`.
 */
export interface IntentState {
  readonly intent: Intent | null
  readonly file: string | null
  readonly problem: string | null
  readonly readAt: EpochMs | null
}

const intentBytes = 32 * 1024 * 1024

export async function readIntent(
  file: string | null,
  ports: { readonly files: Files; readonly clock: Clock },
): Promise<IntentState> {
  if (file === null) return { intent: null, file, problem: null, readAt: null }
  const readAt = ports.clock.now()
  try {
    const parsed = parseYaml(await ports.files.readText(file, intentBytes), intentSchema)
    if (parsed.ok) return { intent: parsed.value, file, problem: null, readAt }
    return { intent: null, file, problem: problemText(file, parsed.problem), readAt: null }
  } catch (reason) {
    return { intent: null, file, problem: `${file}: ${unreadable(reason)}`, readAt: null }
  }
}

/** While intent.yaml is being edited the graph keeps its zones and lanes: the last content holds, with the problem beside it. */
export function lastUsable(read: IntentState, before: IntentState | undefined): IntentState {
  if (read.problem === null || before === undefined || before.file !== read.file) return read
  return { ...before, problem: read.problem }
}

/** Why a file could not be read, for people. */
export function unreadable(reason: unknown): string {
  const code = typeof reason === 'object' && reason !== null && 'code' in reason ? String(reason.code) : ''
  if (code === 'not-found') return 'the file is not there'
  if (code === 'forbidden') return 'the file may not be read: check its permissions'
  if (code === 'too-large') return 'the file is too large'
  if (code === 'invalid') return 'the file is not UTF-8 text'
  return 'the file could not be read'
}

export function problemText(file: string, problem: FileProblem): string {
  const place = problem.line === null ? '' : `:${problem.line}:${problem.column ?? 1}`
  return `${file}${place}: ${problem.message}`
}
