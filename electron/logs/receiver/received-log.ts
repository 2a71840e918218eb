import { performance } from 'node:perf_hooks'
import type { SourceTest } from '../../../shared/contract/environments.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { Upload } from '../../core/log-store.ts'
import { type Clock, type ObserveSettings, type ReceivedLog, receivedLogId } from '../../core/ports.ts'
import type { ReceiverState } from '../../core/receiver-state.ts'
import { createLogReading, type LogReading } from '../log-reading.ts'
import { createPulse } from '../pulse.ts'
import { itemsOf } from '../stores/read-upload.ts'
import { unpack } from '../stores/unpack.ts'
import { createReceiverGaps } from './receiver-gaps.ts'

/** Sums are made again at most this often when uploads come. Milliseconds. */
const afterUploadsMs = 200
/** The window moves on without uploads too: counts fall. Milliseconds. */
const withoutUploadsMs = 5000
/** Decisions are summed so long at once, … Milliseconds. */
const sliceMs = 8
/** … and then others come to their turn: a quarter of the time at most goes into sums. Milliseconds. */
const pauseMs = 24
/** Uploads that wait to be summed. Bytes, packed; what comes beyond is kept and in no sum. */
const mostWaiting = 16 * 1024 * 1024
/** An upload that is parsed in one piece: OPA sends 32 kB, packed, unless told otherwise. Bytes, unpacked. */
const longestSummed = 8 * 1024 * 1024
/** A sender that did not hear our answer comes again: so many decisions are known again. */
const rememberedIds = 50_000

export interface TakenLog extends ReceivedLog {
  /** An upload was acknowledged. Never waits. */
  took(upload: Upload): void
  /** What the receiver says of itself from now on. */
  begin(state: () => ReceiverState): void
  stop(): void
}

const nothing: ReceiverState = { received: 0, refused: 0, unauthenticated: 0, postponed: 0, forward: null }

/** @param windowSeconds until somebody observes, who may say otherwise. */
export function createReceivedLog(parts: {
  readonly place: string
  readonly windowSeconds: number
  readonly clock: Clock
}): TakenLog {
  const { place, clock } = parts
  let state: () => ReceiverState = () => nothing
  const ended = new AbortController()
  const wakers = new Set<() => void>()
  const known = new Set<string>()
  let windowSeconds = parts.windowSeconds
  let reading = beginReading()
  let gaps = createReceiverGaps(place, windowSeconds * 1000)
  let waiting: Upload[] = []
  let waitingBytes = 0
  let bytes = 0
  let unsummed = 0
  let isSumming = false

  function beginReading(): LogReading {
    const file = `uploads to ${place}`
    return createLogReading({ id: receivedLogId, record: 'opa-decisions', file, late }, windowSeconds)
  }

  /** Sums of another window begin anew. */
  function useWindow({ windowSeconds: asked }: ObserveSettings): void {
    if (asked === windowSeconds) return
    windowSeconds = asked
    reading = beginReading()
    reading.skippedEarlier()
    gaps = createReceiverGaps(place, windowSeconds * 1000)
  }

  function leaveOut(uploads: number): void {
    unsummed += uploads
    // The sums begin anew with what comes next: they claim nothing of what is not in them.
    reading.skippedEarlier()
  }

  async function sumWaiting(): Promise<void> {
    isSumming = true
    while (!ended.signal.aborted) {
      const upload = waiting.shift()
      if (upload === undefined) break
      waitingBytes -= upload.bytes.byteLength
      await sum(upload)
      for (const wake of wakers) wake()
    }
    isSumming = false
  }

  async function sum(upload: Upload): Promise<void> {
    const unpacked = await unpack(upload)
    if (unpacked.kind === 'refused') return
    bytes += upload.bytes.byteLength
    const { content } = unpacked
    const items = content.byteLength > longestSummed ? null : itemsOf(content.toString('utf8'), 'array')
    if (items === null) {
      leaveOut(1)
      return
    }
    let began = performance.now()
    for (const item of items) {
      if (!isKnown(item)) reading.takeValue(item, clock.now(), true)
      if (performance.now() - began < sliceMs) continue
      await clock.sleep(pauseMs, ended.signal).catch(() => {}) // what is left is summed: nobody reads it any more
      began = performance.now()
    }
  }

  function isKnown(item: unknown): boolean {
    const id = typeof item === 'object' && item !== null && 'decision_id' in item ? item.decision_id : null
    if (typeof id !== 'string') return false
    if (known.has(id)) return true
    known.add(id)
    const [oldest] = known
    if (known.size > rememberedIds && oldest !== undefined) known.delete(oldest)
    return false
  }

  function reports(now: EpochMs): readonly Report[] {
    const own = gaps.of(state(), unsummed, now)
    return [...reading.reports(now, bytes), { scope: `logs/${receivedLogId}/receiver`, at: now, facts: [], gaps: own }]
  }

  return {
    place,
    begin(told) {
      state = told
    },
    took(upload) {
      if (upload.record !== 'opa-decisions') return
      if (waitingBytes + upload.bytes.byteLength > mostWaiting) {
        leaveOut(1)
        return
      }
      waiting.push(upload)
      waitingBytes += upload.bytes.byteLength
      if (!isSumming) void sumWaiting()
    },
    async *observe(settings, signal) {
      useWindow(settings)
      const pulse = createPulse(clock)
      let isChanged = true
      const wake = (): void => {
        isChanged = true
        pulse.wake()
      }
      wakers.add(wake)
      let reportedAt = Number.NEGATIVE_INFINITY
      try {
        while (!signal.aborted) {
          const now = clock.now()
          const age = now - reportedAt
          if (age >= (isChanged ? afterUploadsMs : withoutUploadsMs)) {
            isChanged = false
            reportedAt = now
            yield* reports(now)
          }
          await pulse.wait(isChanged ? Math.max(1, afterUploadsMs - age) : withoutUploadsMs, signal)
        }
      } catch (thrown) {
        if (!signal.aborted) throw thrown
      } finally {
        wakers.delete(wake)
        pulse.stop()
      }
    },
    test(settings) {
      useWindow(settings)
      const now = clock.now()
      const found = reports(now).flatMap((report) => report.gaps)
      const { received } = state()
      const detail = `${received} uploads taken, ${reading.counts.accepted} decisions understood`
      const steps: SourceTest['steps'] = [
        { what: 'opa-decisions', locator: place, outcome: 'read', detail },
        ...found.map((gap) => ({ what: gap.what, locator: place, outcome: gap.reason, detail: gap.detail })),
      ]
      return {
        source: 'logs',
        instance: receivedLogId,
        address: place,
        outcome: found.length === 0 ? 'usable' : 'partly',
        version: null,
        tookMs: 0,
        steps,
        opas: reading.opas(),
      }
    },
    stop() {
      ended.abort(new Error('nothing is received any more'))
      waiting = []
    },
  }
}

/** OPA keeps decisions back for 5 to 10 minutes unless told otherwise. */
const late =
  'OPA sends its decisions late: set decision_logs.reporting (min_delay_seconds: 1, max_delay_seconds: 5), or a longer windowSeconds'
