import { everyhop } from '../../../shared/domain/evidence/gaps.ts'
import type { EvidenceGap } from '../../../shared/domain/evidence/model.ts'
import { recordKinds } from '../../core/log-store.ts'
import type { SealedLine, SealedStream } from '../../core/seals.ts'
import type { TakenLine } from '../artefact.ts'
import { type Making, timeText } from './artefact-of.ts'

/** A line that is held as it was sealed. */
export type HeldLine = SealedLine & { readonly line: string }

/** What is to be done with a line of the period: whole or as its leaf, and whether it stands for something that deviated. */
export type Judged = 'line' | 'exception' | 'leaf'

export interface Walked {
  /** Lines of the period that are in the pack. */
  readonly taken: number
  /** Lines of the period that were sealed and are held no more: nothing is known of them but that they were. */
  readonly gone: number
  /** Lines of the period that are not what was sealed. */
  readonly changed: number
  /** Of every line of the period, also of those that were not taken. */
  readonly bySource: ReadonlyMap<string, number>
  /** Times in which some may have been sealed of which nothing is held any more, not even how many. */
  readonly lost: readonly EvidenceGap[]
  /** Lines of the period that are held and are in none of these heads. */
  readonly late: number
  /** They are in heads that came long after the period, or may be. */
  readonly isTooLate: boolean
}

/** Where lines stand that are not what was sealed: never word for word, since nobody knows what they were. */
export const changedFile = 'changed-after-sealing'

/**
 * Leads every sealed line of a stream past `judge`, which sees only what happened in the period and is held as it was sealed; without
 * it all of those are taken. Of all others only the leaf goes in. When planning, nothing is read but counts.
 */
export async function walkSealed(
  making: Making,
  stream: SealedStream,
  judge: ((line: HeldLine) => Judged) | null,
): Promise<Walked> {
  if (making.isPlan) return estimated(making, stream)
  const { sources, period, to, signal } = making
  const bySource = new Map<string, number>()
  let taken = 0
  let gone = 0
  let changed = 0
  let held = 0
  let lastSource: string | null = null
  let ofLastSource = 0
  const countSource = (source: string): void => {
    if (source === lastSource) {
      ofLastSource += 1
      return
    }
    if (lastSource !== null) bySource.set(lastSource, (bySource.get(lastSource) ?? 0) + ofLastSource)
    lastSource = source
    ofLastSource = 1
  }
  for await (const batch of sources.seals.lines(stream, sources.heads, signal)) {
    const lines: TakenLine[] = []
    for (const line of batch) {
      let judged: Judged = 'leaf'
      if (line.at >= period.from && line.at < period.to) {
        countSource(line.source)
        if (line.line !== null) held += 1
        if (line.changed) {
          changed += 1
          await to.line(changedFile, changedRecord(stream, line), true)
        } else if (line.line === null) gone += 1
        else judged = judge === null ? 'line' : judge({ ...line, line: line.line })
      }
      if (judged !== 'leaf') taken += 1
      lines.push({ line, take: judged === 'leaf' ? 'leaf' : 'line', isException: judged === 'exception' })
    }
    await to.sealed(stream, lines)
    signal.throwIfAborted()
  }
  if (lastSource !== null) bySource.set(lastSource, (bySource.get(lastSource) ?? 0) + ofLastSource)
  const late = Math.max(0, (await heldOf(making, stream)) - held)
  return { taken, gone, changed, bySource, lost: lostOf(making, stream), late, isTooLate: sources.areLater }
}

/** Lines of the period that the log store holds, whenever they came; of what is no log all are sealed when they come. */
async function heldOf({ sources, period }: Making, stream: SealedStream): Promise<number> {
  const record = recordKinds.find((kind) => kind === stream)
  if (record === undefined) return 0
  return (await sources.logs.linesWindow(record, { from: period.from, to: period.to - 1 }))?.count ?? 0
}

/** A head says when its lines came: those of the period came in it, or soon after. */
function lostOf({ sources, period }: Making, stream: SealedStream): readonly EvidenceGap[] {
  const inPeriod = (at: number): number => Math.min(Math.max(at, period.from), period.to)
  return sources.leafless
    .filter(({ streams }) => streams.some((each) => each.stream === stream))
    .map(({ from, to }) => ({ source: everyhop, from: inPeriod(from), to: inPeriod(to), why: 'retention', detail: '' }))
}

function changedRecord(stream: SealedStream, line: SealedLine): Readonly<Record<string, unknown>> {
  return {
    what: 'changed-after-sealing',
    stream,
    head: line.head,
    index: line.index,
    sealedLeaf: line.leaf,
    source: line.source,
    at: timeText(line.at),
    receivedAt: timeText(line.receivedAt),
  }
}

async function estimated(making: Making, stream: SealedStream): Promise<Walked> {
  const { sources, period } = making
  const rest = { gone: 0, changed: 0, lost: lostOf(making, stream), late: 0, isTooLate: false }
  const record = recordKinds.find((kind) => kind === stream)
  if (record === undefined) {
    const heads = await sources.seals.heads(period)
    const sizes = heads
      .filter(({ number }) => sources.heads.includes(number))
      .flatMap(({ streams }) => streams.filter((each) => each.stream === stream))
    const taken = sizes.reduce((sum, { size }) => sum + size, 0)
    return { taken, bySource: new Map(), ...rest }
  }
  const window = { from: period.from, to: period.to - 1 }
  const [found, counts] = await Promise.all([sources.logs.linesWindow(record, window), sources.logs.counts()])
  const recent = counts.filter(
    (each) => each.record === record && each.lastRecordAt !== null && each.lastRecordAt >= period.from,
  )
  return {
    taken: found?.count ?? 0,
    bySource: new Map(found === null ? [] : recent.map(({ source, accepted }) => [source, accepted])),
    ...rest,
  }
}
