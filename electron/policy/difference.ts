import type { FileDifference } from '../../shared/domain/model/policy.ts'
import { lineDifference } from '../../shared/domain/policy/line-difference.ts'
import { jsonLines } from './json-lines.ts'

const mostTextBytes = 1024 ** 2

/** Files that differ between two policies, by path. Texts over 1 MB and what is no text are named without their content. */
export function differenceOf(
  before: ReadonlyMap<string, Uint8Array> = new Map(),
  after: ReadonlyMap<string, Uint8Array> = new Map(),
): readonly FileDifference[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  return paths.flatMap((path) => {
    const [old, fresh] = [before.get(path), after.get(path)]
    if (old !== undefined && fresh !== undefined && Buffer.from(old).equals(fresh)) return []
    const [oldText, freshText] = [textOf(path, old), textOf(path, fresh)]
    const isText = oldText !== null && freshText !== null
    // The same JSON, laid out otherwise: `opa build` does that to every data.json.
    if (old !== undefined && fresh !== undefined && isText && oldText === freshText) return []
    return [
      {
        path,
        change:
          old === undefined ? ('added' as const) : fresh === undefined ? ('removed' as const) : ('changed' as const),
        ...(isText ? lineDifference(oldText, freshText) : { added: 0, removed: 0 }),
        before: isText && old !== undefined ? oldText : null,
        after: isText && fresh !== undefined ? freshText : null,
      },
    ]
  })
}

/** Empty for a file that is not there; null: no text, or too long to be shown. JSON has one member a line. */
function textOf(path: string, bytes: Uint8Array | undefined): string | null {
  if (bytes === undefined) return ''
  if (bytes.length > mostTextBytes) return null
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return (/\.json$|^\.manifest$/.test(path) ? jsonLines(text) : null) ?? text
  } catch {
    return null
  }
}
