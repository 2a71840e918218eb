import type { ChangedLine } from './model.ts'

const linesAround = 3
const mostLines = 60
const mostCharacters = 400

/** What lies between the lines that both texts begin and end with, and some lines around it: of a change in one place. */
export function changedLines(before: string, after: string): readonly ChangedLine[] {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  let start = 0
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1
  let end = 0
  while (end < old.length - start && end < fresh.length - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1
  const line = (kind: ChangedLine['kind'], lines: readonly string[], from: number, to: number): ChangedLine[] =>
    lines
      .slice(Math.max(0, from), Math.max(0, to))
      .map((text, at) => ({ kind, row: Math.max(0, from) + at + 1, text: text.slice(0, mostCharacters) }))
  const oldEnd = old.length - end
  return [
    ...line('same', old, start - linesAround, start),
    ...line('removed', old, start, oldEnd).slice(0, mostLines),
    ...line('added', fresh, start, fresh.length - end).slice(0, mostLines),
    ...line('same', old, oldEnd, Math.min(old.length, oldEnd + linesAround)).filter(
      ({ text, row }) => row < old.length || text !== '',
    ),
  ]
}
