import { useEffect, useEffectEvent, useRef, useSyncExternalStore } from 'react'
import type { Evaluation } from '../../../../shared/domain/model/policy.ts'
import type { Bench } from './bench.ts'
import styles from './code-pane.module.css'
import { applyTheme, monaco } from './monaco.ts'
import { rowValues } from './values.ts'

export interface CodePaneProps {
  readonly bench: Bench
  readonly theme: 'dark' | 'light'
  readonly values: Evaluation | null
  readonly result: { readonly path: string; readonly row: number; readonly text: string } | null
  readonly onSave: () => void
  readonly onNextProblem: (back: boolean) => void
  /** Evaluates a text of the module; null: the rule that the row is in. */
  readonly onEvaluate: (selection: string | null, row: number) => void
}

type Editor = ReturnType<typeof monaco.editor.create>

const options = {
  automaticLayout: true,
  minimap: { enabled: false },
  fontSize: 12,
  lineHeight: 20,
  scrollBeyondLastLine: false,
  renderLineHighlight: 'line',
  // Dimmed, the number of a last empty line has too little contrast.
  renderFinalNewline: 'on',
  glyphMargin: false,
  folding: false,
  lineDecorationsWidth: 16,
  lineNumbersMinChars: 4,
  fixedOverflowWidgets: true,
  tabSize: 4,
  insertSpaces: false,
  detectIndentation: true,
  wordBasedSuggestions: 'off',
  'semanticHighlighting.enabled': false,
  bracketPairColorization: { enabled: false },
  padding: { top: 6, bottom: 6 },
  ariaLabel: 'Text of the file',
  unicodeHighlight: { ambiguousCharacters: true, invisibleCharacters: true },
} as const

/** The text of the open file, with coverage in the gutter and values beside the rows. */
export function CodePane({ bench, theme, values, result, onSave, onNextProblem, onEvaluate }: CodePaneProps) {
  const state = useSyncExternalStore(bench.subscribe, bench.get)
  const place = useRef<HTMLDivElement>(null)
  const editor = useRef<Editor | null>(null)
  const marks = useRef<ReturnType<Editor['createDecorationsCollection']> | null>(null)
  const views = useRef(new Map<string, ReturnType<Editor['saveViewState']>>())
  const isReadOnly = bench.subject.kind === 'deployed'

  const save = useEffectEvent(onSave)
  const next = useEffectEvent(onNextProblem)
  const evaluate = useEffectEvent(onEvaluate)
  const format = useEffectEvent(() => void bench.format())
  const go = useEffectEvent((path: string, row: number, column: number) => void bench.open(path, { row, column }))

  useEffect(() => applyTheme(theme), [theme])

  useEffect(() => {
    if (place.current === null) return
    const made = monaco.editor.create(place.current, {
      ...options,
      model: null,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--font-mono'),
    })
    editor.current = made
    marks.current = made.createDecorationsCollection()
    const { KeyCode, KeyMod } = monaco
    const text = (): { selection: string | null; row: number } => {
      const model = made.getModel()
      const selected = made.getSelection()
      const chosen = model === null || selected === null ? '' : model.getValueInRange(selected)
      return { selection: chosen.trim() === '' ? null : chosen, row: selected?.startLineNumber ?? 1 }
    }
    const action = (id: string, label: string, keybindings: number[], group: string, run: () => void) =>
      made.addAction({ id, label, keybindings, contextMenuGroupId: group, run })
    action('everyhop.save', 'Save, check and test', [KeyMod.CtrlCmd | KeyCode.KeyS], '1_modification', () => save())
    action('everyhop.format', 'Format', [KeyMod.Shift | KeyMod.Alt | KeyCode.KeyF], '1_modification', () => format())
    action('everyhop.evaluate', 'Evaluate the selection', [KeyMod.Alt | KeyCode.Enter], 'navigation', () => {
      const { selection, row } = text()
      evaluate(selection, row)
    })
    action('everyhop.next', 'Next problem', [KeyCode.F8], 'navigation', () => next(false))
    action('everyhop.before', 'Problem before', [KeyMod.Shift | KeyCode.F8], 'navigation', () => next(true))
    const opener = monaco.editor.registerEditorOpener({
      openCodeEditor(_source, resource, at) {
        const path = /^\/draft\/(.+)$/.exec(resource.path)?.[1]
        if (path === undefined) return false
        const start = at === undefined ? null : 'startLineNumber' in at ? at.startLineNumber : at.lineNumber
        const column = at === undefined ? 1 : 'startColumn' in at ? at.startColumn : at.column
        go(path, start ?? 1, column)
        return true
      },
    })
    return () => {
      opener.dispose()
      made.dispose()
      editor.current = null
      marks.current = null
    }
  }, [])

  const { active, shown, refused } = state
  useEffect(() => {
    const made = editor.current
    if (made === null) return
    const seen = views.current
    const model = active === null || refused[active] !== undefined ? null : bench.modelOf(active)
    if (made.getModel() !== model) made.setModel(model)
    made.updateOptions({
      readOnly: isReadOnly,
      readOnlyMessage: { value: 'This is what is deployed. Start a draft to change it.' },
    })
    const at = bench.takePlace()
    if (at !== null && model !== null) {
      const position = model.validatePosition({ lineNumber: at.row, column: at.column })
      made.setPosition(position)
      made.revealPositionInCenterIfOutsideViewport(position)
      made.focus()
    } else if (active !== null && seen.has(active) && model !== null) made.restoreViewState(seen.get(active) ?? null)
    return () => {
      if (active !== null && made.getModel() !== null) seen.set(active, made.saveViewState())
    }
  }, [bench, active, shown, refused, isReadOnly])

  const { tests } = state
  useEffect(() => {
    const model = editor.current?.getModel() ?? null
    if (active === null || model === null) {
      marks.current?.clear()
      return
    }
    const line = (row: number) => ({ startLineNumber: row, startColumn: 1, endLineNumber: row, endColumn: 1 })
    const end = (row: number) => {
      const column = model.getLineMaxColumn(row)
      return { startLineNumber: row, startColumn: column, endLineNumber: row, endColumn: column }
    }
    const rows = model.getLineCount()
    const isThere = (row: number): boolean => row >= 1 && row <= rows
    const coverage = tests?.coverage.find(({ path }) => path === active)
    const gutter = (row: number, isCovered: boolean) => ({
      range: line(row),
      options: { linesDecorationsClassName: (isCovered ? styles['covered'] : styles['notCovered']) ?? null },
    })
    const beside = (row: number, content: string, name: string | undefined) => ({
      range: end(row),
      options: { after: { content: `   ${content}`, inlineClassName: name ?? null }, showIfCollapsed: true },
    })
    const written = values === null ? [] : [...rowValues(values, active)]
    const resultRow = result !== null && result.path === active ? result : null
    marks.current?.set([
      ...(coverage?.covered ?? []).filter(isThere).map((row) => gutter(row, true)),
      ...(coverage?.notCovered ?? []).filter(isThere).map((row) => gutter(row, false)),
      ...written
        .filter(([row]) => isThere(row) && row !== resultRow?.row)
        .map(([row, value]) => beside(row, value, styles['value'])),
      ...(resultRow !== null && isThere(resultRow.row)
        ? [beside(resultRow.row, `= ${resultRow.text}`, styles['result'])]
        : []),
    ])
  }, [active, shown, tests, values, result])

  return <div ref={place} className={styles.pane} data-testid="code-pane" />
}
