/** What a key does on the graph. One table for the handler, the help and the tests. */
export type GraphAction =
  | 'filter'
  | 'next'
  | 'previous'
  | 'next-problem'
  | 'forward'
  | 'back'
  | 'copy'
  | 'provenance'
  | 'clear'
  | 'layer-observed'
  | 'layer-granted'
  | 'layer-intended'
  | 'table'
  | 'refused'
  | 'fit'

export interface KeyBinding {
  readonly key: string
  /** As shown on a key cap. */
  readonly cap: string
  readonly action: GraphAction
  readonly words: string
}

export const graphKeys: readonly KeyBinding[] = [
  { key: '/', cap: '/', action: 'filter', words: 'Filter this view' },
  { key: 'j', cap: 'j', action: 'next', words: 'Next item' },
  { key: 'k', cap: 'k', action: 'previous', words: 'Previous item' },
  { key: 'n', cap: 'n', action: 'next-problem', words: 'Next problem' },
  { key: 'ArrowLeft', cap: '←', action: 'back', words: 'Follow the hop to its caller' },
  { key: 'ArrowRight', cap: '→', action: 'forward', words: 'Follow the hop to its callee' },
  { key: 'p', cap: 'p', action: 'provenance', words: 'How do we know? (focused fact)' },
  { key: 'y', cap: 'y', action: 'copy', words: 'Copy as text' },
  { key: 'Escape', cap: 'esc', action: 'clear', words: 'Back, close, clear' },
  { key: '1', cap: '1', action: 'layer-observed', words: 'Layer: observed' },
  { key: '2', cap: '2', action: 'layer-granted', words: 'Layer: granted' },
  { key: '3', cap: '3', action: 'layer-intended', words: 'Layer: intended' },
  { key: '4', cap: '4', action: 'table', words: 'The same as a table' },
  { key: 'r', cap: 'r', action: 'refused', words: 'Refused requests' },
  { key: '0', cap: '0', action: 'fit', words: 'Fit to the window' },
]

export interface KeyPress {
  readonly key: string
  readonly ctrl: boolean
  readonly meta: boolean
  readonly alt: boolean
  /** The focus is in a text field, or in something else that takes letters or arrows itself. */
  readonly typing: boolean
  /** A dialog or menu is open. */
  readonly covered: boolean
}

/**
 * The action of a key press, or null. Single keys do nothing while someone types or a dialog is open, and can be
 * switched off (WCAG 2.1.4); escape always works.
 */
export function actionOf(press: KeyPress, singleKeys: boolean): GraphAction | null {
  if (press.ctrl || press.meta || press.alt || press.covered) return null
  const binding = graphKeys.find((candidate) => candidate.key === press.key)
  if (binding === undefined) return null
  if (binding.action === 'clear') return 'clear'
  return press.typing || !singleKeys ? null : binding.action
}
