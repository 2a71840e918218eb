import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { directoryStore } from '../../electron/policy/stores/directory-store.ts'
import { describedBy, httpStore } from '../../electron/policy/stores/http-store.ts'
import { startBundleServer } from '../builders/bundle-server.ts'
import { bundleStoreSuite, type StoreUnderTest } from './bundle-store-suite.ts'

const pointer = 'bundles/hops.tar.gz'
const access = { ca: async () => null, token: async () => null }
const never = new AbortController().signal

async function directory(): Promise<StoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-store-dir-'))
  return {
    store: directoryStore(folder, pointer),
    async overwrite(bytes) {
      await mkdir(join(folder, 'bundles'), { recursive: true })
      await writeFile(join(folder, pointer), bytes)
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

async function http(method: 'put' | 'webdav', conditions: boolean): Promise<StoreUnderTest> {
  const server = await startBundleServer(conditions)
  return {
    store: httpStore({ base: server.base, pointer, method, access }),
    async overwrite(bytes) {
      server.files.set(`/store/${pointer}`, Buffer.from(bytes))
    },
    close: () => server.close(),
  }
}

bundleStoreSuite('directory', directory, 'last-writer-wins')
bundleStoreSuite('HTTP that keeps preconditions', () => http('put', true), 'conditional')
bundleStoreSuite('HTTP that ignores preconditions', () => http('put', false), 'last-writer-wins')
bundleStoreSuite('WebDAV that ignores preconditions', () => http('webdav', false), 'last-writer-wins')

test('a store that refuses, is full or breaks off says so in its own words, and whether the write may have happened', async () => {
  const server = await startBundleServer(true)
  try {
    const store = httpStore({ base: server.base, pointer, method: 'put', access })
    await store.guard(never)
    server.failNext('PUT', 403)
    await expect(store.movePointer(new Uint8Array(1), null, never)).rejects.toMatchObject({
      reason: 'forbidden',
      mayHaveHappened: false,
      message: 'PUT /store/bundles/hops.tar.gz → 403 the store said no',
    })
    server.failNext('PUT', 507)
    await expect(store.movePointer(new Uint8Array(1), null, never)).rejects.toMatchObject({ reason: 'full' })
    server.failNext('PUT', 0)
    await expect(store.movePointer(new Uint8Array(1), null, never)).rejects.toMatchObject({
      reason: 'unreachable',
      mayHaveHappened: true,
    })
  } finally {
    await server.close()
  }
  const gone = httpStore({ base: server.base, pointer, method: 'put', access })
  await expect(gone.readPointer(never)).rejects.toMatchObject({ reason: 'unreachable', mayHaveHappened: false })
})

test('a token is not sent without TLS beyond this machine', async () => {
  const store = httpStore({
    base: new URL('http://store.example/'),
    pointer,
    method: 'put',
    access: { ca: async () => null, token: async () => 'planted-token' },
  })
  const refusal = await store.readPointer(never).catch((reason: unknown) => String(reason))
  expect(refusal).toMatch(/not sent to store\.example without TLS/)
  expect(refusal).not.toContain('planted-token')
})

test('an ETag of the second in which it was asked marks nothing: nginx gives the same to another content of that second', () => {
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toUTCString()
  const told = { etag: '"695-4"', 'last-modified': at(10) }
  expect(describedBy({ ...told, date: at(11) }).mark).toBeNull()
  expect(describedBy({ ...told, date: at(12) }).mark).toBe('"695-4"')
  expect(describedBy({ etag: '"of-the-content"' }).mark).toBe('"of-the-content"')
  expect(describedBy({ 'last-modified': at(10), date: at(20) }).mark).toBeNull()
})
