import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openJournal } from '../../electron/actions/journal-file.ts'
import type { Clock, Log } from '../../electron/core/ports.ts'
import { openHistory } from '../../electron/history/facts/open-history.ts'
import { openDeviceKey } from '../../electron/history/seals/device-key.ts'
import { openSeals } from '../../electron/history/seals/open-seals.ts'
import { openLogStore } from '../../electron/logs/stores/open-log-store.ts'
import { noon } from '../builders/log-records.ts'

export const dayMs = 86_400_000
/** The day that is packed. */
export const day = { from: noon, to: noon + dayMs }
export const environment = 'bench'

const log: Log = { info: () => {}, warn: () => {}, error: () => {} }

/** A clock that stands where it is put. */
export function standingClock(at: number): Clock & { now: () => number; at: number } {
  const clock = {
    at,
    now: () => clock.at,
    sleep: (ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      }),
  }
  return clock
}

/** Everything that is held of one environment, as the service opens it. */
export async function openHeld(folder: string, clock: ReturnType<typeof standingClock>) {
  const logs = await openLogStore({
    folder: join(folder, 'logs'),
    retention: { maxAgeMs: 365 * dayMs, maxBytes: 100 * 1024 ** 3 },
  })
  const journal = await openJournal(join(folder, 'journal'), { clock, log, actor: 'bench' })
  const retention = { maxAgeMs: 365 * dayMs, maxBytes: 1024 ** 3 }
  mkdirSync(join(folder, 'history'), { recursive: true })
  const history = openHistory({ path: join(folder, 'history', 'bench.sqlite'), retention, now: clock.now, log })
  const seals = await openSeals({
    logs,
    journal,
    history,
    environment,
    folder: join(folder, 'seals'),
    key: await openDeviceKey(folder, { clock, log }),
    clock,
    log,
    leavesKeptMs: 365 * dayMs,
  })
  return {
    logs,
    journal,
    history,
    seals,
    log,
    async close() {
      await seals.close()
      history.close()
      await journal.close()
      await logs.close()
    },
  }
}

const lookMs = 20

/**
 * Watches the memory of this process, MB; Linux alone tells. `own`: what it allocated and the system cannot drop (RssAnon). `resident` has
 * the pages of programs with it (some 100 MB of Node and DuckDB), which all processes share and the system drops when it needs the room.
 */
export function watchMemory(): () => { readonly own: number; readonly resident: number } {
  const status = (): string => readFileSync('/proc/self/status', 'utf8')
  let own = 0
  const look = (): void => {
    own = Math.max(own, megabytes(status(), 'RssAnon'))
  }
  const timer = setInterval(look, lookMs)
  return () => {
    clearInterval(timer)
    look()
    return { own, resident: megabytes(status(), 'VmHWM') }
  }
}

/** Milliseconds that processors worked for this process so far: they say more than a clock where others work beside it. */
export function workedMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function megabytes(status: string, name: string): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
  return (Number(kibibytes ?? Number.NaN) * 1024) / 1e6
}
