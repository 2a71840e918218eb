import { useNavigate } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useRef } from 'react'
import { chordOf } from './chords.ts'
import { useEnvironment } from './environment.ts'
import { usePreferences } from './preferences.tsx'

/** `g g`, `g c`: screens by two keys, outside of fields and dialogs. */
export function useChords(): void {
  const { singleKeys } = usePreferences()
  const { chosen } = useEnvironment()
  const navigate = useNavigate()
  const before = useRef<{ readonly key: string; readonly at: number } | null>(null)
  const press = useEffectEvent((event: KeyboardEvent) => {
    const isTaken =
      (event.target instanceof HTMLElement &&
        event.target.closest('input, textarea, select, [contenteditable]') !== null) ||
      document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null
    if (!singleKeys || isTaken || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return
    const chord = chordOf(before.current?.key ?? null, event.key, event.timeStamp - (before.current?.at ?? 0))
    before.current = chord === null ? { key: event.key, at: event.timeStamp } : null
    if (chord === null) return
    event.preventDefault()
    // The second key must not also do what it does alone on the screen that is left.
    event.stopImmediatePropagation()
    void navigate({ to: chord.to, search: chosen === null ? {} : { env: chosen } })
  })
  useEffect(() => {
    window.addEventListener('keydown', press, { capture: true })
    return () => window.removeEventListener('keydown', press, { capture: true })
  }, [])
}
