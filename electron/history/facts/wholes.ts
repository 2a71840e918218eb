import type { DatabaseSync } from 'node:sqlite'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { parseFacts } from './fact-text.ts'
import type { JsonObject } from './patch.ts'

/** Whoever looks at one past time soon looks at another. Milliseconds. */
const keptMs = 60_000
/** Characters of JSON. */
const mostKept = 160 * 1024 * 1024

/** Whole parts as they were written, parsed, for a while after somebody asked. */
export interface Wholes {
  get(id: number): readonly JsonObject[]
  /** Lets go of what nobody asked for lately. */
  rest(): void
  forget(): void
}

export function readWholes(database: DatabaseSync, now: () => EpochMs): Wholes {
  const find = database.prepare('SELECT facts FROM wholes WHERE id = ?')
  find.setReturnArrays(true)
  const kept = new Map<number, readonly JsonObject[]>()
  let length = 0
  let askedAt = 0

  function forget(): void {
    kept.clear()
    length = 0
  }

  return {
    get(id) {
      if (id === 0) return []
      askedAt = now()
      const known = kept.get(id)
      if (known !== undefined) return known
      const row: unknown = find.get(id)
      const text: unknown = Array.isArray(row) ? row[0] : undefined
      if (typeof text !== 'string') throw new Error('the file is damaged: facts are missing')
      const facts = parseFacts(text)
      if (length + text.length > mostKept) forget()
      kept.set(id, facts)
      length += text.length
      return facts
    },
    rest() {
      if (now() - askedAt > keptMs) forget()
    },
    forget,
  }
}
