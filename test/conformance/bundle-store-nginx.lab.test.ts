import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { httpStore } from '../../electron/policy/stores/http-store.ts'
import { composeService } from '../../electron/service/compose.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { connectInProcess } from '../../electron/service/in-process.ts'
import { findFreePorts } from '../lab/ports.ts'
import { type Server, startServer, waitFor } from '../lab/processes.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { ensureNginx } from '../lab/provision/nginx.ts'
import { bundleStoreSuite, type StoreUnderTest } from './bundle-store-suite.ts'

/** Debian's nginx with WebDAV, as a bundle store: recorded here is that it ignores If-Match and If-None-Match. */
const installMs = 10 * 60_000
const pointer = 'bundles/hops.tar.gz'
const access = { ca: async () => null, token: async () => null }
let folder: string
let port: number
let nginx: Server

beforeAll(async () => {
  const program = await ensureNginx((line) => console.log(line))
  folder = await mkdtemp(join(tmpdir(), 'nginx-'))
  ;[port = 0] = await findFreePorts(['127.0.0.1'], 1)
  for (const name of ['store', 'body', 'temp']) await mkdir(join(folder, name), { mode: 0o777 })
  const temporary = ['proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${folder}/temp/${name};`)
  // Everything in the run folder, and the account that runs the test: nothing of the system's own nginx is used.
  const account = process.getuid?.() === 0 ? 'user root;' : ''
  const config = `${account}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
${temporary.join('\n')}
  server {
    listen 127.0.0.1:${port};
    root ${folder}/store;
    client_max_body_size 300m;
    dav_methods PUT DELETE MKCOL COPY MOVE;
    create_full_put_path on;
  }
}
`
  await writeFile(join(folder, 'nginx.conf'), config)
  nginx = startServer({
    name: 'nginx',
    command: program,
    arguments: ['-e', join(folder, 'error.log'), '-p', folder, '-c', join(folder, 'nginx.conf')],
    logFile: join(folder, 'nginx.log'),
    mark: randomUUID(),
  })
  const isUp = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/`)).status > 0
  await waitFor('nginx answers', isUp, { timeoutMs: 20_000, everyMs: 50, server: nginx })
}, installMs)
afterAll(async () => {
  await nginx?.stop()
  await rm(folder, { recursive: true, force: true })
})

let stores = 0

async function store(method: 'put' | 'webdav'): Promise<StoreUnderTest> {
  stores += 1
  const own = `s${stores}`
  return {
    store: httpStore({ base: new URL(`http://127.0.0.1:${port}/${own}/`), pointer, method, access }),
    async overwrite(bytes) {
      const file = join(folder, 'store', own, pointer)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, bytes)
    },
    close: () => rm(join(folder, 'store', own), { recursive: true, force: true }),
  }
}

bundleStoreSuite('nginx, WebDAV', () => store('webdav'), 'last-writer-wins')
bundleStoreSuite('nginx, PUT', () => store('put'), 'last-writer-wins')

test('a draft is published through it, the object beside the pointer, and rolled back as a new revision', async () => {
  const { 'opa-envoy': opa } = await ensureBinaries(['opa-envoy'], { log: () => {} })
  vi.stubEnv('EVERYHOP_OPA', opa.path)
  const home = join(folder, 'home')
  await mkdir(join(home, 'environments'), { recursive: true })
  const [environment, bundle] = ['dav', 'hops']
  const base = `http://127.0.0.1:${port}/live/`
  const bundles = [{ name: bundle, store: { http: base, method: 'webdav' }, pointer, decision: 'hops/allow' }]
  const yaml = {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: environment,
    policy: { bundles },
    sources: {},
  }
  await writeFile(join(home, 'environments', 'dav.yaml'), stringify(yaml))
  const first = join(folder, 'first.tar.gz')
  execFileSync(opa.path, ['build', '--bundle', '.', '--revision', 'r1', '--output', first], {
    cwd: await folderOf('package hops\n\nallow if input.x == 1\n'),
  })
  expect((await fetch(`${base}${pointer}`, { method: 'PUT', body: await readFile(first) })).status).toBe(201)
  const data = takeDataFolder(join(home, 'data'))
  const service = composeService('cli', home, data)
  const { client, close } = connectInProcess(service.router, service.log)
  try {
    const live = { revision: 'r1', digest: null }
    const draft = await client.policy.startDraft({ environment, bundle, from: live })
    const path = 'a.rego'
    const { version } = await client.policy.readDraft({ draft: draft.id, path })
    await client.policy.writeDraft({ draft: draft.id, path, text: 'package hops\n\nallow if input.x == 2\n', version })
    await client.changes.enable({ environment, minutes: 5, typed: null })
    for (const [of, warned] of [
      [{ draft: draft.id }, 'publish-guard-unknown'],
      [live, 'publish-last-writer-wins'],
    ] as const) {
      const { token, warnings } = await client.policy.plan({ environment, bundle, of })
      expect(warnings.map(({ code }) => code)).toContain(warned)
      const steps: string[] = []
      for await (const { step } of await client.policy.publish({ environment, bundle, of, token, typed: null })) {
        steps.push(step)
      }
      expect(steps.slice(0, 4)).toEqual(['built', 'uploaded', 'pointed', 'verified'])
    }
    const [now] = await client.policy.bundles({ environment })
    expect(now?.live).toMatchObject({ known: true, value: { revision: 'r3' } })
    const [newest, changed] = await client.policy.revisions({ environment, bundle })
    expect([newest?.rollsBackTo, changed?.revision]).toEqual(['r1', 'r2'])
    expect(await client.changes.verify({})).toMatchObject({ intact: true, unfinished: [] })
  } finally {
    close()
    await service.stop()
    data.release()
    vi.unstubAllEnvs()
  }
})

async function folderOf(text: string): Promise<string> {
  const place = join(folder, 'rego')
  await mkdir(place, { recursive: true })
  await writeFile(join(place, 'a.rego'), text)
  return place
}
