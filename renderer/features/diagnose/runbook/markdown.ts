/**
 * The Markdown that our own pages are written in, and no more of it: headings, paragraphs, lists, tables, fenced code, and in a line
 * code, stress and links. What is read becomes elements of React, never HTML, so text is always only text.
 */
export type Inline =
  | { readonly kind: 'text' | 'code' | 'strong' | 'stress'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly to: string }

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly line: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly line: readonly Inline[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: 'code'; readonly text: string }
  | {
      readonly kind: 'table'
      readonly head: readonly (readonly Inline[])[]
      readonly rows: readonly (readonly (readonly Inline[])[])[]
    }

const fence = /^```/
const heading = /^(#{1,4}) +(.+)$/
const bullet = /^\* +(.+)$/
const numbered = /^\d+\. +(.+)$/
const row = /^\|(.*)\|\s*$/
const rule = /^\|[\s:|-]+\|\s*$/

export function blocksIn(markdown: string): readonly Block[] {
  const lines = markdown.split(/\r?\n/)
  const blocks: Block[] = []
  let at = 0
  /** Lines from here on as long as they are such, taken. */
  const takeWhile = (isOne: (line: string) => boolean): readonly string[] => {
    const from = at
    while (at < lines.length && isOne(lines[at] ?? '')) at += 1
    return lines.slice(from, at)
  }
  while (at < lines.length) {
    const line = lines[at] ?? ''
    const [, marks = '', title = ''] = heading.exec(line) ?? []
    if (line.trim() === '') at += 1
    else if (fence.test(line)) {
      at += 1
      blocks.push({ kind: 'code', text: takeWhile((each) => !fence.test(each)).join('\n') })
      at += 1
    } else if (title !== '') {
      at += 1
      blocks.push({ kind: 'heading', level: marks.length, line: inlinesIn(title) })
    } else if (row.test(line)) {
      const [head, ...rows] = takeWhile((each) => row.test(each)).filter((each) => !rule.test(each))
      blocks.push({ kind: 'table', head: cellsIn(head ?? ''), rows: rows.map(cellsIn) })
    } else if (isItem(line)) {
      const ordered = numbered.test(line)
      const taken = takeWhile(
        (each) => each.trim() !== '' && (isItem(each) ? numbered.test(each) === ordered : !begins(each)),
      )
      blocks.push({ kind: 'list', ordered, items: itemsIn(taken) })
    } else {
      at += 1
      const more = takeWhile((each) => each.trim() !== '' && !begins(each))
      blocks.push({ kind: 'paragraph', line: inlinesIn([line, ...more].join(' ')) })
    }
  }
  return blocks
}

function isItem(line: string): boolean {
  return bullet.test(line) || numbered.test(line)
}

function begins(line: string): boolean {
  return fence.test(line) || heading.test(line) || row.test(line) || isItem(line)
}

/** A line that begins no item goes on with the one before it. */
function itemsIn(lines: readonly string[]): readonly (readonly Inline[])[] {
  const items: string[] = []
  for (const line of lines) {
    const text = (bullet.exec(line) ?? numbered.exec(line))?.[1]
    if (text === undefined) items.push(`${items.pop() ?? ''} ${line.trim()}`)
    else items.push(text)
  }
  return items.map(inlinesIn)
}

function cellsIn(line: string): readonly (readonly Inline[])[] {
  return (row.exec(line)?.[1] ?? '').split('|').map((cell) => inlinesIn(cell.trim()))
}

const inline = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/g

function inlinesIn(line: string): readonly Inline[] {
  const found: Inline[] = []
  let from = 0
  const plain = (to: number): void => {
    if (to > from) found.push({ kind: 'text', text: line.slice(from, to) })
  }
  for (const match of line.matchAll(inline)) {
    plain(match.index)
    from = match.index + match[0].length
    const [, code, strong, stress, text, to] = match
    if (code !== undefined) found.push({ kind: 'code', text: code })
    else if (strong !== undefined) found.push({ kind: 'strong', text: strong })
    else if (stress !== undefined) found.push({ kind: 'stress', text: stress })
    else if (text !== undefined && to !== undefined) found.push({ kind: 'link', text, to })
  }
  plain(line.length)
  return found
}
