import type { PolicyProblem } from '../../../../shared/domain/model/policy.ts'
import { draftAddress } from './language-link.ts'
import { monaco } from './monaco.ts'

type Model = ReturnType<typeof monaco.editor.createModel>

/** Problems of OPA as marks in a text. Without a column the whole row is marked. */
export function markProblems(model: Model, owner: string, problems: readonly PolicyProblem[]): void {
  monaco.editor.setModelMarkers(
    model,
    owner,
    problems.map(({ severity, message, code, row, column }) => {
      const line = Math.min(Math.max(row ?? 1, 1), model.getLineCount())
      const start = Math.min(column ?? model.getLineFirstNonWhitespaceColumn(line), model.getLineMaxColumn(line))
      const word = model.getWordAtPosition({ lineNumber: line, column: Math.max(start, 1) })
      return {
        severity: severity === 'error' ? monaco.MarkerSeverity.Error : monaco.MarkerSeverity.Warning,
        message,
        code,
        source: 'OPA',
        startLineNumber: line,
        startColumn: Math.max(start, 1),
        endLineNumber: line,
        endColumn: word?.endColumn ?? model.getLineMaxColumn(line),
      }
    }),
  )
}

/** What Regal says now of the files of the draft that are open. */
export function regalProblems(): readonly PolicyProblem[] {
  return monaco.editor.getModelMarkers({ owner: 'lsp' }).flatMap((marker) => {
    const uri = marker.resource.toString(true)
    if (!uri.startsWith(draftAddress)) return []
    const { code } = marker
    return [
      {
        by: 'regal' as const,
        severity: marker.severity === monaco.MarkerSeverity.Error ? ('error' as const) : ('warning' as const),
        code: typeof code === 'string' ? code : (code?.value ?? ''),
        message: marker.message,
        path: uri.slice(draftAddress.length),
        row: marker.startLineNumber,
        column: marker.startColumn,
      },
    ]
  })
}
