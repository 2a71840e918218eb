import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { buildTool } from './build-tool.ts'
import { builtPath } from './find-tool.ts'

const never = new AbortController().signal

/** A Go that does what the script says; `$out` is where the program is wanted. */
async function fakeGo(script: string) {
  const folder = await temporaryFolder()
  const go = join(folder, 'go')
  const head = '#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; last=$1; shift; done\n'
  await writeFile(go, `${head}${script}\n`)
  await chmod(go, 0o755)
  return { go, folder: join(folder, 'bin'), seen: join(folder, 'seen') }
}

const writes = (version: string): string =>
  `printf '#!/bin/sh\\necho "Version: ${version}"\\n' > "$out"; chmod 755 "$out"`

test('the pinned module is built from its own go.sum, and has its name when it is whole', async () => {
  const { go, folder, seen } = await fakeGo('')
  await writeFile(
    go,
    `${await readFile(go, 'utf8')}echo "$last $GOFLAGS $CGO_ENABLED" > ${seen}; ls go.sum go.mod >> ${seen}; echo compiling >&2\n${writes('1.19.1')}\n`,
  )
  const told: string[] = []
  const path = await buildTool('opa', { go, folder, signal: never, progress: (line) => told.push(line) })
  expect(path).toBe(builtPath('opa', folder))
  expect(await readdir(folder)).toEqual(['opa-1.19.1'])
  expect(await readFile(seen, 'utf8')).toBe(
    'github.com/open-policy-agent/opa -mod=readonly -buildvcs=false -modcacherw 0\ngo.mod\ngo.sum\n',
  )
  expect(told[0]).toBe('Building opa 1.19.1 with Go')
  expect(told).toContain('compiling')
  expect(told.at(-1)).toMatch(/is built, SHA-256 \w{64}$/)
})

test.each([
  [
    'fails',
    'echo "dial tcp: lookup proxy: no such host" >&2; exit 1',
    /"go build" ended with 1: dial tcp: lookup proxy/,
  ],
  ['makes nothing', 'exit 0', /What was built is not regal 0\.42\.0/],
  ['makes another version', writes('0.1.0'), /it says that it is 0\.1\.0\.$/],
])('a Go that %s leaves no program behind, and what it said is told', async (_what, script, words) => {
  const { go, folder } = await fakeGo(script)
  await expect(buildTool('regal', { go, folder, signal: never, progress: () => {} })).rejects.toThrow(words)
  expect(await readdir(folder)).toEqual([])
})

test('without Go it is told what to install', async () => {
  const folder = await temporaryFolder()
  const asked = buildTool('opa', { go: join(folder, 'no-go'), folder, signal: never, progress: () => {} })
  await expect(asked).rejects.toThrow('Go is not installed here: install Go 1.26 or newer, or the tool itself.')
})

test('a build that is stopped ends, and leaves nothing', async () => {
  const { go, folder } = await fakeGo('echo begun; exec sleep 600')
  const stop = new AbortController()
  const progress = (line: string): void => {
    if (line === 'begun') stop.abort()
  }
  await expect(buildTool('opa', { go, folder, signal: stop.signal, progress })).rejects.toThrow('It was stopped.')
  expect(await readdir(folder)).toEqual([])
})
