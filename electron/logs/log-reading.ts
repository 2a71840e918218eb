import type { Fact, Gap, GapReason, Provenance, Report } from '../../shared/domain/model/fact.ts'
import type { LogIntakeFact } from '../../shared/domain/model/log-facts.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { FollowedRecord } from '../core/ports.ts'
import type { Activity } from './activity/activity.ts'
import { createDecisionActivity } from './activity/decision-activity.ts'
import { createHopActivity } from './activity/hop-activity.ts'
import { createIntegrityActivity } from './activity/integrity-activity.ts'
import { createVaultActivity } from './activity/vault-activity.ts'
import { createVaultLeases, type VaultLeases } from './activity/vault-leases.ts'
import { parseAccessLine } from './intake/envoy-access.ts'
import { parseIntegrityLine } from './intake/integrity-event.ts'
import { parseKubernetesAudit } from './intake/kubernetes-audit.ts'
import { masked } from './intake/mask.ts'
import { isMeantAs, isProgramLine } from './intake/mixed-log.ts'
import { parseDecision, parseDecisionLine } from './intake/opa-decision.ts'
import { isObject, jsonObject, type ParsedLine, refused } from './intake/record-parser.ts'
import { parseSpireAudit } from './intake/spire-audit.ts'
import { parseVaultAudit, rawLine } from './intake/vault-audit.ts'
import { createLineCounts } from './line-counts.ts'
import { createLogBeginning } from './log-beginning.ts'
import { createMemoryWindow, mostRecords } from './memory-window.ts'

/** A writer's clock may be this far ahead of ours before it is worth a word. Milliseconds. */
const toleratedSkewMs = 5000
/** OPAs that are told apart of one log; each process of one has a new id. */
const mostOpas = 1000
/** So much less than the window may be held before it is worth a word. Milliseconds. */
const toleratedShortMs = 1000

/** What is read: a file by its name, or a stream by the words for its place. */
export interface FollowedLog {
  readonly id: string
  readonly record: FollowedRecord
  readonly file: string
  readonly writtenBy?: string | undefined
  /** The log of a container: lines that are of another kind are passed over. */
  readonly mixed?: boolean
  /** It begins with its newest lines, at most so many; without it where `skippedEarlier` says. */
  readonly newestLines?: number
  /** Why records may come later than the window, and what to do; without it the clocks are named. */
  readonly late?: string
}

/** Everything that is known of one log source, apart from the file itself. Pure but for its memory; time is an argument. */
export interface LogReading {
  /**
   * `live`: the lines were written just now, so a time far from ours is a clock that is wrong. False for a line that is not to
   * be kept: it is of another kind, or it may hold a secret in the clear.
   */
  takeLine(line: string, now: EpochMs, live: boolean): boolean
  /** A record that is parsed already, of a kind whose records are JSON objects. */
  takeValue(value: unknown, now: EpochMs, live: boolean): void
  takeTooLong(start: string, now: EpochMs): void
  /** Lines before the next one were left out. */
  skippedEarlier(): void
  reports(now: EpochMs, position: number): readonly Report[]
  readonly counts: { readonly accepted: number; readonly refused: number }
  /** Of decisions: `labels.id` of the OPAs that made them. */
  opas(): readonly string[]
  lastRefused(): { readonly line: string; readonly why: string } | null
}

/** What outlives one reading of a log: a stream that is opened anew goes on with it. */
export interface LogMemory {
  readonly vaultLeases: VaultLeases
}

export function createLogMemory(): LogMemory {
  return { vaultLeases: createVaultLeases() }
}

export function createLogReading(
  source: FollowedLog,
  windowSeconds: number,
  memory: LogMemory = createLogMemory(),
): LogReading {
  switch (source.record) {
    case 'envoy-access':
      return readingOf(source, windowSeconds, parseAccessLine, createHopActivity(source.writtenBy ?? source.id))
    case 'opa-decisions':
      return readingOf(source, windowSeconds, parseDecisionLine, createDecisionActivity(), parseDecision)
    case 'integrity-events':
      return readingOf(source, windowSeconds, parseIntegrityLine, createIntegrityActivity())
    case 'vault-audit': {
      const activity = createVaultActivity(source.id, source.writtenBy ?? source.id, memory.vaultLeases)
      return readingOf(source, windowSeconds, objectLine(parseVaultAudit), activity)
    }
    case 'spire-audit':
      return readingOf(source, windowSeconds, objectLine(parseSpireAudit), noSums)
    case 'kubernetes-audit':
      return readingOf(source, windowSeconds, objectLine(parseKubernetesAudit), noSums)
  }
}

/** Audit lines are kept, and nothing of the graph is summed from them. */
const noSums: Activity<{ readonly at: EpochMs }> = { add: () => [], facts: () => [] }

function objectLine<Item>(parse: (object: Readonly<Record<string, unknown>>) => ParsedLine<Item>) {
  return (line: string): ParsedLine<Item> => {
    const object = jsonObject(line)
    return object === null ? refused('not a JSON object') : parse(object)
  }
}

export function scopesOf(source: FollowedLog): { readonly activity: string; readonly intake: string } {
  return { activity: `logs/${source.id}/activity`, intake: `logs/${source.id}/intake` }
}

/** The reports of a source whose file cannot be read now. */
export function unreadReports(source: FollowedLog, reason: GapReason, detail: string, at: EpochMs): readonly Report[] {
  const { activity, intake } = scopesOf(source)
  return [activity, intake].map((scope) => ({
    scope,
    at,
    facts: null,
    gaps: [gap(source, 'log-file', reason, detail, at)],
  }))
}

function readingOf<Item extends { readonly at: EpochMs }>(
  source: FollowedLog,
  windowSeconds: number,
  parse: (line: string) => ParsedLine<Item>,
  activity: Activity<Item>,
  parseObject?: (object: Readonly<Record<string, unknown>>) => ParsedLine<Item>,
): LogReading {
  const windowMs = windowSeconds * 1000
  const held = createMemoryWindow(windowMs)
  const scopes = scopesOf(source)
  const counts = { accepted: 0, refused: 0 }
  let passedOver = 0
  let sampleRefused: LogIntakeFact['sampleRefused'] = null
  let lastRecordAt: EpochMs | null = null
  const recent = createLineCounts(windowMs)
  const beginning = createLogBeginning(source.newestLines ?? null)
  const skew = createSkew(source.late)
  const opas = new Set<string>()
  let crowdedAt: EpochMs = Number.NEGATIVE_INFINITY

  let secretsAt: EpochMs = Number.NEGATIVE_INFINITY
  let secretsWhy = ''

  function refuse(line: string, why: string, now: EpochMs): void {
    counts.refused += 1
    recent.refused(now)
    sampleRefused = { line: masked(line, 200), why }
  }

  /** What of a Vault's log is not understood may hold anything. */
  function refuseUnquoted(why: string, now: EpochMs): void {
    refuse('', why, now)
    if (why !== rawLine) return
    secretsAt = now
    secretsWhy = why
  }

  function begin(at: EpochMs | null, now: EpochMs, live: boolean): void {
    beginning.line(at, now, live)
    if (beginning.heldFrom !== null) held.startsAt(beginning.heldFrom)
  }

  function take(record: Item, now: EpochMs, live: boolean): void {
    counts.accepted += 1
    recent.took(now)
    lastRecordAt = Math.max(lastRecordAt ?? record.at, record.at)
    if (live) skew.seen(record.at - now, now)
    activity.remember?.(record)
    if ('opaInstanceId' in record && typeof record.opaInstanceId === 'string' && opas.size < mostOpas)
      opas.add(record.opaInstanceId)
    // A record cannot be of later than now; were it held so, it would stay in the window for ever.
    const at = Math.min(record.at, now)
    if (at <= now - windowMs) return
    const contributions = activity.add(record, at)
    if (contributions === null) crowdedAt = now
    else for (const contribution of contributions) held.add(contribution)
  }

  function isOther(line: string): boolean {
    return source.mixed === true && source.record === 'envoy-access' && isProgramLine(line)
  }

  function isMeant(line: string): boolean {
    return source.mixed !== true || isMeantAs(source.record, line)
  }

  function sampleWords(): string {
    if (sampleRefused === null) return ''
    const { line, why } = sampleRefused
    return line === '' ? why : `${why}: ${line}`
  }

  function gapsAt(now: EpochMs): readonly Gap[] {
    const gaps: Gap[] = []
    if (counts.accepted === 0 && counts.refused > 0) {
      const detail = `none of ${counts.refused} lines could be understood; the last: ${sampleWords()}`
      gaps.push(gap(source, 'log-lines', 'invalid', detail, now))
    } else if (recent.within(now).refused > 0) {
      const { taken, refused } = recent.within(now)
      const detail = `${refused} of the ${refused + taken} lines that came in the last ${windowSeconds} s could not be understood and are in no sum; the last: ${sampleWords()}`
      gaps.push(gap(source, 'log-lines', 'invalid', detail, now))
    } else if (counts.accepted === 0 && passedOver > 0 && source.mixed === true) {
      const how = howToWrite[source.record]
      const detail = `none of ${passedOver} lines is a record of this kind; ${how}`
      if (how !== undefined) gaps.push(gap(source, 'log-lines', 'not-configured', detail, now))
    }
    const heldMs = now - held.heldSince(now)
    if (heldMs < windowMs - toleratedShortMs) {
      const why =
        held.size() >= mostRecords
          ? `more than ${mostRecords} records came`
          : 'what was there before is longer than what is read of it'
      const detail = `only the newest ${Math.ceil(heldMs / 1000)} s of the window of ${windowSeconds} s are counted: ${why}`
      gaps.push(gap(source, 'log-window', 'not-configured', detail, now))
    }
    if (crowdedAt > now - windowMs) {
      const detail = 'more pairs of caller and called than are told apart: some records are not in the sums'
      gaps.push(gap(source, 'log-pairs', 'unsupported', detail, now))
    }
    if (secretsAt > Number.NEGATIVE_INFINITY) gaps.push(gap(source, 'log-raw', 'invalid', secretsWhy, now))
    const off = skew.found(now, windowMs)
    if (off !== null) gaps.push(gap(source, off.what, 'invalid', off.detail, now))
    return gaps
  }

  return {
    counts,
    opas: () => [...opas],
    lastRefused: () => sampleRefused,
    takeLine(line, now, live) {
      const parsed = isOther(line) ? ({ kind: 'passed-over' } as const) : safely(parse, line)
      begin(parsed.kind === 'record' ? parsed.record.at : null, now, live)
      if (parsed.kind === 'record') take(parsed.record, now, live)
      else if (parsed.kind === 'refused' && isMeant(line)) {
        if (source.record !== 'vault-audit') refuse(line, parsed.why, now)
        else {
          refuseUnquoted(parsed.why, now)
          return false
        }
      } else {
        passedOver += 1
        return false
      }
      return true
    },
    takeValue(value, now, live) {
      const parsed: ParsedLine<Item> =
        isObject(value) && parseObject !== undefined ? safely(parseObject, value) : refused('not a JSON object')
      begin(parsed.kind === 'record' ? parsed.record.at : null, now, live)
      if (parsed.kind === 'record') take(parsed.record, now, live)
      else if (parsed.kind === 'refused') refuse(textOf(value), parsed.why, now)
      else passedOver += 1
    },
    takeTooLong(start, now) {
      begin(null, now, false)
      if (isMeant(start)) refuse(source.record === 'vault-audit' ? '' : start, 'longer than 256 kB', now)
      else passedOver += 1
    },
    skippedEarlier() {
      beginning.skipped()
      activity.skipped?.()
    },
    reports(now, position) {
      held.moveTo(now)
      const from: Provenance = {
        source: 'logs',
        instance: source.id,
        locator: `${source.file} up to byte ${position}`,
        observedAt: now,
        basis: 'measured',
      }
      const windowFrom = held.heldSince(now)
      const gaps = gapsAt(now)
      const facts = activity.facts({
        scope: scopes.activity,
        from,
        windowFrom,
        windowTo: now,
        refusedLines: counts.refused,
      })
      const intake: LogIntakeFact = {
        kind: 'log-intake',
        id: `${scopes.intake}#log-intake/${source.id}`,
        from,
        record: source.record,
        ...counts,
        sampleRefused,
        lastRecordAt,
        since: windowFrom,
      }
      return [report(scopes.activity, now, facts, gaps), report(scopes.intake, now, [intake], [])]
    },
  }
}

/** What makes a program write its records to its own log; not said of stages and of SPIRE, which need not write any. */
const howToWrite: Readonly<Partial<Record<FollowedRecord, string>>> = {
  'envoy-access':
    'let Envoy write its access log to standard output, as JSON or in its default text format (docs/formats/envoy-access-log.md), or name the file under sources.logs',
  'opa-decisions':
    'let OPA write its decisions to its own log (decision_logs.console: true), or send them to the receiver of everyhop serve',
}

/** Remembers records whose time is far from ours although they were just written. */
function createSkew(late: string | undefined) {
  let latest: { readonly ms: number; readonly seenAt: EpochMs } | null = null
  return {
    seen(ms: number, now: EpochMs): void {
      latest = { ms, seenAt: now }
    },
    found(now: EpochMs, windowMs: number): { readonly what: string; readonly detail: string } | null {
      if (latest === null || latest.seenAt <= now - windowMs) return null
      const seconds = Math.round(Math.abs(latest.ms) / 1000)
      if (latest.ms > toleratedSkewMs) {
        const detail = `lines are ${seconds} s ahead of this machine's clock: check both clocks; they count as of now`
        return { what: 'log-clock', detail }
      }
      if (latest.ms < -windowMs) {
        const why = late ?? "the writer's clock is behind, or it writes late"
        const detail = `lines are ${seconds} s old when they come, more than the window: ${why}; they are not counted`
        return { what: late === undefined ? 'log-clock' : 'log-late', detail }
      }
      return null
    },
  }
}

/** A parser that fails on a line fails on that line alone. */
function safely<From, Item>(parse: (from: From) => ParsedLine<Item>, line: From): ParsedLine<Item> {
  try {
    return parse(line)
  } catch {
    return refused('it could not be read')
  }
}

/** A value too deep to be written has no text. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value)?.slice(0, 4000) ?? ''
  } catch {
    return ''
  }
}

function report(scope: string, at: EpochMs, facts: readonly Fact[], gaps: readonly Gap[]): Report {
  return { scope, at, facts, gaps }
}

function gap(source: FollowedLog, what: string, reason: GapReason, detail: string, at: EpochMs): Gap {
  return { source: 'logs', instance: source.id, what, reason, detail: masked(detail, 400), at }
}
