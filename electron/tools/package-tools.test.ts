import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { builtPath, findTool } from './find-tool.ts'
import { packageTools } from './package-tools.ts'
import { packagedPlaces } from './packaged-tools.ts'
import { toolVersions } from './tool.ts'

test('what is packaged has its hashes, licences and modules beside it, and is found and used', async () => {
  const root = await temporaryFolder()
  await writeFile(join(root, 'LICENSE'), 'Apache License')
  const list = await packageTools({
    root,
    signal: new AbortController().signal,
    progress: () => {},
    build: async (tool, { folder }) => {
      const path = builtPath(tool, folder)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, `#!/bin/sh\necho "Version: ${toolVersions[tool].pinned}"\n`)
      await chmod(path, 0o755)
      return path
    },
  })
  expect(Object.values(list.targets).flat()).toMatchObject([
    { tool: 'opa', version: '1.19.1', licence: 'Apache-2.0' },
    { tool: 'regal', version: '0.42.0', licence: 'Apache-2.0' },
  ])
  const packaged = packagedPlaces(root)
  expect((await readdir(packaged.folder)).toSorted()).toEqual(['licences', 'opa', 'regal'])
  expect((await readdir(join(packaged.folder, 'licences'))).toSorted()).toEqual([
    'Apache-2.0.txt',
    'opa-modules.txt',
    'regal-modules.txt',
  ])
  const places = { configured: {}, path: '', packaged, built: join(root, 'none') }
  for (const tool of ['opa', 'regal'] as const) {
    expect(await findTool(tool, places)).toMatchObject({ found: 'packaged', problems: [] })
  }
})
