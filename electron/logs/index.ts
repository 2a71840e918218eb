import { isAbsolute, join } from 'node:path'
import type { SourceTest } from '../../shared/contract/environments.ts'
import type { LogSource } from '../../shared/domain/model/environment.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { ConnectorPorts, ObserveSettings } from '../core/ports.ts'
import { type Look, openTail } from './intake/tail.ts'
import { createLogReading, type LogReading, unreadReports } from './log-reading.ts'
import { createPulse } from './pulse.ts'

export { observeLogStream } from './log-stream.ts'

/** Sums are made again at most this often when lines come. Milliseconds. */
const afterLinesMs = 200
/** The window moves on without lines too: counts fall. Milliseconds. */
const withoutLinesMs = 5000
/** The file is looked at this often where the system tells nothing. Milliseconds. */
const lookMs = 200
/** A file that is long to catch up with is reported on meanwhile. Milliseconds. */
const whileCatchingUpMs = 1000

/** What of the ports a log source needs. */
type LogPorts = Pick<ConnectorPorts, 'clock' | 'logSink'>

/**
 * Follows one log file and yields its sums: `logs/<id>/activity` and `logs/<id>/intake`. It never ends by itself: a missing
 * or unreadable file is a gap until it can be read.
 */
export async function* observeLog(
  source: LogSource,
  settings: ObserveSettings,
  ports: LogPorts,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const tail = openTail(fileOf(source, settings))
  const reading = createLogReading(source, settings.windowSeconds)
  const pulse = createPulse(ports.clock)
  tail.onChange(pulse.wake)
  const state: { caughtUp: boolean; changed: boolean; problem: string | null; reportedAt: EpochMs } = {
    caughtUp: false,
    changed: true,
    problem: null,
    reportedAt: Number.NEGATIVE_INFINITY,
  }
  try {
    while (!signal.aborted) {
      const look = await tail.look()
      const now = ports.clock.now()
      if (look.kind === 'unreadable') {
        if (look.detail !== state.problem || now - state.reportedAt >= withoutLinesMs) {
          state.problem = look.detail
          state.reportedAt = now
          yield* unreadReports(source, look.reason, look.detail, now)
        }
        await pulse.wait(lookMs, signal)
        continue
      }
      const { came, kept } = take(reading, look, now, state.caughtUp)
      // What may hold a secret in the clear is not kept; what is of another kind or not understood the store counts itself.
      const lines = source.record === 'vault-audit' ? kept : look.lines
      if (lines.length > 0) ports.logSink?.take(source, lines, now)
      // Back from a problem there is something to say even without lines.
      if (came || state.problem !== null) state.changed = true
      state.problem = null
      state.caughtUp ||= !look.more
      const age = now - state.reportedAt
      if (age >= dueAfter(state, look.more)) {
        state.reportedAt = now
        state.changed = false
        yield* reading.reports(now, look.position)
      }
      if (!look.more)
        await pulse.wait(state.changed ? Math.min(lookMs, Math.max(1, afterLinesMs - age)) : lookMs, signal)
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  } finally {
    pulse.stop()
    await tail.close()
  }
}

/** Looks once at a log file: can it be read, and are its lines understood? */
export async function testLog(
  source: LogSource,
  settings: ObserveSettings,
  ports: LogPorts,
  signal: AbortSignal,
): Promise<SourceTest> {
  const began = ports.clock.now()
  const tail = openTail(fileOf(source, settings))
  const reading = createLogReading(source, settings.windowSeconds)
  try {
    let look: Look
    do {
      look = await tail.look()
      signal.throwIfAborted()
      if (look.kind === 'read') take(reading, look, ports.clock.now(), false)
    } while (look.kind === 'read' && look.more)
    const { steps, outcome } = stepsOf(source, look, reading)
    const address = source.file
    return {
      source: 'logs',
      instance: source.id,
      address,
      outcome,
      version: null,
      tookMs: ports.clock.now() - began,
      steps,
      ...(source.record === 'opa-decisions' ? { opas: reading.opas() } : {}),
    }
  } finally {
    await tail.close()
  }
}

function stepsOf(source: LogSource, look: Look, reading: LogReading): Pick<SourceTest, 'steps' | 'outcome'> {
  if (look.kind === 'unreadable') {
    const step = { what: 'log-file', locator: source.file, outcome: look.reason, detail: look.detail }
    return { steps: [step], outcome: 'unusable' }
  }
  const { accepted, refused } = reading.counts
  const last = reading.lastRefused()
  const file = { what: 'log-file', locator: source.file, outcome: 'read', detail: `${look.position} bytes` } as const
  const lines = {
    what: source.record,
    locator: source.file,
    outcome: refused > 0 && accepted === 0 ? 'invalid' : 'read',
    detail:
      last === null
        ? `${accepted} lines understood`
        : `${accepted} lines understood, ${refused} refused; the last: ${last.why}`,
  } as const
  const outcome = refused === 0 ? 'usable' : accepted === 0 ? 'unusable' : 'partly'
  return { steps: [file, lines], outcome }
}

/** Gives whether anything came, and the lines that may be kept. */
function take(
  reading: LogReading,
  look: Extract<Look, { kind: 'read' }>,
  now: EpochMs,
  live: boolean,
): { readonly came: boolean; readonly kept: readonly string[] } {
  if (look.skipped) reading.skippedEarlier()
  const kept = look.lines.filter((line) => reading.takeLine(line, now, live))
  for (const beginning of look.tooLong) reading.takeTooLong(beginning, now)
  return { came: look.lines.length > 0 || look.tooLong.length > 0, kept }
}

function dueAfter(state: { readonly caughtUp: boolean; readonly changed: boolean }, more: boolean): number {
  if (more && !state.caughtUp) return whileCatchingUpMs
  return state.changed ? afterLinesMs : withoutLinesMs
}

function fileOf(source: LogSource, settings: ObserveSettings): string {
  return isAbsolute(source.file) ? source.file : join(settings.baseDirectory, source.file)
}
