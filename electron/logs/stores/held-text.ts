import type { Upload } from '../../core/log-store.ts'
import { maskText, maskValue } from './mask-record.ts'
import { itemsOf } from './read-upload.ts'

/**
 * Lines of what is held: docs/formats/log-records.md, "Lines". The same content always gives the same lines: their hashes are
 * sealed, so that a change here is a change of that format.
 */

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const openBrace = 0x7b
const closeBracket = 0x5d
const closeBrace = 0x7d
const comma = 0x2c
const newline = 0x0a
const carriageReturn = 0x0d

/** Between the tokens of JSON: 1 what opens, 2 what closes, 3 a text, 4 a line end, 5 a comma, 6 a blank. */
const kinds = new Uint8Array(256)
for (const byte of [openBracket, openBrace]) kinds[byte] = 1
for (const byte of [closeBracket, closeBrace]) kinds[byte] = 2
kinds[quote] = 3
for (const byte of [newline, carriageReturn]) kinds[byte] = 4
kinds[comma] = 5
for (const byte of [0x20, 0x09]) kinds[byte] = 6

/**
 * The lines of some items of an upload, unpacked and masked as it is held.
 * @param items numbers in the upload, ascending; each is one that was accepted.
 * @returns one text for each; null where the upload has no such item.
 */
export function heldTexts(content: Buffer, form: Upload['form'], items: readonly number[]): readonly (string | null)[] {
  if (form === 'lines') return textsOfLines(content, items)
  const texts = form === 'array' ? textsOfArray(content, items) : null
  if (texts !== null) return texts
  const values = itemsOf(content.toString('utf8'), form) ?? []
  return items.map((item) => (item < values.length ? written(values[item]) : null))
}

/** Of a file that was imported: it is not masked as it lies there. */
export function importedText(text: string): string {
  return oneLine(maskText(isJsonObject(text) ? oneLine(text) : text, 'lines'))
}

const hasLineEnd = /[\r\n]/

/** A line that is no JSON, as of the default text formats of Envoy, becomes the only text of an object. */
function oneLine(text: string): string {
  if (!isJsonObject(text)) return JSON.stringify({ line: text })
  return hasLineEnd.test(text) ? written(JSON.parse(text)) : text
}

function isJsonObject(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === openBrace) return true
    if (kinds[code] !== 6) return false
  }
  return false
}

function textsOfLines(content: Buffer, items: readonly number[]): readonly (string | null)[] {
  let number = 0
  let start = 0
  return items.map((item) => {
    for (; number < item && start < content.length; number += 1) {
      const end = content.indexOf(newline, start)
      start = end === -1 ? content.length : end + 1
    }
    if (start >= content.length) return null
    const found = content.indexOf(newline, start)
    const end = found === -1 ? content.length : found
    const stop = end > start && content[end - 1] === carriageReturn ? end - 1 : end
    return oneLine(content.toString('utf8', start, stop))
  })
}

/** null: it is not plainly an array. */
function textsOfArray(content: Buffer, items: readonly number[]): readonly (string | null)[] | null {
  const texts: (string | null)[] = []
  let at = afterBlanks(content, 0)
  if (content[at] !== openBracket) return null
  at += 1
  for (let item = 0; texts.length < items.length; item += 1) {
    const start = afterBlanks(content, at)
    const element = elementAt(content, start)
    if (element === null || element.end === start) return null
    if (items[texts.length] === item) texts.push(elementText(content, start, element))
    at = element.next
    if (content[at] === closeBracket) break
    at += 1
  }
  return [...texts, ...items.slice(texts.length).map(() => null)]
}

function elementText(content: Buffer, start: number, element: Element): string {
  const text = content.toString('utf8', start, element.end)
  return element.hasLineEnd ? written(JSON.parse(text)) : text
}

interface Element {
  /** After its last byte that is no blank. */
  readonly end: number
  /** Of the comma or bracket after it. */
  readonly next: number
  readonly hasLineEnd: boolean
}

/** One value of an array, up to the comma or the bracket after it; null: it does not end. */
function elementAt(content: Buffer, start: number): Element | null {
  const { length } = content
  let depth = 0
  let end = start
  let hasLineEnd = false
  let blankLineEnd = false
  for (let index = start; index < length; index += 1) {
    const kind = kinds[content[index] ?? 0]
    if (kind === 6) continue
    if (kind === 4) {
      blankLineEnd = true
      continue
    }
    if (depth === 0 && (kind === 5 || content[index] === closeBracket)) return { end, next: index, hasLineEnd }
    if (blankLineEnd) hasLineEnd = true
    if (kind === 3) {
      index = endOfText(content, index)
      if (index === -1) return null
    } else if (kind === 1) depth += 1
    else if (kind === 2) depth -= 1
    end = index + 1
  }
  return null
}

/** Where the text that begins here has its closing quote; -1: nowhere. */
export function endOfText(content: Buffer, start: number): number {
  for (let index = start + 1; index < content.length; index += 1) {
    const byte = content[index]
    if (byte === quote) return index
    if (byte === backslash) index += 1
  }
  return -1
}

function afterBlanks(content: Buffer, start: number): number {
  let index = start
  while ((kinds[content[index] ?? 0] ?? 0) === 6 || (kinds[content[index] ?? 0] ?? 0) === 4) index += 1
  return index
}

/** A value too deep to be written is cut where what is shown is cut. */
function written(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return JSON.stringify(maskValue(value))
  }
}
