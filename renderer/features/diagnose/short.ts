import type { EpochMs } from '../../../shared/domain/model/time.ts'

/**
 * A sentence for a narrow place: times of today without their date, key identifiers and UUIDs by their beginning, as they are told
 * apart by it. Only for sentences of ours; the whole goes into the title.
 */
export function shortSentence(sentence: string, now: EpochMs): string {
  const today = new Date(now).toISOString().slice(0, 10)
  return sentence
    .replaceAll(`${today} `, '')
    .replaceAll(/(\d\d:\d\d:\d\d) UTC/g, '$1')
    .replaceAll(/\b([0-9a-f]{8})[0-9a-f]{24,}\b/g, '$1…')
    .replaceAll(/\b([0-9a-f]{8})(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '$1…')
}

/** Without the trust domain, which both sides nearly always share; the whole goes into the title. */
export function shortIdentity(text: string): string {
  return text.replaceAll(/spiffe:\/\/[^/\s]+\//g, '…/')
}
