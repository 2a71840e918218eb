import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ensureBinaries } from './binaries.ts'
import { componentOf } from './components.ts'

let folder = ''
let onPath = ''
let cache = ''

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'provision-'))
  onPath = path.join(folder, 'path')
  cache = path.join(folder, 'cache')
  await mkdir(onPath)
  vi.stubEnv('PATH', onPath)
  vi.stubEnv('EVERYHOP_CACHE', cache)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const quiet = { log: () => undefined }

async function placeProgram(name: string, script: string): Promise<string> {
  const file = path.join(onPath, name)
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
  return file
}

test('takes a program from PATH when its version fits', async () => {
  const file = await placeProgram('envoy', 'echo "envoy  version: 9e5580/1.40.2/Clean/RELEASE/BoringSSL"')
  expect(await ensureBinaries(['envoy'], quiet)).toEqual({ envoy: { path: file, version: '1.40.2', from: 'path' } })
})

test('takes a version told on standard error', async () => {
  await placeProgram('spire-agent', 'echo 1.15.4 >&2')
  expect((await ensureBinaries(['spire-agent'], quiet))['spire-agent']).toMatchObject({
    version: '1.15.4',
    from: 'path',
  })
})

test('passes over a program on PATH of another version, one that fails and one that says nothing', async () => {
  for (const script of ['echo "envoy  version: 9e5580/1.29.0/Clean/RELEASE/BoringSSL"', 'exit 3', 'true']) {
    await placeProgram('envoy', script)
    await expect(ensureBinaries(['envoy'], quiet)).rejects.toThrow('the program python3 is not installed')
  }
})

test('does not take a program from PATH that tells no version', async () => {
  await placeProgram('spire-controller-manager', 'echo anything')
  await expect(ensureBinaries(['spire-controller-manager'], quiet)).rejects.toThrow('the program go is not installed')
})

test("gives the API server its version by the linker, which the server's /version needs", async () => {
  const build = 'for word in "$@"; do case "$word" in -ldflags=*) flags="$word";; esac; done; echo "$flags" >&2; exit 1'
  await placeProgram('go', `if [ "$1" = version ]; then echo go version go1.26.8; else ${build}; fi`)
  await expect(ensureBinaries(['kube-apiserver'], quiet)).rejects.toThrow(
    /-ldflags=-s -w -X k8s\.io\/component-base\/version\.gitVersion=v1\.36\.2 -X .*gitMajor=1 -X .*gitMinor=36/,
  )
})

test('names the part, what it needs and the command when Go is missing', async () => {
  await expect(ensureBinaries(['opa-envoy'], quiet)).rejects.toThrow(
    "building the lab's servers needs Go 1.26 or newer: the program go is not installed or not on PATH (command: go version)",
  )
})

test('refuses a Go that is too old', async () => {
  await placeProgram('go', 'echo "go version go1.22.4 linux/amd64"')
  await expect(ensureBinaries(['opa-envoy'], quiet)).rejects.toThrow('but "go version" says: go version go1.22.4')
})

test('shows how a build failed, and leaves neither a half program nor a lock nor Go caches', async () => {
  await placeProgram(
    'go',
    'if [ "$1" = version ]; then echo "go version go1.26.8 linux/amd64"; else echo boom >&2; exit 1; fi',
  )
  const lines: string[] = []
  const building = ensureBinaries(['opa-envoy'], { log: (line) => lines.push(line) })
  await expect(building).rejects.toThrow(
    /building OPA with the Envoy plugin .*ended with code 1 \(command: go build .*\nboom/s,
  )
  expect(lines).toEqual([expect.stringMatching(/^OPA with the Envoy plugin 1\.15\.2: building, once; about \d+ min/)])
  expect(await readdir(path.join(cache, 'bin'))).toEqual([])
  expect(await readdir(cache)).toEqual(['bin'])
})

test('uses what a build left in the cache the next time', async () => {
  // Stands for `go build`: writes a program that tells a version to the name after -o.
  const build =
    'while [ "$1" != -o ]; do shift; done; printf "#!/bin/sh\\necho Version: 1.15.2\\n" > "$2"; /bin/chmod 755 "$2"'
  await placeProgram('go', `if [ "$1" = version ]; then echo go version go1.26.8; else ${build}; fi`)
  const built = (await ensureBinaries(['opa-envoy'], quiet))['opa-envoy']
  expect(built).toMatchObject({ version: componentOf('opa-envoy').version, from: 'built' })
  expect(path.basename(built.path)).toMatch(/^opa-envoy-[0-9a-f]{12}$/)
  expect((await ensureBinaries(['opa-envoy'], quiet))['opa-envoy']).toEqual({ ...built, from: 'cache' })
})

test('takes over a build lock whose owner is gone', async () => {
  await mkdir(cache)
  await writeFile(path.join(cache, 'build.lock'), '999999999')
  await expect(ensureBinaries(['opa-envoy'], quiet)).rejects.toThrow('the program go is not installed')
  expect(await readdir(cache)).not.toContain('build.lock')
})
