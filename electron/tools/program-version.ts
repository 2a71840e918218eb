import { stat } from 'node:fs/promises'
import { type Limits, runLimited } from './limited-process.ts'
import type { ToolName } from './tool.ts'

export type VersionAnswer = string | { readonly problem: string }
/** Asks a program for its version. Never rejects. */
export type VersionReader = (tool: ToolName, path: string) => Promise<VersionAnswer>

const limits: Limits = { timeoutMs: 10_000, memoryBytes: 1024 ** 3, outputBytes: 64 * 1024 }
/** A program that failed may have done so because the machine was busy. Milliseconds. */
const askFailedAgainMs = 60_000

/** Remembers answers as long as the file stays the same, so that a program is not started before each question. */
export function createVersionReader(timeoutMs = limits.timeoutMs): VersionReader {
  const known = new Map<string, { readonly mark: string; readonly answer: Promise<VersionAnswer>; failedAt: number }>()
  return async (tool, path) => {
    const mark = await markOf(path)
    const before = known.get(path)
    const isFresh = before !== undefined && performance.now() - before.failedAt < askFailedAgainMs
    if (before !== undefined && before.mark === mark && isFresh) return before.answer
    const entry = { mark, answer: versionOf(tool, path, timeoutMs), failedAt: Number.POSITIVE_INFINITY }
    known.set(path, entry)
    const answer = await entry.answer
    if (typeof answer !== 'string') entry.failedAt = performance.now()
    return answer
  }
}

async function markOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path)
    return `${ino} ${size} ${mtimeMs}`
  } catch {
    return 'gone'
  }
}

async function versionOf(tool: ToolName, path: string, timeoutMs: number): Promise<VersionAnswer> {
  const run = await runLimited(path, ['version'], { ...limits, timeoutMs })
  const how =
    run.ended === 'exited' ? (run.code === 0 ? null : `ended with ${run.code ?? 'a signal'}`) : ends[run.ended]
  if (how !== null) {
    const words = plain(run.stderr.trim().split('\n')[0] ?? '')
    return { problem: `"${tool} version" ${how}${words === '' ? '' : `: ${words}`}` }
  }
  const version = /^Version:\s*v?(\d+\.\d+\.\d+[\w.+-]{0,60})\s*$/m.exec(run.stdout)?.[1]
  return version ?? { problem: 'it does not say its version as OPA and Regal do' }
}

const ends = {
  'timed-out': 'did not end in time',
  'too-much-memory': 'took too much memory',
  'too-much-output': 'said too much',
  cancelled: 'was stopped',
  'not-started': 'could not be started',
} as const

/** A program of others may say anything: one line, not long, nothing that steers a terminal. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 200)
}

/** By major, minor and patch; what follows them does not count. */
export function isOlder(version: string, than: string): boolean {
  const [one, other] = [version, than].map((text) => text.split(/[.+-]/).slice(0, 3).map(Number))
  for (let part = 0; part < 3; part += 1) {
    const difference = (one?.[part] ?? 0) - (other?.[part] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
