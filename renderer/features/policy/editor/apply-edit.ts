import { draftAddress, type LanguageEdit } from './language-link.ts'
import type { monaco } from './monaco.ts'

type Model = ReturnType<typeof monaco.editor.createModel>

export interface EditTarget {
  /** Opens the file where it is not open yet. Rejects where there is none. */
  modelOf(path: string): Promise<Model>
  shown(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
}

/** What Regal's fixes change, each file's edits as one step that can be undone. Rejects when a part has no place here. */
export async function applyLanguageEdit(edit: LanguageEdit, target: EditTarget): Promise<void> {
  for (const [uri, edits] of Object.entries(edit.changes ?? {})) await change(uri, edits, target)
  for (const part of edit.documentChanges ?? []) {
    if ('edits' in part) await change(part.textDocument.uri, part.edits, target)
    else if (part.kind === 'rename') await target.rename(pathOf(part.oldUri), pathOf(part.newUri))
  }
}

async function change(
  uri: string,
  edits: NonNullable<LanguageEdit['changes']>[string],
  target: EditTarget,
): Promise<void> {
  const path = pathOf(uri)
  const model = await target.modelOf(path)
  model.pushStackElement()
  model.pushEditOperations(
    [],
    edits.map(({ range: { start, end }, newText }) => ({
      range: {
        startLineNumber: start.line + 1,
        startColumn: start.character + 1,
        endLineNumber: end.line + 1,
        endColumn: end.character + 1,
      },
      text: newText,
    })),
    () => null,
  )
  model.pushStackElement()
}

function pathOf(uri: string): string {
  if (!uri.startsWith(draftAddress)) throw new Error(`${uri} is no file of the draft.`)
  return uri.slice(draftAddress.length)
}
