import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { flushFolder } from './flush-folder.ts'

test.skipIf(process.platform === 'win32')(
  'a folder is written to the disk, and one that is not there is told',
  async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'new'), '')
    await flushFolder(folder)
    await expect(flushFolder(join(folder, 'gone'))).rejects.toMatchObject({ code: 'ENOENT' })
  },
)
