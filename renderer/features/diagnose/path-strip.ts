import type { HopOnPath } from '../../../shared/domain/diagnosis/model.ts'

export type StripPart =
  | { readonly kind: 'workload'; readonly id: string | null; readonly reached: boolean }
  | { readonly kind: 'hop'; readonly of: HopOnPath }
  /** What is between is not told. */
  | { readonly kind: 'gap' }

/** Calls after each other as one line of workloads; where one call does not begin at the end of the one before, a gap. */
export function stripOf(path: readonly HopOnPath[]): readonly StripPart[] {
  const parts: StripPart[] = []
  let end: string | null | undefined
  for (const hop of path) {
    const isReached = hop.state !== 'not-reached'
    if (end === undefined || hop.from === null || end !== hop.from) {
      if (end !== undefined) parts.push({ kind: 'gap' })
      parts.push({ kind: 'workload', id: hop.from, reached: isReached })
    }
    parts.push({ kind: 'hop', of: hop })
    parts.push({ kind: 'workload', id: hop.to, reached: hop.state === 'passed' || hop.state === 'unknown' })
    end = hop.to
  }
  return parts
}
