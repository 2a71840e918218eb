import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { packTar, type TarEntry } from 'modern-tar'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { composeService } from '../../electron/service/compose.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'

/** What others put into a store or a draft, on a real OPA; no OPA of an environment is there, and none is needed. */
const environment = 'hostile'
const bundle = 'hops'
/** A first run builds OPA. */
const buildMs = 10 * 60_000
let folder: string
let pointer: string
let client: ServiceClient
let end: () => Promise<void>

beforeAll(async () => {
  const { 'opa-envoy': opa } = await ensureBinaries(['opa-envoy'], { log: () => {} })
  vi.stubEnv('EVERYHOP_OPA', opa.path)
  folder = await mkdtemp(join(tmpdir(), 'hostile-'))
  const store = join(folder, 'store')
  pointer = join(store, 'hops.tar.gz')
  await mkdir(store)
  await mkdir(join(folder, 'home', 'environments'), { recursive: true })
  const bundles = [{ name: bundle, store: { directory: store }, pointer: 'hops.tar.gz', decision: 'hops/allow' }]
  const text = {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: environment,
    policy: { bundles },
    sources: {},
  }
  await writeFile(join(folder, 'home', 'environments', `${environment}.yaml`), stringify(text))
  const data = takeDataFolder(join(folder, 'home', 'data'))
  const service = composeService('cli', join(folder, 'home'), data)
  const door = connectInProcess(service.router, service.log)
  client = door.client
  end = async () => {
    door.close()
    await service.stop()
    data.release()
  }
}, buildMs)
afterAll(async () => {
  await end?.()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

function file(name: string, text: string): TarEntry {
  const body = new TextEncoder().encode(text)
  return { header: { name, size: body.length }, body }
}

async function put(...entries: readonly TarEntry[]): Promise<void> {
  const manifest = file('/.manifest', JSON.stringify({ revision: 'r1', roots: [''] }))
  await writeFile(pointer, gzipSync(await packTar([manifest, ...entries])))
}

const live = { revision: 'r1', digest: null }
const simulate = (input: unknown) => client.policy.simulate({ environment, bundle, deployed: live, draft: null, input })

test('a policy that runs for ever is stopped, and says so', async () => {
  const rego = `package hops\n\nallow if {\n\tcount([1 |\n\t\tsome a in numbers.range(1, 10000)\n\t\tsome b in numbers.range(1, 10000)\n\t\ta * b == input.never\n\t]) > 0\n}\n`
  await put(file('/hops/a.rego', rego))
  const { deployed } = await simulate({ never: -1 })
  expect(deployed).toMatchObject({ decision: 'error' })
  expect(deployed?.error).toMatch(/longer than|more memory|length that cannot be read/)
})

test('a policy that calls out is refused in OPA’s words, and nothing is called', async () => {
  await put(
    file(
      '/hops/a.rego',
      'package hops\n\nallow if http.send({"method": "GET", "url": "http://127.0.0.1:9/"}).status_code == 200\n',
    ),
  )
  const { deployed } = await simulate({})
  expect(deployed).toMatchObject({ decision: 'error', error: expect.stringContaining('http.send') })
})

test('a bundle with names that lead out, links and devices is shown with what was left out, and never published again', async () => {
  await put(
    file('/hops/a.rego', 'package hops\n\nallow if input.x\n'),
    file('../../../evil.rego', 'package evil\n'),
    file('/hops/../../evil.rego', 'package evil\n'),
    { header: { name: 'passwd', size: 0, type: 'symlink', linkname: '/etc/passwd' } },
    { header: { name: 'hard', size: 0, type: 'link', linkname: '/etc/passwd' } },
  )
  const content = await client.policy.content({ environment, bundle, of: live })
  expect(content.files.map(({ path }) => path)).toEqual(['hops/a.rego'])
  expect(content.problems).toHaveLength(4)
  expect(content.problems.join('\n')).toMatch(/leads out of the bundle[\s\S]*symlink/)
  const draft = await client.policy.startDraft({ environment, bundle, from: live })
  expect(draft.files.map(({ path }) => path)).toEqual(['hops/a.rego'])
  await expect(client.policy.plan({ environment, bundle, of: live })).rejects.toThrow(/cannot be published again/)
  const names = await readdir(folder, { recursive: true })
  expect(names.filter((name) => /evil|passwd/.test(name))).toEqual([])
})

test('200 MB of data are listed, not shown, and simulated within limits: an answer in words, and memory that is given back', async () => {
  const part = `${JSON.stringify('x'.repeat(1023))},`.repeat(1024)
  const text = `{"big":[${part.repeat(200)}0]}`
  await put(file('/data.json', text), file('/hops/a.rego', 'package hops\n\nallow if count(data.big) > 0\n'))
  const [shown] = await client.policy.bundles({ environment })
  expect(shown?.live).toMatchObject({ known: true, value: { revision: 'r1' } })
  const asked = { environment, bundle, of: live }
  const { files } = await client.policy.content(asked)
  expect(files.find(({ path }) => path === 'data.json')?.bytes).toBeGreaterThan(200 * 1024 ** 2)
  await expect(client.policy.file({ ...asked, path: 'data.json' })).rejects.toThrow(/files up to 8 MB are shown/)
  const { deployed, problem } = await simulate({})
  expect(deployed?.decision === 'allow' || /longer than|more memory/.test(`${deployed?.error} ${problem}`)).toBe(true)
  // What stays: the service holds no copy of it.
  await expect.poll(() => process.memoryUsage().external, { timeout: 30_000 }).toBeLessThan(1024 ** 3)
})

test('200 MB that another program put into a draft are listed, not opened, checked and simulated within limits; more is refused', async () => {
  await put(file('/hops/a.rego', 'package hops\n\nallow if count(data.big) > 0\n'))
  const { id } = await client.policy.startDraft({ environment, bundle, from: live })
  const place = join(folder, 'home', 'data', 'policy', 'drafts', id, 'files', 'data.json')
  const part = `${JSON.stringify('x'.repeat(1023))},`.repeat(1024)
  await writeFile(place, `{"big":[${part.repeat(200)}0]}`)
  const { files, changed } = await client.policy.draft({ draft: id })
  expect(files.find(({ path }) => path === 'data.json')?.bytes).toBeGreaterThan(200 * 1024 ** 2)
  expect(changed).toEqual(['data.json'])
  await expect(client.policy.readDraft({ draft: id, path: 'data.json' })).rejects.toThrow(
    /has 201 MB: the editor takes 8 MB/,
  )
  const checked = client.policy.check({ draft: id }).then(
    (problems) => problems.map(({ message }) => message).join(),
    (reason: unknown) => String(reason),
  )
  expect(await checked).toMatch(/^$|took too long|more memory/)
  const asked = { environment, bundle, deployed: null, draft: id, input: {} }
  const { draft, problem } = await client.policy.simulate(asked)
  expect(draft?.decision === 'allow' || /longer than|more memory|not ready/.test(`${draft?.error} ${problem}`)).toBe(
    true,
  )
  await truncate(place, 300 * 1024 ** 2)
  const refused = await client.policy.simulate(asked)
  expect(refused).toMatchObject({
    draft: null,
    problem: expect.stringMatching(/data\.json .* has 300 MB; .* up to 256 MB/),
  })
  await client.policy.discardDraft({ draft: id })
})

test('what is no bundle at all is said where what is live would stand', async () => {
  await writeFile(pointer, 'not a bundle')
  const [shown] = await client.policy.bundles({ environment })
  expect(shown?.live).toMatchObject({ known: false, reason: { code: 'policy-store-unreadable' } })
})
