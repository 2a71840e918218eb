import { parseDocument } from 'yaml'
import type { Path } from '../../../shared/domain/diagnosis/change/looked.ts'
import { jsonLines } from '../json-lines.ts'

/**
 * The text of a data file with one value set, and nothing else changed: numbers keep their digits and names their order. null: the
 * place is not to be found in it.
 */
export function withValueInText(text: string, kind: 'json' | 'yaml', path: Path, value: unknown): string | null {
  return kind === 'json' ? inJson(text, path, value) : inYaml(text, path, value)
}

function inYaml(text: string, path: Path, value: unknown): string | null {
  const document = parseDocument(text)
  if (document.errors.length > 0) return null
  try {
    document.setIn(path, document.createNode(value))
  } catch {
    return null
  }
  return document.toString()
}

interface Node {
  readonly start: number
  readonly end: number
  readonly kind: 'object' | 'array' | 'scalar'
  readonly members: ReadonlyMap<string | number, Node>
}

function inJson(text: string, path: Path, value: unknown): string | null {
  const laidOut = jsonLines(text)
  if (laidOut === null) return null
  const root = readNode(laidOut, skipSpace(laidOut, 0), 0)
  if (root === null) return null
  let node = root
  for (const [at, member] of path.entries()) {
    const inner = node.members.get(member)
    if (inner === undefined) return jsonLines(added(laidOut, node, path.slice(at), value))
    node = inner
  }
  return jsonLines(`${laidOut.slice(0, node.start)}${JSON.stringify(value)}${laidOut.slice(node.end)}`)
}

/** Behind the last member. Members of objects that are missing on the way are made. */
function added(text: string, node: Node, [member, ...rest]: Path, value: unknown): string {
  const inner = rest.toReversed().reduce<unknown>((found, name) => ({ [name]: found }), value)
  const isLast = node.kind === 'array' && member === node.members.size
  if (member === undefined || node.kind === 'scalar' || (node.kind === 'array' && !isLast)) return ''
  const written = `${node.kind === 'object' ? `${JSON.stringify(String(member))}:` : ''}${JSON.stringify(inner)}`
  const last = [...node.members.values()].at(-1)
  const at = last?.end ?? node.start + 1
  return `${text.slice(0, at)}${last === undefined ? '' : ','}${written}${text.slice(at)}`
}

const mostDepth = 500

/** The text is known to be JSON. */
function readNode(text: string, start: number, depth: number): Node | null {
  if (depth > mostDepth) return null
  const sign = text[start]
  if (sign !== '{' && sign !== '[') {
    const end =
      sign === '"'
        ? endOfString(text, start)
        : start + (/^[^\s,\]}]+/.exec(text.slice(start, start + 400))?.[0].length ?? 0)
    return end <= start ? null : { start, end, kind: 'scalar', members: new Map() }
  }
  const members = new Map<string | number, Node>()
  let at = skipSpace(text, start + 1)
  while (at < text.length && text[at] !== '}' && text[at] !== ']') {
    let name: string | number = members.size
    if (sign === '{') {
      const end = endOfString(text, at)
      name = String(JSON.parse(text.slice(at, end)))
      at = skipSpace(text, skipSpace(text, end) + 1)
    }
    const member = readNode(text, at, depth + 1)
    if (member === null) return null
    members.set(name, member)
    at = skipSpace(text, member.end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return { start, end: at + 1, kind: sign === '{' ? 'object' : 'array', members }
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text[at] ?? '')) at += 1
  return at
}
