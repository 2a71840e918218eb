import { AppWindow, Check, CircleCheck, CircleSlash, OctagonX, SquareDashed, TriangleAlert } from 'lucide-react'
import type { VerdictTone } from './looks.ts'

const glyphs = {
  deny: CircleSlash,
  fail: OctagonX,
  info: AppWindow,
  unknown: SquareDashed,
  none: CircleCheck,
  warn: TriangleAlert,
  ok: Check,
} satisfies Record<VerdictTone, unknown>

/** The shape of a verdict; words stand beside it. */
export function ToneGlyph({ tone, size }: { readonly tone: VerdictTone; readonly size: number }) {
  const Glyph = glyphs[tone]
  return <Glyph size={size} aria-hidden="true" />
}
