import type { Upload } from '../../core/log-store.ts'
import { longestLine } from '../intake/line-splitter.ts'
import { masked } from '../intake/mask.ts'
import { isObject } from '../intake/record-parser.ts'
import { type Arrival, lineValue, type Understood, understand } from './records.ts'

/** What reading one upload gave: each item is in exactly one of the counts. */
export interface ReadUpload {
  readonly records: readonly Understood[]
  readonly refused: number
  readonly passedOver: number
  readonly sampleRefused: { readonly text: string; readonly why: string } | null
}

export interface UploadPlace {
  readonly segment: number
  readonly offset: number
}

/**
 * Parses the text of an upload by the schema of its kind. Whatever the text is, it does not throw.
 */
export function readUpload(
  text: string,
  upload: Pick<Upload, 'record' | 'source' | 'receivedAt' | 'form'>,
  place: UploadPlace,
): ReadUpload {
  const reading = createReading(upload, place)
  if (upload.form === 'lines') {
    for (const [item, line] of linesOf(text)) {
      if (line.length > longestLine) reading.refuse(line, 'longer than 256 kB')
      else {
        const read = lineValue(upload.record, line)
        if (read.kind === 'refused') reading.refuse(line, read.why)
        else reading.take(read.value, () => line, item)
      }
    }
    return reading.end()
  }
  const items = itemsOf(text, upload.form)
  if (items === null) reading.refuse(text, upload.form === 'array' ? 'not a JSON array' : 'not an event list')
  else for (const [item, value] of items.entries()) reading.take(value, () => JSON.stringify(value), item)
  return reading.end()
}

/** Some values of an upload that were parsed already, with their numbers in it. As `readUpload`. */
export function readValues(
  values: readonly { readonly item: number; readonly value: unknown }[],
  arrival: Arrival,
  place: UploadPlace,
): ReadUpload {
  const reading = createReading(arrival, place)
  for (const { item, value } of values) reading.take(value, () => JSON.stringify(value), item)
  return reading.end()
}

interface Reading {
  take(value: unknown, itemText: () => string, item: number): void
  refuse(content: string, why: string): void
  end(): ReadUpload
}

function createReading(arrival: Arrival, place: UploadPlace): Reading {
  const records: Understood[] = []
  let refused = 0
  let passedOver = 0
  let sampleRefused: ReadUpload['sampleRefused'] = null
  const refuse = (content: string, why: string): void => {
    refused += 1
    sampleRefused = { text: masked(content.slice(0, 4000), 200), why }
  }

  function take(value: unknown, itemText: () => string, item: number): void {
    const parsed = understand(value, itemText, arrival, { in: 'segment', ...place, item })
    if (parsed.kind === 'record') records.push(parsed.record)
    else if (parsed.kind === 'passed-over') passedOver += 1
    else refuse(parsed.unquotable === true ? '' : written(itemText), parsed.why)
  }

  return { take, refuse, end: () => ({ records, refused, passedOver, sampleRefused }) }
}

/** The values of an array or of an event list; null when the text is neither. */
export function itemsOf(text: string, form: 'array' | 'event-list'): readonly unknown[] | null {
  const value = parsedJson(text)
  const items = form === 'array' ? value : isObject(value) ? value['items'] : undefined
  return Array.isArray(items) ? items : null
}

/** Lines with their number; empty ones have a number and are left out. */
export function* linesOf(text: string): Generator<readonly [number, string]> {
  let start = 0
  for (let number = 0; start < text.length; number += 1) {
    const end = text.indexOf('\n', start)
    const stop = end === -1 ? text.length : end
    const line = text.slice(start, text.charCodeAt(stop - 1) === 13 && stop > start ? stop - 1 : stop)
    if (line !== '') yield [number, line]
    start = stop + 1
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A value too deep to be written again has no text. */
function written(itemText: () => string): string {
  try {
    return itemText() ?? ''
  } catch {
    return ''
  }
}
