import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { openJournal } from '../../electron/actions/journal-file.ts'
import type { Log } from '../../electron/core/ports.ts'
import type { SealedStream } from '../../electron/core/seals.ts'
import { openHistory } from '../../electron/history/facts/open-history.ts'
import { openDeviceKey } from '../../electron/history/seals/device-key.ts'
import { openSeals } from '../../electron/history/seals/open-seals.ts'
import { openLogStore } from '../../electron/logs/stores/open-log-store.ts'
import { systemClock } from '../../electron/platform/clock.ts'

const yearMs = 365 * 86_400_000
const retention = { maxAgeMs: yearMs, maxBytes: 10 * 1024 ** 3 }

/** Logs, history, journal and seals of one environment in a folder, as the service opens them. */
export async function openSealedFolder(folder: string, said: string[] = []) {
  const clock = systemClock
  const log: Log = { info: () => {}, warn: (what) => void said.push(what), error: (what) => void said.push(what) }
  const logs = await openLogStore({ folder: join(folder, 'logs'), retention })
  const journal = await openJournal(join(folder, 'policy'), { clock, log, actor: 'ann' })
  mkdirSync(join(folder, 'history'), { recursive: true })
  const history = openHistory({ path: join(folder, 'history', 'dev.sqlite'), retention, now: () => clock.now(), log })
  const seals = await openSeals({
    environment: 'dev',
    folder: join(folder, 'seals'),
    logs,
    journal,
    history,
    key: await openDeviceKey(folder, { clock, log }),
    clock,
    log,
    leavesKeptMs: yearMs,
  })
  return {
    logs,
    journal,
    history,
    seals,
    async close() {
      await seals.close()
      history.close()
      await journal.close()
      await logs.close()
    },
  }
}

const said = z.union([z.object({ stored: z.array(z.string()) }), z.object({ head: z.number(), signature: z.string() })])

/** What a process that was killed had acknowledged. */
export interface Acknowledged {
  readonly ids: Set<string>
  readonly heads: Map<number, string>
}

export function nothingAcknowledged(): Acknowledged {
  return { ids: new Set(), heads: new Map() }
}

/**
 * Takes in and seals in a process of its own, and kills it `afterMs` after it began to; adds what it acknowledged.
 * @param round makes ids of this run differ from those of others
 */
export async function killedWhileSealing(
  folder: string,
  round: number,
  afterMs: number,
  to: Acknowledged,
): Promise<void> {
  const program = join(import.meta.dirname, 'sealed-folder.test-process.ts')
  const child = spawn(process.execPath, [program, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8')
  for await (const chunk of child.stdout) {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
    text += String(chunk)
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  if (child.signalCode !== 'SIGKILL') throw new Error(`the process ended by itself with ${child.exitCode}`)
  for (const line of text.split('\n').slice(0, -1)) {
    if (line === 'open') continue
    const told = said.parse(JSON.parse(line))
    if ('head' in told) to.heads.set(told.head, told.signature)
    else for (const id of told.stored) to.ids.add(id)
  }
}

/** Opens the folder again and says everything that is not as it was acknowledged; empty: all is well. */
export async function problemsOf(folder: string, acknowledged: Acknowledged): Promise<readonly string[]> {
  const problems: string[] = []
  const held = await openSealedFolder(folder, problems)
  const { seals, journal, logs } = held
  // A head that was not written to its end was never acknowledged.
  const torn = problems.filter((problem) => problem.includes('not written to its end'))
  for (const each of torn) problems.splice(problems.indexOf(each), 1)
  try {
    const { problem } = await seals.verify()
    if (problem !== null) problems.push(`head ${problem.number}: ${problem.message}`)
    if (!(await journal.verify()).intact) problems.push('the journal does not verify')
    await logs.settle()
    await seals.seal(Date.now())
    const heads = await seals.heads({ from: 0, to: Date.now() })
    for (const [number, signature] of acknowledged.heads) {
      if (heads[number - 1]?.signature !== signature) problems.push(`head ${number} was acknowledged and is not there`)
    }
    const numbers = heads.map(({ number }) => number)
    const seen = new Map<string, number>()
    for (const stream of ['opa-decisions', 'history-events', 'journal'] satisfies SealedStream[]) {
      const expected = heads.reduce(
        (sum, { streams }) => sum + (streams.find((each) => each.stream === stream)?.size ?? 0),
        0,
      )
      let count = 0
      for await (const lines of seals.lines(stream, numbers, new AbortController().signal)) {
        count += lines.length
        for (const { line, changed, head, index } of lines) {
          if (line === null || changed)
            problems.push(`${stream} ${head}/${index} is ${line === null ? 'gone' : 'changed'}`)
          const id =
            line === null
              ? undefined
              : z.looseObject({ decision_id: z.string().optional() }).parse(JSON.parse(line)).decision_id
          if (id !== undefined) seen.set(id, (seen.get(id) ?? 0) + 1)
        }
      }
      if (count !== expected) problems.push(`${stream} has ${count} lines, and the heads say ${expected}`)
    }
    for (const id of acknowledged.ids) if (!seen.has(id)) problems.push(`${id} was acknowledged and is not sealed`)
    for (const [id, times] of seen) if (times !== 1) problems.push(`${id} is sealed ${times} times`)
  } finally {
    await held.close()
  }
  return problems
}
