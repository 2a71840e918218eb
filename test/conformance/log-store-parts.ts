import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Retention, Upload } from '../../electron/core/log-store.ts'
import { decisionEvent, noon, uploadOf } from '../builders/log-records.ts'

/** Nothing that these tests take in is older or larger. */
export const retention: Retention = { maxAgeMs: 86_400_000, maxBytes: 1024 ** 3 }

/** One upload of decisions with these numbers, as an OPA sends them. */
export function decisions(from: number, count: number, receivedAt = noon): Upload {
  const events = Array.from({ length: count }, (_, index) => decisionEvent({ number: from + index }))
  return uploadOf('opa-decisions', events, { form: 'array', receivedAt })
}

/**
 * Lets another process take in uploads of ten decisions each, and kills it in the middle: some of it is in columns, some only in the
 * segment, some being written. Answers the numbers of the uploads that it acknowledged; of number n are decisions 10 n to 10 n + 9.
 * @param uploads killed as soon as it acknowledged so many.
 */
export async function acknowledgedUntilKilled(folder: string, uploads: number): Promise<readonly number[]> {
  const program = join(import.meta.dirname, 'log-store-child.test-process.ts')
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8')
  for await (const chunk of child.stdout) {
    said += String(chunk)
    if (said.split('\n').length > uploads) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  if (child.signalCode !== 'SIGKILL') throw new Error(`it ended by itself: ${child.exitCode ?? child.signalCode}`)
  return said.split('\n').slice(0, -1).map(Number)
}
