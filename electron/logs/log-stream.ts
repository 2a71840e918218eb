import { gapReasons, type Report } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { ConnectorPorts, LogStream, ObserveSettings, StreamProblem } from '../core/ports.ts'
import { createLineSplitter } from './intake/line-splitter.ts'
import {
  createLogMemory,
  createLogReading,
  type FollowedLog,
  type LogMemory,
  type LogReading,
  unreadReports,
} from './log-reading.ts'
import { createPulse } from './pulse.ts'

/** Sums are made again at most this often when lines come. Milliseconds. */
const afterLinesMs = 200
/** The window moves on without lines too: counts fall. Milliseconds. */
const withoutLinesMs = 5000
/** A stream that says nothing so long, not even that it is followed, is reported as not read. Milliseconds. */
const silentMs = 3000
/** Lines that come so soon after the beginning may have been written long before. Milliseconds. */
const backlogMs = 2000
/** The first report waits so long for the first lines. Milliseconds. */
const firstLinesMs = 400
const firstWaitMs = 1000
const longestWaitMs = 30_000

type StreamPorts = Pick<ConnectorPorts, 'clock' | 'log' | 'logSink'>

/**
 * Reads a stream as `observeLog` reads a file: `logs/<id>/activity` and `logs/<id>/intake`. It never ends by itself: when the
 * stream ends or fails that is a gap, and it is opened again, later and later. What is opened again begins with the newest
 * lines, so the sums begin anew with them: nothing is counted twice.
 */
export async function* observeLogStream(
  stream: LogStream,
  settings: ObserveSettings,
  ports: StreamPorts,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  let wait = firstWaitMs
  const memory = createLogMemory()
  while (!signal.aborted) {
    const began = ports.clock.now()
    const problem = yield* followOnce(stream, settings, ports, memory, signal)
    if (signal.aborted) return
    const source = followed(stream)
    yield* unreadReports(source, problem.reason, problem.message, ports.clock.now())
    if (ports.clock.now() - began > longestWaitMs) wait = firstWaitMs
    await ports.clock.sleep(wait, signal).catch(() => {}) // the loop's condition ends it
    wait = Math.min(wait * 2, longestWaitMs)
  }
}

interface State {
  /** null: nothing was heard of the stream yet. */
  followedAt: EpochMs | null
  isChanged: boolean
  position: number
  problem: StreamProblem | null
  ended: StreamProblem | null
}

/** Until the stream ends; answers why. */
async function* followOnce(
  stream: LogStream,
  settings: ObserveSettings,
  ports: StreamPorts,
  memory: LogMemory,
  signal: AbortSignal,
): AsyncGenerator<Report, StreamProblem> {
  const { clock } = ports
  const source = followed(stream)
  const reading = createLogReading(source, settings.windowSeconds, memory)
  const pulse = createPulse(clock)
  const ending = new AbortController()
  const end = (): void => ending.abort(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const began = clock.now()
  const state: State = { followedAt: null, isChanged: false, position: 0, problem: null, ended: null }

  function told(next: StreamProblem | null): void {
    state.problem = next
    if (next === null) state.followedAt ??= clock.now()
    state.isChanged = true
    pulse.wake()
  }

  function take(bytes: Uint8Array): void {
    const now = clock.now()
    state.position += bytes.length
    takeLines(stream, reading, splitter.push(Buffer.from(bytes)), ports, now, now - began > backlogMs)
    told(null)
  }

  const splitter = createLineSplitter()
  const pumping = pump(stream, told, take, ending.signal).then((why) => {
    state.ended = why
    pulse.wake()
  })
  let reportedAt: EpochMs = Number.NEGATIVE_INFINITY
  try {
    while (!signal.aborted) {
      const now = clock.now()
      const { problem, ended } = state
      if (ended !== null) return ended
      const age = now - reportedAt
      if (problem !== null && (state.isChanged || age >= withoutLinesMs)) {
        yield* unreadReports(source, problem.reason, problem.message, now)
        reportedAt = now
        state.isChanged = false
      } else if (state.followedAt === null && now - began >= silentMs && age >= withoutLinesMs) {
        yield* unreadReports(source, 'timed-out', `${stream.place}: the cluster has not begun to send it`, now)
        reportedAt = now
      } else if (isSettled(state, now) && age >= (state.isChanged ? afterLinesMs : withoutLinesMs)) {
        yield* reading.reports(now, state.position)
        reportedAt = now
        state.isChanged = false
      }
      await pulse.wait(state.isChanged ? afterLinesMs : state.followedAt === null ? silentMs : withoutLinesMs, signal)
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  } finally {
    signal.removeEventListener('abort', end)
    pulse.stop()
    ending.abort(new Error('the log is no longer followed'))
    await pumping
  }
  return { reason: 'unreachable', message: 'no longer followed' }
}

/** The lines that were there before come soon after it is followed; without them the first sums would be wrong. */
function isSettled({ followedAt }: State, now: EpochMs): boolean {
  return followedAt !== null && now - followedAt >= firstLinesMs
}

/** Takes the stream to its end; answers why it ended and never rejects. */
async function pump(
  stream: LogStream,
  told: (problem: StreamProblem | null) => void,
  take: (bytes: Uint8Array) => void,
  signal: AbortSignal,
): Promise<StreamProblem> {
  try {
    for await (const bytes of stream.open(told, signal)) take(bytes)
    return { reason: 'unreachable', message: `${stream.place}: it ended` }
  } catch (thrown) {
    return problemOf(thrown, stream)
  }
}

function takeLines(
  stream: LogStream,
  reading: LogReading,
  split: { readonly lines: readonly string[]; readonly tooLong: readonly string[] },
  ports: StreamPorts,
  now: EpochMs,
  live: boolean,
): void {
  const records = split.lines.filter((line) => reading.takeLine(line, now, live))
  for (const beginning of split.tooLong) reading.takeTooLong(beginning, now)
  if (records.length > 0) ports.logSink?.take(stream, records, now)
}

function followed({ id, record, place, writtenBy, newestLines }: LogStream): FollowedLog {
  return { id, record, file: place, mixed: true, newestLines, ...(writtenBy === null ? {} : { writtenBy }) }
}

/** Whatever a stream rejects with; without a reason of ours it is that nobody could be reached. */
function problemOf(thrown: unknown, { place }: LogStream): StreamProblem {
  const found = typeof thrown === 'object' && thrown !== null && 'reason' in thrown ? thrown.reason : null
  const reason = gapReasons.find((one) => one === found) ?? 'unreachable'
  return { reason, message: thrown instanceof Error ? thrown.message : `${place}: ${String(thrown)}` }
}
