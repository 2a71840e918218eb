import { AppWindow, CircleCheck, CircleSlash, OctagonX, SquareDashed } from 'lucide-react'
import type { RefusalTone } from './looks.ts'

const glyphs = {
  deny: CircleSlash,
  fail: OctagonX,
  info: AppWindow,
  unknown: SquareDashed,
  none: CircleCheck,
} satisfies Record<RefusalTone, unknown>

/** The shape of a refusal; words stand beside it. */
export function ToneGlyph({ tone, size }: { readonly tone: RefusalTone; readonly size: number }) {
  const Glyph = glyphs[tone]
  return <Glyph size={size} aria-hidden="true" />
}
