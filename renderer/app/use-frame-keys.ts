import { useEffect } from 'react'
import { usePreferences } from './preferences.tsx'

/** ⌘K and ⌘, or Ctrl K and Ctrl , anywhere, and ? outside of fields; or the menu of the desktop app. */
export function useFrameKeys({
  onPalette,
  onSettings,
  onHelp,
}: {
  readonly onPalette: () => void
  readonly onSettings: () => void
  readonly onHelp: () => void
}): void {
  const { singleKeys } = usePreferences()
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const inField = event.target instanceof HTMLElement && event.target.closest('input, textarea, select') !== null
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        onPalette()
      } else if ((event.metaKey || event.ctrlKey) && event.key === ',') {
        event.preventDefault()
        onSettings()
      } else if (event.key === '?' && singleKeys && !inField && !event.ctrlKey && !event.metaKey) {
        event.preventDefault()
        onHelp()
      }
    }
    window.addEventListener('keydown', press)
    window.addEventListener('everyhop:search', onPalette)
    window.addEventListener('everyhop:settings', onSettings)
    window.addEventListener('everyhop:help', onHelp)
    return () => {
      window.removeEventListener('keydown', press)
      window.removeEventListener('everyhop:search', onPalette)
      window.removeEventListener('everyhop:settings', onSettings)
      window.removeEventListener('everyhop:help', onHelp)
    }
  })
}
