/** Keys that move through time, on every screen but where it says otherwise. One table for the handlers, the help and the tests. */
export const timeKeys = [
  { key: 't', action: 'go-to', words: 'Go to a time' },
  { key: 'l', action: 'live', words: 'Back to live' },
  { key: '[', action: 'previous', words: 'Previous event' },
  { key: ']', action: 'next', words: 'Next event' },
  { key: 'c', action: 'compare', words: 'Compare with live (graph)' },
] as const
export type TimeAction = (typeof timeKeys)[number]['action']

/** Letters and brackets do nothing while somebody types, or while something lies over the screen. */
export function timeActionOf(event: KeyboardEvent, singleKeys: boolean): TimeAction | null {
  if (!singleKeys || event.defaultPrevented || event.ctrlKey || event.metaKey) return null
  // On many keyboards brackets need AltGr, which some report as Alt.
  if (event.altKey && event.key.length !== 1) return null
  const binding = timeKeys.find(({ key }) => key === event.key)
  return binding === undefined || isTaken(event.target) ? null : binding.action
}

function isTaken(target: EventTarget | null): boolean {
  const isTyping =
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable="true"], .monaco-editor') !== null
  return isTyping || document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null
}
