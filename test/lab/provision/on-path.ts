import { access, constants } from 'node:fs/promises'
import path from 'node:path'

/** The program's file in the first of the folders that has it; the folders of PATH unless others are given. */
export async function findProgram(
  name: string,
  folders: readonly string[] = (process.env['PATH'] ?? '').split(path.delimiter),
): Promise<string | undefined> {
  for (const folder of folders) {
    const file = path.join(folder, name)
    const usable = await access(file, constants.X_OK).then(
      () => folder !== '',
      () => false,
    )
    if (usable) return file
  }
  return undefined
}
