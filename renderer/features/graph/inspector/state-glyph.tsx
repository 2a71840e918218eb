import type { TransportState } from '../../../../shared/domain/model/hop-state.ts'
import { HopGlyph } from '../canvas/hop-glyph.tsx'

/** The glyph of a hop at the size of text. */
export function StateGlyph({ state, size = 16 }: { readonly state: TransportState; readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="-11 -11 22 22" aria-hidden="true">
      <HopGlyph state={state} />
    </svg>
  )
}
