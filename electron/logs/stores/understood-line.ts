import type { KeptLine } from '../../core/log-lines.ts'
import type { RecordKind, StoredRecord } from '../../core/log-store.ts'
import { isObject } from '../intake/record-parser.ts'
import { lineValue, understand } from './records.ts'

/**
 * The columns of a line as a log store gives it, the same that the store keeps of it. null: it is not understood, as when it was
 * changed, or kept by an Everyhop that understood other lines.
 */
export function understoodLine(
  record: RecordKind,
  text: string,
  of: Pick<KeptLine, 'source' | 'receivedAt'> = { source: '', receivedAt: 0 },
): StoredRecord | null {
  const value = valueOf(record, text)
  if (value === undefined) return null
  const parsed = understand(value, () => text, { record, ...of }, { in: 'segment', segment: 0, offset: 0, item: 0 })
  return parsed.kind === 'record' ? parsed.record.stored : null
}

function valueOf(record: RecordKind, text: string): unknown {
  const read = lineValue(record, text)
  if (read.kind !== 'value') return undefined
  // A line that was no JSON is the only text of an object.
  if (record !== 'envoy-access' || !isObject(read.value) || typeof read.value['line'] !== 'string') return read.value
  const inner = lineValue(record, read.value['line'])
  return inner.kind === 'value' ? inner.value : undefined
}
