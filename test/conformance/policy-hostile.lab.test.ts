import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { packTar, type TarEntry } from 'modern-tar'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { digestOf } from '../../electron/policy/bundle-archive.ts'
import { objectName } from '../../electron/policy/stores/store.ts'
import { composeService } from '../../electron/service/compose.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import type { PublishProgress } from '../../shared/contract/policy.ts'
import { type BundleServer, startBundleServer } from '../builders/bundle-server.ts'
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
/** The same, of a store that is reached by HTTP. */
const remote = 'remote'
let server: BundleServer

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
  server = await startBundleServer(true)
  const http = [{ ...bundles[0], store: { http: server.base.href, method: 'put' } }]
  const other = { ...text, name: remote, production: true, policy: { bundles: http } }
  await writeFile(join(folder, 'home', 'environments', `${remote}.yaml`), stringify(other))
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
  await server?.close()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

function file(name: string, text: string): TarEntry {
  const body = new TextEncoder().encode(text)
  return { header: { name, size: body.length }, body }
}

async function bundleOf(manifest: object, ...entries: readonly TarEntry[]): Promise<Buffer> {
  return gzipSync(await packTar([file('/.manifest', JSON.stringify(manifest)), ...entries]))
}

async function put(...entries: readonly TarEntry[]): Promise<void> {
  await writeFile(pointer, await bundleOf({ revision: 'r1', roots: [''] }, ...entries))
}

const live = { revision: 'r1', digest: null }

async function published(
  asked: Parameters<ServiceClient['policy']['publish']>[0],
): Promise<readonly PublishProgress[]> {
  const steps: PublishProgress[] = []
  for await (const step of await client.policy.publish(asked)) steps.push(step)
  return steps
}

const simulate = (input: unknown, explain = true) =>
  client.policy.simulate({ environment, bundle, deployed: live, draft: null, explain, input })

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
  for (const explain of [false, true]) {
    const { deployed } = await simulate({}, explain)
    expect(deployed).toMatchObject({ decision: 'error', error: expect.stringContaining('http.send') })
  }
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
  expect(draft.leftOut).toEqual(content.problems)
  await expect(client.policy.plan({ environment, bundle, of: live })).rejects.toThrow(/cannot be published again/)
  const plan = await client.policy.plan({ environment, bundle, of: { draft: draft.id } })
  const lost = plan.warnings.filter(({ mustBeAccepted }) => mustBeAccepted)
  expect(lost.map(({ code }) => code)).toEqual(content.problems.map(() => 'publish-left-out'))
  await client.changes.enable({ environment, minutes: 5, typed: null })
  const { token } = plan
  await expect(published({ environment, bundle, of: { draft: draft.id }, token, typed: null })).rejects.toThrow(
    /not published before somebody accepts/,
  )
  await client.changes.disable({ environment })
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

test('a draft that does not parse is planned: the check fails with its place, and nothing is built', async () => {
  await put(file('/hops/a.rego', 'package hops\n\nallow if input.x\n'))
  const { id } = await client.policy.startDraft({ environment, bundle, from: live })
  const { version } = await client.policy.readDraft({ draft: id, path: 'hops/a.rego' })
  await client.policy.writeDraft({ draft: id, path: 'hops/a.rego', text: 'package hops\n\nallow if {\n', version })
  const { gates, to, differences } = await client.policy.plan({ environment, bundle, of: { draft: id } })
  expect(gates.find(({ gate }) => gate === 'check')).toMatchObject({
    outcome: 'failed',
    blocks: true,
    detail: expect.stringContaining('hops/a.rego:'),
  })
  expect(gates.find(({ gate }) => gate === 'build')).toMatchObject({ outcome: 'not-evaluated' })
  expect(to.digest).toBeNull()
  expect(differences?.map(({ path }) => path)).toEqual(['hops/a.rego'])
  await client.policy.discardDraft({ draft: id })
})

test('a bundle without a revision name, as opa build makes it, is shown, drafted, compared and brought back', async () => {
  const rego = 'package hops\n\nallow if input.y\n'
  await writeFile(pointer, await bundleOf({ revision: '', roots: [''] }, file('/hops/a.rego', rego)))
  const [shown] = await client.policy.bundles({ environment })
  if (shown?.live.known !== true) throw new Error('what is live is not known')
  const unnamed = shown.live.value
  expect(unnamed).toMatchObject({ revision: '', digest: expect.stringMatching(/^[0-9a-f]{64}$/) })
  const asked = { environment, bundle, of: unnamed }
  expect((await client.policy.content(asked)).files.map(({ path }) => path)).toEqual(['hops/a.rego'])
  expect((await client.policy.file({ ...asked, path: 'hops/a.rego' })).text).toBe(rego)
  const { id } = await client.policy.startDraft({ environment, bundle, from: unnamed })
  expect(await client.policy.difference({ environment, bundle, from: unnamed, to: { draft: id } })).toEqual([])
  expect((await client.policy.plan({ environment, bundle, of: { draft: id } })).to.revision).toBe('r2')
  await put(file('/hops/a.rego', 'package hops\n'))
  expect((await client.policy.plan(asked)).differences?.map(({ path }) => path)).toContain('hops/a.rego')
  await client.policy.discardDraft({ draft: id })
})

test('the manifest of a bundle is part of what differs, and is not lost when it is brought back', async () => {
  const old = file('/hops/old.rego', 'package hops\n\nallow { input.x }\n')
  const manifest = { revision: 'r0', roots: ['hops'], rego_version: 0, metadata: { team: 'payments' } }
  await writeFile(pointer, await bundleOf(manifest, old))
  await client.policy.bundles({ environment })
  await put(file('/hops/a.rego', 'package hops\n\nallow if input.x\n'))
  const { gates, differences } = await client.policy.plan({ environment, bundle, of: { revision: 'r0' } })
  expect(gates.find(({ gate }) => gate === 'check')).toMatchObject({ outcome: 'passed' })
  const after = differences?.find(({ path }) => path === '.manifest')?.after ?? 'null'
  expect(JSON.parse(after)).toEqual({ roots: ['hops'], rego_version: 0, metadata: { team: 'payments' } })
})

test('objects that another Everyhop put into the store are revisions to bring back; what is there under a wrong name is none', async () => {
  await put(file('/hops/a.rego', 'package hops\n\nallow if input.x\n'))
  const theirs = await bundleOf(
    { revision: 'r30', roots: [''] },
    file('/hops/a.rego', 'package hops\n\nallow if input.z\n'),
  )
  const objects = join(folder, 'store', 'hops.revisions')
  await mkdir(objects, { recursive: true })
  await writeFile(join(objects, objectName('r30', digestOf(theirs))), theirs)
  await writeFile(join(objects, objectName('r31', digestOf(Buffer.from('x')))), theirs)
  const revisions = await client.policy.revisions({ environment, bundle })
  const found = revisions.find(({ revision }) => revision === 'r30')
  expect(found).toMatchObject({ held: 'store', digest: digestOf(theirs), signature: { state: 'missing' } })
  expect(revisions.some(({ revision }) => revision === 'r31')).toBe(false)
  const of = { revision: 'r30', digest: found?.digest ?? null }
  const { differences, gates } = await client.policy.plan({ environment, bundle, of })
  expect(differences?.map(({ path }) => path)).toContain('hops/a.rego')
  expect(gates.find(({ gate }) => gate === 'build')).toMatchObject({ outcome: 'passed' })
})

test('what is no bundle at all is said where what is live would stand, and the last one is brought back over it', async () => {
  await put(file('/hops/a.rego', 'package hops\n\nallow if input.x\n'))
  await client.policy.bundles({ environment })
  const whole = await readFile(pointer)
  await client.changes.enable({ environment, minutes: 5, typed: null })
  for (const broken of [Buffer.from('not a bundle'), whole.subarray(0, whole.length / 2)]) {
    await writeFile(pointer, broken)
    const [shown] = await client.policy.bundles({ environment })
    expect(shown?.live).toMatchObject({ known: false, reason: { code: 'policy-live-unreadable' } })
    const { token, from, differences, warnings } = await client.policy.plan({ environment, bundle, of: live })
    expect([from?.revision, differences]).toEqual(['', null])
    expect(warnings.map(({ code }) => code)).toContain('publish-live-unreadable')
    const steps = await published({ environment, bundle, of: live, token, typed: null })
    expect(steps.map(({ step }) => step)).toEqual(['built', 'uploaded', 'pointed', 'verified', 'convergence'])
    expect((await client.policy.bundles({ environment }))[0]?.live.known).toBe(true)
  }
  await client.changes.disable({ environment })
})

test('a plan writes nothing to a store; what a publication tries there is known for the next', async () => {
  const path = '/store/hops.tar.gz'
  const rego = file('/hops/a.rego', 'package hops\n\nallow if input.x\n')
  server.files.set(path, await bundleOf({ revision: 'r1', roots: [''] }, rego))
  const { id } = await client.policy.startDraft({ environment: remote, bundle, from: live })
  const of = { draft: id }
  server.asked.length = 0
  const { token, warnings } = await client.policy.plan({ environment: remote, bundle, of })
  expect(server.asked.filter(({ method }) => method !== 'GET')).toEqual([])
  expect(warnings.map(({ code }) => code)).toContain('publish-guard-unknown')
  expect([...server.files.keys()]).toEqual([path])
  await client.changes.enable({ environment: remote, minutes: 5, typed: remote })
  const steps = await published({ environment: remote, bundle, of, token, typed: remote })
  expect(steps.map(({ step }) => step)).toContain('verified')
  const [revision] = await client.policy.revisions({ environment: remote, bundle })
  expect(revision?.held).toBe('store')
  const again = await client.policy.plan({ environment: remote, bundle, of })
  expect(again.warnings.map(({ code }) => code)).not.toContain('publish-guard-unknown')
  const older = (await client.policy.revisions({ environment: remote, bundle })).find((each) => each.revision === 'r1')
  expect(older?.held).toBe('unlisted')
  server.asked.length = 0
  await client.policy.bundles({ environment: remote })
  expect(server.asked).toEqual([{ method: 'GET', path, status: 304 }])
})

test('a store that is down is named in the answer, with its words', async () => {
  await server.close()
  const { host } = server.base
  const failed = client.policy.plan({ environment: remote, bundle, of: live })
  await expect(failed).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(
      new RegExp(`The bundle store http://${host}/store/ could not do this: “.*refused`, 'i'),
    ),
  })
})
