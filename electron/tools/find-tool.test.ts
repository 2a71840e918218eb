import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { sha256Of } from './file-hash.ts'
import { builtPath, downloadedPath, findTool, hasGo, type ToolPlaces } from './find-tool.ts'
import { type PackagedList, packagedPlaces, targetName } from './packaged-tools.ts'
import { createVersionReader } from './program-version.ts'

/** A program as a script; without words it says a version as OPA does. */
async function program(path: string, script = 'echo "Version: 1.19.1"'): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

async function places(changes: Partial<ToolPlaces> = {}): Promise<ToolPlaces & { readonly folder: string }> {
  const folder = await temporaryFolder()
  return { folder, configured: {}, path: '', packaged: null, built: join(folder, 'built'), ...changes }
}

const bySettings = (path: string) => ({ opa: [{ path, by: 'the settings' }] })

test('configured is preferred to PATH, that to packaged, built and downloaded, and nothing is missing without a problem', async () => {
  const where = await places()
  const { folder } = where
  const packaged = await packagedIn(folder, 'echo "Version: 1.19.1"')
  const all = { ...where, path: [join(folder, 'a'), join(folder, 'b')].join(delimiter), packaged }
  expect(await findTool('opa', { ...all, packaged: null })).toEqual({ tool: 'opa', problems: [] })
  const expected = { tool: 'opa', version: '1.19.1', problems: [] }
  const downloaded = await program(downloadedPath('opa', where.built))
  expect(await findTool('opa', { ...all, packaged: null })).toEqual({
    ...expected,
    found: 'downloaded',
    path: downloaded,
  })
  const built = await program(builtPath('opa', where.built))
  expect(await findTool('opa', { ...all, packaged: null })).toEqual({ ...expected, found: 'built', path: built })
  expect(await findTool('opa', all)).toMatchObject({ ...expected, found: 'packaged' })
  const onPath = await program(join(folder, 'b', 'opa'))
  expect(await findTool('opa', all)).toEqual({ ...expected, found: 'path', path: onPath })
  const own = await program(join(folder, 'own'))
  expect(await findTool('opa', { ...all, configured: bySettings(own) })).toEqual({
    ...expected,
    found: 'configured',
    path: own,
  })
})

test('a variable comes before the settings, and what cannot be started hides no other but is told', async () => {
  const where = await places()
  const own = await program(join(where.folder, 'own'))
  const missing = join(where.folder, 'missing')
  const configured = {
    opa: [
      { path: missing, by: 'the variable EVERYHOP_OPA' },
      { path: relative(process.cwd(), own), by: 'the settings' },
      { path: own, by: 'the settings' },
    ],
  }
  expect(await findTool('opa', { ...where, configured })).toMatchObject({
    found: 'configured',
    path: own,
    problems: [
      `${missing}, named by the variable EVERYHOP_OPA, is no program that can be started`,
      expect.stringContaining('is no whole path'),
    ],
  })
})

test('a relative folder on PATH is not looked into', async () => {
  const where = await places()
  await program(join(where.folder, 'opa'))
  const path = relative(process.cwd(), where.folder)
  expect(await findTool('opa', { ...where, path })).toEqual({ tool: 'opa', problems: [] })
  await program(join(where.folder, 'go'))
  expect(await hasGo(path)).toBe(false)
  expect(await hasGo(where.folder)).toBe(true)
})

test.each([
  ['is too old', 'echo "Version: 0.70.0"', /opa is 0\.70\.0; 1\.0\.0 or newer is needed$/],
  ['is of a year when versions were otherwise', 'echo "opa 1.2"', /does not say its version as OPA and Regal do$/],
  ['fails', 'echo "no such library" >&2; exit 127', /"opa version" ended with 127: no such library$/],
  ['ends by a signal', 'kill -9 $$', /"opa version" ended with a signal$/],
  ['steers the terminal', String.raw`printf '\033[2Jgone\n' >&2; exit 1`, /ended with 1: \u0020?\[2Jgone$/],
  ['never stops talking', 'yes', /"opa version" said too much$/],
  ['is no program', '', /does not say its version/],
])('a program that %s is not used, and why is told', async (_what, script, words) => {
  const where = await places()
  const path = await program(join(where.folder, 'opa'), script)
  const found = await findTool('opa', { ...where, configured: bySettings(path) })
  expect(found).toEqual({ tool: 'opa', problems: [expect.stringMatching(words)] })
})

test.each([
  ['hangs', 'exec sleep 600'],
  ['hangs in one of its own, which goes on and holds its output', 'sleep 30; echo never'],
])('a program that %s is stopped, and the next is looked at', async (_what, script) => {
  const where = await places()
  const path = await program(join(where.folder, 'opa'), script)
  const built = await program(builtPath('opa', where.built))
  const found = await findTool('opa', { ...where, configured: bySettings(path) }, createVersionReader(300))
  expect(found).toMatchObject({ path: built, problems: [`${path}: "opa version" did not end in time`] })
})

test('a program is asked once as long as its file stays the same, and again when it was exchanged', async () => {
  const where = await places()
  const told = join(where.folder, 'told')
  const path = await program(join(where.folder, 'opa'), `echo x >> ${told}; echo "Version: 1.2.3"`)
  const read = createVersionReader()
  const all = { ...where, configured: bySettings(path) }
  const [one, other] = await Promise.all([findTool('opa', all, read), findTool('opa', all, read)])
  expect([one, other, await findTool('opa', all, read)]).toMatchObject(Array(3).fill({ version: '1.2.3' }))
  const asked = await sha256Of(told)
  await findTool('opa', all, read)
  expect(await sha256Of(told)).toBe(asked)
  await program(path, 'echo "Version: 1.20.0-rc.1"')
  expect(await findTool('opa', all, read)).toMatchObject({ version: '1.20.0-rc.1' })
})

async function packagedIn(root: string, script: string) {
  const packaged = packagedPlaces(root)
  const path = await program(join(packaged.folder, 'opa'), script)
  const entry = { tool: 'opa' as const, version: '1.19.1', sha256: await sha256Of(path), licence: 'Apache-2.0' }
  const list: PackagedList = { version: 1, targets: { [targetName()]: [entry] } }
  await writeFile(packaged.list, JSON.stringify(list))
  return packaged
}

test('a packaged program that is not as it was packaged is never started', async () => {
  const where = await places()
  const packaged = await packagedIn(where.folder, 'echo "Version: 1.19.1"')
  expect(await findTool('opa', { ...where, packaged })).toMatchObject({ found: 'packaged' })
  const trace = join(where.folder, 'started')
  await program(join(packaged.folder, 'opa'), `touch ${trace}; echo "Version: 1.19.1"`)
  expect(await findTool('opa', { ...where, packaged })).toEqual({
    tool: 'opa',
    problems: [expect.stringMatching(/is not the file that was packaged: its SHA-256 is \w{64} and should be \w{64}/)],
  })
  await writeFile(packaged.list, '{"version": 1, "targets": {}}')
  expect(await findTool('opa', { ...where, packaged })).toMatchObject({ problems: [/is not among what was packaged/] })
  await writeFile(packaged.list, 'cut of')
  expect(await findTool('opa', { ...where, packaged })).toMatchObject({ problems: [/cannot be read .*packaged\.json/] })
  await expect(sha256Of(trace)).rejects.toThrow('ENOENT')
})

test('an installed application has its programs beside its archive, and the list of them inside', () => {
  expect(packagedPlaces(join('/opt', 'Everyhop', 'resources', 'app.asar'))).toEqual({
    folder: join('/opt', 'Everyhop', 'resources', 'tools'),
    list: join('/opt', 'Everyhop', 'resources', 'app.asar', 'dist', 'tools', 'packaged.json'),
  })
})
