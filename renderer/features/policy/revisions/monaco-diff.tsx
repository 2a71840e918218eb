import { useEffect, useRef } from 'react'
import { applyTheme, monaco } from '../editor/monaco.ts'
import { languageOf } from './language-of.ts'

/** Two texts of one file side by side. Loaded only when somebody compares: Monaco is large. */
export default function MonacoDiff({
  path,
  before,
  after,
}: {
  readonly path: string
  readonly before: string
  readonly after: string
}) {
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = host.current
    if (element === null) return
    applyTheme(document.documentElement.dataset['theme'] === 'light' ? 'light' : 'dark')
    const language = languageOf(path)
    const original = monaco.editor.createModel(before, language)
    const modified = monaco.editor.createModel(after, language)
    const editor = monaco.editor.createDiffEditor(element, {
      readOnly: true,
      automaticLayout: true,
      renderSideBySide: true,
      useInlineViewWhenSpaceIsLimited: true,
      hideUnchangedRegions: { enabled: true },
      minimap: { enabled: false },
      scrollBeyondLastLine: false,
      lineHeight: 19,
      fontSize: 12,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--font-mono'),
      originalAriaLabel: `${path} before`,
      modifiedAriaLabel: `${path} after`,
    })
    editor.setModel({ original, modified })
    // Given to the two sides themselves: the names above do not reach what a screen reader asks.
    editor.getOriginalEditor().updateOptions({ ariaLabel: `${path} before` })
    editor.getModifiedEditor().updateOptions({ ariaLabel: `${path} after` })
    return () => {
      editor.dispose()
      original.dispose()
      modified.dispose()
    }
  }, [after, before, path])
  return <div ref={host} style={{ height: '100%' }} data-testid="monaco-diff" />
}
