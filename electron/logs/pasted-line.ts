import type { StoredAccess } from '../core/log-store.ts'
import { lineValue, understand } from './stores/records.ts'

/** A line of an Envoy's access log that was read by itself, or why it cannot be, without any of its text. */
export type PastedLine =
  | { readonly outcome: 'read'; readonly access: StoredAccess }
  | { readonly outcome: 'refused'; readonly why: string }

/** Reads a line that somebody pasted exactly as lines of followed logs are read. It is kept nowhere. */
export function readPastedLine(pasted: string, receivedAt: number): PastedLine {
  const text = pasted.trim()
  const line = lineValue('envoy-access', text)
  if (line.kind === 'refused') return { outcome: 'refused', why: line.why }
  const parsed = understand(
    line.value,
    () => text,
    { record: 'envoy-access', source: 'pasted', receivedAt },
    { in: 'import', file: '' },
  )
  if (parsed.kind === 'refused') return { outcome: 'refused', why: parsed.why }
  const stored = parsed.kind === 'record' ? parsed.record.stored : null
  return stored?.record === 'envoy-access'
    ? { outcome: 'read', access: stored }
    : { outcome: 'refused', why: 'not a line of an access log' }
}
