import type { Clock, Log } from '../core/ports.ts'

const levels = ['info', 'warn', 'error', 'off'] as const
export type LogLevel = (typeof levels)[number]

export interface LogSettings {
  readonly level: LogLevel
  readonly clock: Pick<Clock, 'now'>
  /** Takes one line without its line feed. */
  readonly write: (line: string) => void
}

/** Longer values are cut: the log is for people, and a hostile answer must not fill a disk through it. */
const longestValue = 2000

/** `EVERYHOP_LOG`: info, warn, error or off; warn when it is unset or something else. */
export function logLevelOf(environment: Readonly<Record<string, string | undefined>>): LogLevel {
  return levels.find((level) => level === environment['EVERYHOP_LOG']) ?? 'warn'
}

/** One JSON object a line: time, level, message, then the fields. */
export function createLog(settings: LogSettings): Log {
  const threshold = levels.indexOf(settings.level)
  const at = (level: LogLevel) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    if (levels.indexOf(level) < threshold) return
    const time = new Date(settings.clock.now()).toISOString()
    settings.write(JSON.stringify({ ...plainFields(fields), time, level, message: cut(message) }))
  }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

/** The process's own log, on standard error: standard output belongs to the answers of commands. */
export function createProcessLog(clock: Pick<Clock, 'now'>): Log {
  return createLog({ level: logLevelOf(process.env), clock, write: (line) => process.stderr.write(`${line}\n`) })
}

function plainFields(fields: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields ?? {}).map(([name, value]) => [name, plain(value)]))
}

/** A value that JSON can always write: errors by their message, circles and other oddities by what they are. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return cut(value.stack ?? value.message)
  if (typeof value === 'string') return cut(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  try {
    const text = JSON.stringify(value)
    return text.length > longestValue ? cut(text) : value
  } catch {
    return '(not writable as JSON)'
  }
}

function cut(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text
}
