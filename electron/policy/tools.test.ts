import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { ToolState } from '../../shared/contract/policy.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { builtPath, downloadedPath, type ToolPlaces } from '../tools/find-tool.ts'
import { releaseOf } from '../tools/release.ts'
import { ToolFailure, type ToolName } from '../tools/tool.ts'
import { createTools, type Tools, type ToolWays } from './tools.ts'

const quiet = { info() {}, warn() {}, error() {} }
const sum = 'a'.repeat(64)

async function program(path: string, version: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `#!/bin/sh\necho "Version: ${version}"\n`)
  await chmod(path, 0o755)
  return path
}

/** Tools of a machine without any, whose ways a test decides. */
async function start(changes: Partial<ToolWays> = {}, withGo = true) {
  const folder = await temporaryFolder()
  if (withGo) await program(join(folder, 'path', 'go'), '0')
  const configured: Partial<Record<ToolName, { path: string; by: string }[]>> = {}
  const places: ToolPlaces = { configured, path: join(folder, 'path'), packaged: null, built: join(folder, 'built') }
  const asked: string[] = []
  const ways: ToolWays = {
    build: async (tool) => {
      asked.push(`build ${tool}`)
      return program(builtPath(tool, places.built), '1.19.1')
    },
    download: async ({ tool, url }, { sha256 }) => {
      asked.push(`download ${url} ${sha256}`)
      return program(downloadedPath(tool, places.built), '1.19.1')
    },
    sha256: async () => sum,
    releaseOf: (tool) => releaseOf(tool, 'linux-x64'),
    ...changes,
  }
  const tools = createTools(async () => places, quiet, ways)
  return { tools, asked, folder, configured }
}

async function stateOf(tools: Tools, tool: ToolName): Promise<ToolState> {
  const found = (await tools.states()).find((each) => each.tool === tool)
  if (found === undefined) throw new Error(`nothing is told of ${tool}`)
  return found
}

const ended = (tools: Tools, tool: ToolName): Promise<ToolState> =>
  vi.waitUntil(
    async () => {
      const state = await stateOf(tools, tool)
      return state.progress === null ? state : undefined
    },
    { timeout: 30_000 },
  )

test('a tool that is missing is told with the command to install it and the ways there are', async () => {
  const { tools } = await start()
  expect(await tools.states()).toEqual([
    {
      tool: 'opa',
      found: 'missing',
      version: null,
      place: null,
      pinned: '1.19.1',
      command: 'go install github.com/open-policy-agent/opa@v1.19.1',
      ways: ['build', 'download'],
      progress: null,
      problem: null,
      failure: null,
    },
    expect.objectContaining({ tool: 'regal', found: 'missing', pinned: '0.42.0' }),
  ])
  expect(await tools.regal()).toBeNull()
  await expect(tools.opa()).rejects.toMatchObject({ code: 'not-found', advice: expect.stringContaining('go install') })
})

test('a path that the settings name is used from then on, and one that is no program is told beside what is used', async () => {
  const { tools, folder, configured } = await start()
  const own = await program(join(folder, 'own'), '1.5.0')
  configured.opa = [{ path: own, by: 'the settings' }]
  expect(await stateOf(tools, 'opa')).toMatchObject({
    found: 'configured',
    version: '1.5.0',
    place: own,
    problem: null,
  })
  expect((await tools.opa()).path).toBe(own)
  configured.opa = [{ path: join(folder, 'gone'), by: 'the settings' }]
  const onPath = await program(join(folder, 'path', 'opa'), '1.6.0')
  expect(await stateOf(tools, 'opa')).toMatchObject({
    found: 'path',
    place: onPath,
    problem: expect.stringContaining('gone, named by the settings, is no program'),
  })
})

test('a build goes on in the background, is begun once, and the tool is there when it ends', async () => {
  const hold = Promise.withResolvers<undefined>()
  const asked: string[] = []
  const { tools } = await start({
    build: async (tool, { folder, progress }) => {
      asked.push(tool)
      progress('compiling')
      await hold.promise
      return program(builtPath(tool, folder), '1.19.1')
    },
  })
  expect(await tools.get('opa', 'build', null)).toMatchObject({ found: 'missing', progress: 'compiling' })
  expect(await tools.get('opa', 'build', null)).toMatchObject({ progress: 'compiling' })
  hold.resolve(undefined)
  expect(await ended(tools, 'opa')).toMatchObject({ found: 'built', version: '1.19.1', command: null })
  expect(asked).toEqual(['opa'])
})

test('a build that ends while the tool is looked for is told as ended and there', async () => {
  const built = Promise.withResolvers<undefined>()
  const { tools, folder } = await start({
    build: async (tool, { folder: place }) => {
      const path = await program(builtPath(tool, place), '1.19.1')
      built.resolve(undefined)
      return path
    },
  })
  // Looked at after the place of what is built, and answers only when it may: between the two the build ends.
  const [asked, may] = [join(folder, 'asked'), join(folder, 'may')]
  const slow = await program(downloadedPath('opa', join(folder, 'built')), '0.1.0')
  const wait = `touch ${asked}; until test -e ${may}; do sleep 0.02; done`
  await writeFile(slow, `#!/bin/sh\n${wait}\necho "Version: 0.1.0"\n`)
  const told = stateOf(tools, 'opa')
  await vi.waitUntil(() => existsSync(asked), { timeout: 30_000 })
  const begun = tools.get('opa', 'build', null)
  await built.promise
  await setImmediate()
  await writeFile(may, '')
  expect(await told).toMatchObject({ found: 'built', version: '1.19.1', progress: null })
  await begun
})

test('a build that fails is told until the next, and one without Go is not begun', async () => {
  let isBroken = true
  const { tools } = await start({
    build: async (tool, { folder }) => {
      if (isBroken) throw new ToolFailure('"go build" ended with 1: no space left on device')
      return program(builtPath(tool, folder), '0.42.0')
    },
  })
  await tools.get('regal', 'build', null)
  expect(await ended(tools, 'regal')).toMatchObject({
    found: 'missing',
    failure: expect.stringMatching(/no space left on device$/),
  })
  isBroken = false
  await tools.get('regal', 'build', null)
  expect(await ended(tools, 'regal')).toMatchObject({ found: 'built', failure: null })
  const without = await start({}, false)
  expect(await stateOf(without.tools, 'opa')).toMatchObject({ ways: ['download'] })
  await expect(without.tools.get('opa', 'build', null)).rejects.toMatchObject({ code: 'not-found', subject: 'go' })
  expect(without.asked).toEqual([])
})

test('a release is downloaded only with the sum that was shown for it', async () => {
  const { tools, asked } = await start()
  const conflict = { code: 'conflict', message: expect.stringContaining('was not shown before') }
  await expect(tools.get('opa', 'download', sum)).rejects.toMatchObject(conflict)
  const release = await tools.release('opa')
  expect(release).toMatchObject({ tool: 'opa', version: '1.19.1', sha256: sum, licence: 'Apache-2.0' })
  await expect(tools.get('opa', 'download', null)).rejects.toMatchObject(conflict)
  await expect(tools.get('opa', 'download', 'b'.repeat(64))).rejects.toMatchObject(conflict)
  await expect(tools.get('regal', 'download', sum)).rejects.toMatchObject(conflict)
  expect(asked).toEqual([])
  await tools.get('opa', 'download', sum)
  expect(await ended(tools, 'opa')).toMatchObject({ found: 'downloaded', version: '1.19.1' })
  expect(asked).toEqual([`download ${release.url} ${sum}`])
})

test('offline the command to install is given, and so it is where there is no release', async () => {
  const offline = await start({ sha256: () => Promise.reject(new ToolFailure('ENOTFOUND github.com.')) })
  await expect(offline.tools.release('regal')).rejects.toMatchObject({
    code: 'unreachable',
    message: 'The release of regal cannot be looked at. ENOTFOUND github.com.',
    advice: 'Without a way there, install it: go install github.com/open-policy-agent/regal@v0.42.0',
  })
  const elsewhere = await start({ releaseOf: () => null })
  expect(await stateOf(elsewhere.tools, 'opa')).toMatchObject({ ways: ['build'] })
  await expect(elsewhere.tools.release('opa')).rejects.toMatchObject({
    code: 'unsupported-version',
    advice: expect.stringContaining('go install'),
  })
})

test('what is under way ends with the service', async () => {
  let isCleaned = false
  const { tools } = await start({
    build: (_tool, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', async () => {
          await setImmediate()
          isCleaned = true
          reject(new ToolFailure('It was stopped.'))
        })
      }),
  })
  await tools.get('opa', 'build', null)
  await tools.close()
  expect(isCleaned).toBe(true)
})
