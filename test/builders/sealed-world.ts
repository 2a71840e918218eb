import { join } from 'node:path'
import { openJournal } from '../../electron/actions/journal-file.ts'
import type { HistoryReader } from '../../electron/core/history-store.ts'
import type { KeptLine } from '../../electron/core/log-lines.ts'
import type { RecordKind } from '../../electron/core/log-store.ts'
import type { Log } from '../../electron/core/ports.ts'
import type { SealedLine, SealedStream, Seals } from '../../electron/core/seals.ts'
import { openDeviceKey } from '../../electron/history/seals/device-key.ts'
import { openSeals } from '../../electron/history/seals/open-seals.ts'
import type { HistoryEvent } from '../../shared/domain/history/model.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'

export interface SealedWorld {
  readonly clock: ManualClock
  readonly folder: string
  /** What is kept now: tests change and delete of it. */
  readonly kept: Map<RecordKind, KeptLine[]>
  readonly events: HistoryEvent[]
  readonly said: string[]
  /** Adds lines to a log, each received now. */
  add(record: RecordKind, ...texts: string[]): void
  open(): Promise<Seals>
  /** Every line that was sealed of a stream. */
  linesOf(seals: Seals, stream: SealedStream): Promise<SealedLine[]>
}

export const hourMs = 3_600_000

/** Seals of one environment in a folder, over logs and events in memory and a journal in a file. */
export function sealedWorld(folder: string): SealedWorld {
  const clock = createManualClock(1_700_000_000_000)
  const kept = new Map<RecordKind, KeptLine[]>()
  const events: HistoryEvent[] = []
  const said: string[] = []
  const say = (message: string): void => void said.push(message)
  const log: Log = { info: () => {}, warn: say, error: say }
  let count = 0
  return {
    clock,
    folder,
    kept,
    events,
    said,
    add(record, ...texts) {
      const lines = kept.get(record) ?? []
      kept.set(record, lines)
      for (const text of texts) {
        count += 1
        const at = clock.now()
        lines.push({ cursor: String(count).padStart(9, '0'), source: 'envoy', at: at - 5, receivedAt: at, text })
      }
    },
    async open() {
      const journal = await openJournal(join(folder, 'policy'), { clock, log, actor: 'ann' })
      const history: Pick<HistoryReader, 'eventsAfter'> = {
        eventsAfter: (after, limit) => events.filter(({ number }) => number > after).slice(0, limit),
      }
      const seals = await openSeals({
        environment: 'dev',
        folder: join(folder, 'seals'),
        logs: {
          async *lines(record, after) {
            const found = (kept.get(record) ?? []).filter(({ cursor }) => after === null || cursor > after)
            for (let at = 0; at < found.length; at += 3) yield found.slice(at, at + 3)
          },
        },
        history,
        journal,
        key: await openDeviceKey(folder, { clock, log }),
        clock,
        log,
        leavesKeptMs: 30 * 24 * hourMs,
      })
      return {
        ...seals,
        async close() {
          await seals.close()
          await journal.close()
        },
      }
    },
    async linesOf(seals, stream) {
      const numbers = (await seals.heads({ from: 0, to: clock.now() })).map(({ number }) => number)
      const lines: SealedLine[] = []
      for await (const batch of seals.lines(stream, numbers, new AbortController().signal)) lines.push(...batch)
      return lines
    },
  }
}
