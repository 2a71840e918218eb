/** One file of an archive: where its bytes are. */
export interface TarEntry {
  /** Without `./` or `/` before it. */
  readonly name: string
  readonly start: number
  readonly end: number
}

const blockBytes = 512

/** Files of a tar, in order. Throws where it is none; what has another shape than OPA writes is only told by its name. */
export function tarEntries(tar: Buffer): readonly TarEntry[] {
  const entries: TarEntry[] = []
  for (let at = 0; at + blockBytes <= tar.length; ) {
    const name = textIn(tar, at, 100)
    if (name === '') break
    const size = Number.parseInt(textIn(tar, at + 124, 12).trim(), 8)
    const start = at + blockBytes
    if (!Number.isSafeInteger(size) || size < 0 || start + size > tar.length) throw new Error('this is no tar')
    entries.push({ name: name.replace(/^\.?\//, ''), start, end: start + size })
    at = start + Math.ceil(size / blockBytes) * blockBytes
  }
  return entries
}

function textIn(tar: Buffer, at: number, length: number): string {
  const part = tar.subarray(at, at + length)
  const end = part.indexOf(0)
  return part.subarray(0, end < 0 ? length : end).toString('utf8')
}
