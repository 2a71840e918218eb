import { useEffect } from 'react'
import { usePreferences } from './preferences.tsx'

/** ⌘K or Ctrl K anywhere, and ? outside of fields; or the menu of the desktop app. */
export function useFrameKeys({
  onPalette,
  onHelp,
}: {
  readonly onPalette: () => void
  readonly onHelp: () => void
}): void {
  const { singleKeys } = usePreferences()
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const inField = event.target instanceof HTMLElement && event.target.closest('input, textarea, select') !== null
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        onPalette()
      } else if (event.key === '?' && singleKeys && !inField && !event.ctrlKey && !event.metaKey) {
        event.preventDefault()
        onHelp()
      }
    }
    window.addEventListener('keydown', press)
    window.addEventListener('everyhop:search', onPalette)
    window.addEventListener('everyhop:help', onHelp)
    return () => {
      window.removeEventListener('keydown', press)
      window.removeEventListener('everyhop:search', onPalette)
      window.removeEventListener('everyhop:help', onHelp)
    }
  })
}
