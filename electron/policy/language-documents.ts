import { z } from 'zod'

/** LSP 3.17 counts lines and UTF-16 units from 0. */
const position = z.object({ line: z.number().int().min(0), character: z.number().int().min(0) })
export const rangeSchema = z.object({ start: position, end: position })
export type Range = z.infer<typeof rangeSchema>

export const changeSchema = z.object({ range: rangeSchema.optional(), text: z.string() })

/** The text after changes of `textDocument/didChange`, each of which speaks of the text that the one before it left. */
export function changedText(text: string, changes: readonly z.infer<typeof changeSchema>[]): string {
  let now = text
  for (const { range, text: part } of changes) {
    now =
      range === undefined ? part : now.slice(0, offsetOf(now, range.start)) + part + now.slice(offsetOf(now, range.end))
  }
  return now
}

/** A place behind the end of its line, or of the text, is that end, as the protocol has it. */
function offsetOf(text: string, { line, character }: Range['start']): number {
  let start = 0
  for (let row = 0; row < line; row += 1) {
    const end = text.indexOf('\n', start)
    if (end < 0) return text.length
    start = end + 1
  }
  const end = text.indexOf('\n', start)
  const lineEnd = end < 0 ? text.length : text[end - 1] === '\r' ? end - 1 : end
  return Math.min(start + character, Math.max(lineEnd, start))
}
