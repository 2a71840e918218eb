import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useApi } from '../../../api/api-context.tsx'
import type { Bench, BenchSubject } from './bench.ts'
import styles from './code-pane.module.css'
import { applyTheme, monaco } from './monaco.ts'

/** The open file beside the one that is deployed; a file that is not deployed is compared with nothing. */
export function DiffPane({
  bench,
  path,
  against,
  theme,
}: {
  readonly bench: Bench
  readonly path: string
  readonly against: Extract<BenchSubject, { kind: 'deployed' }>
  readonly theme: 'dark' | 'light'
}) {
  const { queries } = useApi()
  const { environment, bundle, of } = against
  const file = useQuery(
    queries.policy.file.queryOptions({
      input: { environment, bundle, of, path },
      retry: false,
      refetchInterval: false,
    }),
  )
  const place = useRef<HTMLDivElement>(null)
  const text = file.data?.text ?? (file.error === null ? null : '')
  useEffect(() => applyTheme(theme), [theme])
  useEffect(() => {
    const modified = bench.modelOf(path)
    if (place.current === null || text === null || modified === null) return
    const original = monaco.editor.createModel(text, modified.getLanguageId())
    const editor = monaco.editor.createDiffEditor(place.current, {
      automaticLayout: true,
      readOnly: true,
      originalEditable: false,
      renderSideBySide: true,
      useInlineViewWhenSpaceIsLimited: true,
      minimap: { enabled: false },
      fontSize: 12,
      lineHeight: 20,
      scrollBeyondLastLine: false,
      renderOverviewRuler: false,
      // The colour and the numbers of the rows say it; the sign needs room that there is not.
      renderIndicators: false,
      originalAriaLabel: `${path} as deployed`,
      modifiedAriaLabel: `${path} in the draft`,
    })
    editor.setModel({ original, modified })
    return () => {
      editor.dispose()
      original.dispose()
    }
  }, [bench, path, text])
  return <div ref={place} className={styles.pane} data-testid="diff-pane" />
}
