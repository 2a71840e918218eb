import { createHash, randomUUID } from 'node:crypto'
import { askStore, type StoreAccess, type StoreAnswer, type StoreMethod } from './http-client.ts'
import {
  type BundleStore,
  isSettled,
  named,
  objectFolder,
  objectPattern,
  type Stored,
  StoreFailure,
  type StoreGuard,
} from './store.ts'

export interface HttpStoreSettings {
  /** Everything is below it. */
  readonly base: URL
  readonly pointer: string
  /** webdav: the pointer is written under another name and moved, so that OPAs never see a part of it. */
  readonly method: 'put' | 'webdav'
  readonly access: StoreAccess
}

/** A store that takes PUT: WebDAV, an object store behind a gateway, Artifactory and the like. */
export function httpStore({ base, pointer, method, access }: HttpStoreSettings): BundleStore {
  const root = new URL(base.href.endsWith('/') ? base.href : `${base.href}/`)
  const pointerUrl = below(root, pointer)
  const folder = objectFolder(pointer)
  const shown = `${root.protocol}//${root.host}${root.pathname}`
  let knownGuard: StoreGuard | null = null

  function ask(
    verb: StoreMethod,
    url: URL,
    signal: AbortSignal,
    rest: { headers?: Record<string, string>; body?: Uint8Array } = {},
  ): Promise<StoreAnswer> {
    return askStore({ method: verb, url, signal, ...rest }, access)
  }

  async function read(url: URL, signal: AbortSignal): Promise<Stored | null> {
    return storedOf(url, await ask('GET', url, signal, { headers: { 'cache-control': 'no-cache' } }))
  }

  function storedOf(url: URL, answer: StoreAnswer): Stored | null {
    if (answer.status === 404 || answer.status === 410) return null
    if (answer.status !== 200) throw refusal('GET', url, answer)
    const { writtenAt, etag, mark } = describedBy(answer.headers)
    // Of the content as well: nginx makes its ETag of size and second, so that two writings may have the same.
    return { bytes: answer.body, version: `sha256:${digest(answer.body)} ${etag}`.trimEnd(), writtenAt, mark }
  }

  async function write(
    url: URL,
    bytes: Uint8Array,
    conditions: Record<string, string>,
    signal: AbortSignal,
  ): Promise<void> {
    const headers = { 'content-type': 'application/gzip', ...conditions }
    const answer = await ask('PUT', url, signal, { headers, body: bytes })
    if (answer.status === 412 || answer.status === 409) {
      throw new StoreFailure('conflict', `PUT ${url.pathname} → ${answer.status}: another publisher was there first`)
    }
    if (answer.status < 200 || answer.status > 299) throw refusal('PUT', url, answer)
  }

  function conditionsFor(from: Stored | null): Record<string, string> {
    if (from === null) return { 'if-none-match': '*' }
    const etag = from.version?.replace(/^\S+ ?/, '') ?? ''
    return etag === '' ? {} : { 'if-match': etag }
  }

  const store: BundleStore = {
    place: { kind: 'http', place: shown, pointer },
    readPointer: (signal) => read(pointerUrl, signal),
    async lookAtPointer(mark, signal) {
      if (mark === null) return read(pointerUrl, signal)
      const headers = { 'cache-control': 'no-cache', 'if-none-match': mark }
      const answer = await ask('GET', pointerUrl, signal, { headers })
      return answer.status === 304 ? 'unchanged' : storedOf(pointerUrl, answer)
    },
    list: async () => null, // PUT stores have no common way to list; what we published is known from what we kept
    readObject: async (name, signal) => read(objectUrl(name), signal),
    async putObject(name, bytes, signal) {
      const url = objectUrl(name)
      const there = await read(url, signal)
      if (there === null) {
        await write(url, bytes, { 'if-none-match': '*' }, signal)
      }
      const after = there ?? (await read(url, signal))
      if (after === null || digest(after.bytes) !== digest(bytes)) {
        throw new StoreFailure('conflict', `${url.pathname} holds another content than was written`)
      }
    },
    async movePointer(bytes, from, signal) {
      const guard = await store.guard(signal)
      if (guard.kind === 'last-writer-wins' && (await read(pointerUrl, signal))?.version !== from?.version) {
        throw new StoreFailure('conflict', `${pointerUrl.pathname} was changed by another publisher meanwhile`)
      }
      const conditions = guard.kind === 'conditional' ? conditionsFor(from) : {}
      if (method === 'put' || guard.kind === 'conditional') return write(pointerUrl, bytes, conditions, signal)
      const beside = below(root, `${pointer}.${randomUUID()}.next`)
      await write(beside, bytes, {}, signal)
      const headers = { destination: pointerUrl.href, overwrite: 'T' }
      const answer = await ask('MOVE', beside, signal, { headers })
      if (answer.status < 200 || answer.status > 299) {
        await ask('DELETE', beside, signal).catch(() => null) // best effort: it is nobody's
        throw refusal('MOVE', beside, answer)
      }
    },
    knownGuard: () => knownGuard,
    async guard(signal) {
      return knownGuard ?? probe(signal)
    },
  }
  return named(store)

  function objectUrl(name: string): URL {
    if (!objectPattern.test(name))
      throw new StoreFailure('invalid', `${JSON.stringify(name.slice(0, 200))} is no name of an object`)
    return below(root, `${folder}/${name}`)
  }

  /** Writes an object of its own twice with conditions that do not hold. A store that takes them keeps no promise. */
  async function probe(signal: AbortSignal): Promise<StoreGuard> {
    const url = below(root, `${folder}/.everyhop-probe-${randomUUID()}`)
    const content = new TextEncoder().encode(
      'A probe of Everyhop: whether conditional writes hold here. It may be deleted.\n',
    )
    const statuses: number[] = []
    try {
      const put = async (conditions: Record<string, string>): Promise<number> => {
        const { status } = await ask('PUT', url, signal, { headers: conditions, body: content })
        statuses.push(status)
        return status
      }
      const first = await put({ 'if-none-match': '*' })
      if (first < 200 || first > 299) return unproven(`the probe could not be written: ${first}`)
      const again = await put({ 'if-none-match': '*' })
      const wrong = await put({ 'if-match': '"everyhop-no-such-version"' })
      // Kept from now on; a probe that could not be made says nothing about the next.
      knownGuard =
        again === 412 && wrong === 412
          ? { kind: 'conditional', detail: 'A write on what has changed is refused (412), as a probe showed.' }
          : unproven(`conditions that did not hold were answered with ${again} and ${wrong}`)
      return knownGuard
    } finally {
      if (statuses.length > 0) await ask('DELETE', url, signal).catch(() => null)
    }
  }
}

/**
 * What an answer says of the content beside it. An ETag marks it only when nothing else can have the same: nginx makes its of size
 * and second, so one of the second in which it was asked marks nothing.
 */
export function describedBy(headers: StoreAnswer['headers']): {
  readonly writtenAt: number | null
  readonly etag: string
  readonly mark: string | null
} {
  const etag = String(headers['etag'] ?? '')
  const written = Date.parse(String(headers['last-modified'] ?? ''))
  const answered = Date.parse(String(headers['date'] ?? ''))
  const isOwn = Number.isNaN(written) || (!Number.isNaN(answered) && isSettled(written, answered))
  return { writtenAt: Number.isNaN(written) ? null : written, etag, mark: etag !== '' && isOwn ? etag : null }
}

function unproven(why: string): StoreGuard {
  return { kind: 'last-writer-wins', detail: `Another publisher could overwrite ours: ${why}.` }
}

/** A path below the store; each part is encoded, none leads upwards. */
function below(root: URL, path: string): URL {
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new StoreFailure('invalid', `${JSON.stringify(path.slice(0, 200))} is no path below the store`)
  }
  return new URL(parts.map(encodeURIComponent).join('/'), root)
}

function refusal(verb: StoreMethod, url: URL, { status, body }: StoreAnswer): StoreFailure {
  const words = new TextDecoder().decode(body.subarray(0, 300)).replaceAll(/\s+/g, ' ').trim()
  const message = `${verb} ${url.pathname} → ${status}${words === '' ? '' : ` ${words}`}`
  if (status === 401 || status === 403 || status === 405) return new StoreFailure('forbidden', message)
  if (status === 507 || status === 413) return new StoreFailure('full', message)
  return new StoreFailure(status >= 500 ? 'unreachable' : 'invalid', message, status >= 500)
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
