import { useEffect, useEffectEvent } from 'react'

/** Single keys of a screen: not in fields and dialogs, not with others held, and not where somebody switched them off. */
export function useSingleKeys(isOn: boolean, does: Readonly<Record<string, () => void>>): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    const isTaken =
      (event.target instanceof HTMLElement &&
        event.target.closest('input, textarea, select, [contenteditable]') !== null) ||
      document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null
    if (!isOn || isTaken || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const act = Object.hasOwn(does, event.key) ? does[event.key] : undefined
    if (act === undefined) return
    event.preventDefault()
    act()
  })
  useEffect(() => {
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
}
