import type { DatabaseSync } from 'node:sqlite'
import { parseFacts } from './fact-text.ts'
import type { JsonObject } from './patch.ts'

/** Characters of JSON. */
const mostKept = 160 * 1024 * 1024

/** Whole parts as they were written, parsed, until they are forgotten. */
export interface Wholes {
  get(id: number): readonly JsonObject[]
  forget(): void
}

export function readWholes(database: DatabaseSync): Wholes {
  const find = database.prepare('SELECT facts FROM wholes WHERE id = ?')
  find.setReturnArrays(true)
  const kept = new Map<number, readonly JsonObject[]>()
  let length = 0

  function forget(): void {
    kept.clear()
    length = 0
  }

  return {
    get(id) {
      if (id === 0) return []
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
    forget,
  }
}
