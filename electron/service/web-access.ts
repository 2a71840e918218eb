import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../core/ports.ts'

export const codeLifeMs = 60_000
/** Codes that nobody used must not pile up. */
const mostCodes = 20

/**
 * Who may use the web host. A code is valid once, for a minute, and stands in the printed address; it is exchanged for a
 * session that lives in a cookie, so nothing of lasting value is in an argument list, a log or a browser's history.
 * Only hashes are kept: a lookup by hash also takes the same time for every wrong guess.
 */
export interface WebAccess {
  newCode(): string
  /** The secret of a new session, or null: unknown, used or too old. */
  exchange(code: string): string | null
  /** A short name of the session for what is remembered per window, or null when there is none. */
  viewerOf(session: string): string | null
}

export function createWebAccess(clock: Clock): WebAccess {
  const codes = new Map<string, number>()
  const sessions = new Map<string, string>()

  return {
    newCode() {
      const code = randomBytes(32).toString('base64url')
      codes.set(hash(code), clock.now() + codeLifeMs)
      for (const key of codes.keys()) if (codes.size > mostCodes) codes.delete(key)
      return code
    },
    exchange(code) {
      const key = hash(code)
      const until = codes.get(key)
      codes.delete(key)
      if (until === undefined || clock.now() >= until) return null
      const session = randomBytes(32).toString('base64url')
      sessions.set(hash(session), `window-${sessions.size + 1}`)
      return session
    },
    viewerOf: (session) => sessions.get(hash(session)) ?? null,
  }
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64')
}
