import { readFile } from 'node:fs/promises'

/** Names a file with the passphrase of the secrets, where nobody can be asked for it. The passphrase itself is never a variable. */
export const passphraseVariable = 'EVERYHOP_PASSPHRASE_FILE'

/** The first line; null when no file is named, or it cannot be read or holds nothing: then the secrets stay locked, which is told. */
export async function passphraseOfFile(path: string | undefined): Promise<string | null> {
  if (path === undefined || path === '') return null
  try {
    return firstLine(await readFile(path, 'utf8'))
  } catch {
    return null
  }
}

export function firstLine(text: string): string | null {
  const [line = ''] = text.split(/\r?\n/, 1)
  return line === '' ? null : line
}
