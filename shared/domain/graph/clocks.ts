import type { DurationMs } from '../model/time.ts'

/**
 * SPIRE dates an SVID 10 s back (its default for clocks that differ): a clock that is further behind takes a fresh SVID for not
 * yet valid. JWTs are mostly given 60 s. The `date` of an answer is right to about a second.
 */
const toleratedMs = 10_000

/** By how much a clock is off, and which way; null: no more than is tolerated, or not known. */
export function clockOff(
  skewMs: DurationMs | null,
): { readonly seconds: number; readonly direction: 'behind' | 'ahead' } | null {
  if (skewMs === null || Math.abs(skewMs) <= toleratedMs) return null
  return { seconds: Math.round(Math.abs(skewMs) / 1000), direction: skewMs < 0 ? 'behind' : 'ahead' }
}
