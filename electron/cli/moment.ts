import type { DurationMs, EpochMs } from '../../shared/domain/model/time.ts'
import { UsageError } from './command.ts'

const units: Readonly<Record<string, DurationMs>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}
const parts = /(\d+(?:\.\d+)?)\s*([smhdw])/g
const duration = /^(?:\d+(?:\.\d+)?\s*[smhdw]\s*)+$/
const zoned = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i
const day = /^\d{4}-\d{2}-\d{2}$/
const clock = /^(\d{2}):(\d{2})(?::(\d{2}))?$/
const epoch = /^\d{12,15}$/

/** What a time may look like, for the help of the commands that take one. */
export const momentHelp = `Times: 2026-11-21T03:12:07Z (without a zone: UTC), 2026-11-21, 03:12:07 (the last time it was so, UTC), -2h or "2h ago"
(s, m, h, d, w, also 1h30m), now, or milliseconds since 1970.`

/**
 * A time as people write it.
 * @param option names it in what is said when it cannot be read: `--at`.
 * Throws `UsageError`.
 */
export function parseMoment(text: string, now: EpochMs, option: string): EpochMs {
  const word = text.trim()
  if (word === 'now') return now
  if (epoch.test(word)) return Number(word)
  const ago = /^-(.+)$/.exec(word)?.[1] ?? /^(.+?)\s+ago$/i.exec(word)?.[1]
  if (ago !== undefined && duration.test(ago.trim())) return now - lengthOf(ago)
  const at = clock.test(word) ? lastAt(word, now) : dateOf(word)
  if (at === null) throw new UsageError(`${option} "${text}" is no time. ${momentHelp.split('\n').join(' ')}`)
  return at
}

/** `24h`, `90m`, `1h30m`, `7d`. Throws `UsageError`; nothing is no length of time. */
export function parseDuration(text: string, option: string): DurationMs {
  const word = text.trim()
  const length = duration.test(word) ? lengthOf(word) : 0
  if (length <= 0)
    throw new UsageError(`${option} takes a length of time, such as 24h, 90m, 7d or 1h30m; not "${text}"`)
  return length
}

/** Options that take a time, of whatever command. */
const momentOptions: readonly string[] = ['at', 'from', 'to']

/** The words of a command with `--at -2h` written as `--at=-2h`: what begins with a dash is taken for an option otherwise. */
export function withMoments(words: readonly string[], options = momentOptions): readonly string[] {
  const joined: string[] = []
  for (let place = 0; place < words.length; place += 1) {
    const word = words[place] ?? ''
    const next = words[place + 1]
    if (word.startsWith('--') && options.includes(word.slice(2)) && next !== undefined && /^-\d/.test(next)) {
      joined.push(`${word}=${next}`)
      place += 1
    } else joined.push(word)
  }
  return joined
}

function lengthOf(text: string): DurationMs {
  let sum = 0
  for (const [, count = '', unit = ''] of text.matchAll(parts)) sum += Number(count) * (units[unit] ?? 0)
  return Math.round(sum)
}

function dateOf(word: string): EpochMs | null {
  if (!zoned.test(word) && !day.test(word)) return null
  const iso = word
    .replace(' ', 'T')
    .replace(/\s*UTC$/i, 'Z')
    .replace(/\s+/g, '')
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/i.test(iso.slice(10))
  const at = Date.parse(day.test(word) ? `${word}T00:00:00Z` : hasZone ? iso : `${iso}Z`)
  // 2026-02-30 is read as 2 March by some: a day that does not exist is no time.
  return Number.isFinite(at) && isDay(word.slice(0, 10)) ? at : null
}

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`)
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(text)
}

function lastAt(word: string, now: EpochMs): EpochMs | null {
  const [, hour = '', minute = '', second = '00'] = clock.exec(word) ?? []
  const today = new Date(now).toISOString().slice(0, 10)
  const at = Date.parse(`${today}T${hour}:${minute}:${second}Z`)
  if (!Number.isFinite(at)) return null
  return at <= now ? at : at - 86_400_000
}
