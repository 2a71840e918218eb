import {
  CircleCheck,
  CircleSlash,
  Diff,
  FileText,
  IdCard,
  LockKeyhole,
  type LucideIcon,
  Minus,
  OctagonX,
  Plus,
  SquareDashed,
  TriangleAlert,
} from 'lucide-react'
import type { ElementChange } from '../../../shared/domain/history/model.ts'
import type { Tone } from '../../ui/atoms.tsx'
import styles from './compare-panel.module.css'

/** What kind of change it is, by shape; null: it cannot be compared. */
export function ChangeIcon({ change }: { readonly change: ElementChange | null }) {
  const { icon: Icon, tone } = lookOf(change)
  return (
    <span className={styles.icon} data-tone={tone}>
      <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
    </span>
  )
}

/** Sign and colour family of a change. */
export function lookOf(change: ElementChange | null): { readonly icon: LucideIcon; readonly tone: Tone } {
  if (change === null) return { icon: SquareDashed, tone: 'unknown' }
  const { aspect, from, to, direction } = change
  if (to === 'unknown') return { icon: SquareDashed, tone: 'unknown' }
  if (from === null) return { icon: Plus, tone: direction === 'worse' ? 'warn' : 'info' }
  if (to === null) return { icon: Minus, tone: 'neutral' }
  if (direction === 'worse')
    return isBroken(to) ? { icon: OctagonX, tone: 'fail' } : { icon: TriangleAlert, tone: 'warn' }
  if (direction === 'better') return { icon: aspect === 'transport' ? LockKeyhole : CircleCheck, tone: 'ok' }
  if (aspect === 'denials' || to === 'denying') return { icon: CircleSlash, tone: 'deny' }
  if (aspect === 'bundle') return { icon: FileText, tone: 'info' }
  if (aspect === 'svid') return { icon: IdCard, tone: 'info' }
  return { icon: Diff, tone: 'info' }
}

/** States in which something does not work, rather than being weaker than it should. */
function isBroken(to: string): boolean {
  return to === 'failing' || to === 'erroring' || to === 'failing-open'
}
