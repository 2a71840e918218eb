/**
 * TESTS ONLY. What Electron 22 (Node 16, Chromium 108) lacks of the pinned Electron, so that the same main process and the
 * same page run in it. Everything that is bridged here is not proven for the pinned version: docs/desktop.md lists it.
 */

interface OldProtocol {
  registerBufferProtocol(
    scheme: string,
    handler: (
      request: { readonly url: string; readonly method: string },
      answer: (response: { statusCode: number; headers: Record<string, string>; data: Buffer }) => void,
    ) => void,
  ): boolean
  handle?(scheme: string, handler: (request: { url: string; method: string }) => Promise<SimpleResponse>): void
}

/** As much of the web's Response as serving a file needs. */
class SimpleResponse {
  readonly body: Uint8Array | string
  readonly status: number
  readonly headers: Record<string, string>
  constructor(body: Uint8Array | string, init: { status: number; headers: Record<string, string> }) {
    this.body = body
    this.status = init.status
    this.headers = init.headers
  }
}

function add(target: object, name: string, value: unknown): void {
  if (!(name in target)) Object.defineProperty(target, name, { value, configurable: true, writable: true })
}

// ECMAScript of 2023 and later, in the page and in main.
add(Array.prototype, 'toSorted', function (this: unknown[], compare?: (a: unknown, b: unknown) => number) {
  return [...this].sort(compare)
})
add(Array.prototype, 'toReversed', function (this: unknown[]) {
  return [...this].reverse()
})
add(Array.prototype, 'toSpliced', function (this: unknown[], start: number, count: number, ...added: unknown[]) {
  const copy = [...this]
  copy.splice(start, count, ...added)
  return copy
})
add(Array.prototype, 'with', function (this: unknown[], at: number, value: unknown) {
  const copy = [...this]
  copy[at < 0 ? copy.length + at : at] = value
  return copy
})
add(Promise, 'withResolvers', () => {
  let resolve: (value: unknown) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
})
add(Object, 'groupBy', (items: Iterable<unknown>, keyOf: (item: unknown, index: number) => string) => {
  const groups: Record<string, unknown[]> = Object.create(null)
  let index = 0
  for (const item of items) (groups[keyOf(item, index++)] ??= []).push(item)
  return groups
})
add(Map, 'groupBy', (items: Iterable<unknown>, keyOf: (item: unknown, index: number) => unknown) => {
  const groups = new Map<unknown, unknown[]>()
  let index = 0
  for (const item of items) {
    const key = keyOf(item, index++)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
})
add(URL, 'canParse', (address: string, base?: string) => {
  try {
    return new URL(address, base).href !== ''
  } catch {
    return false
  }
})
const setMethods = {
  union: (own: Set<unknown>, other: Set<unknown>) => new Set([...own, ...other]),
  intersection: (own: Set<unknown>, other: Set<unknown>) => new Set([...own].filter((item) => other.has(item))),
  difference: (own: Set<unknown>, other: Set<unknown>) => new Set([...own].filter((item) => !other.has(item))),
}
for (const [name, work] of Object.entries(setMethods)) {
  add(Set.prototype, name, function (this: Set<unknown>, other: Set<unknown>) {
    return work(this, other)
  })
}

/** Iterator helpers: the two kinds of iterators that our sources chain on. */
const iterator: object = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))
const helpers = {
  map: (items: Iterable<unknown>, work: (item: unknown) => unknown) => Array.from(items, work).values(),
  filter: (items: Iterable<unknown>, work: (item: unknown) => boolean) => [...items].filter(work).values(),
  flatMap: (items: Iterable<unknown>, work: (item: unknown) => unknown) => [...items].flatMap(work).values(),
  take: (items: Iterable<unknown>, count: number) => [...items].slice(0, count).values(),
  toArray: (items: Iterable<unknown>) => [...items],
  some: (items: Iterable<unknown>, work: (item: unknown) => boolean) => [...items].some(work),
  every: (items: Iterable<unknown>, work: (item: unknown) => boolean) => [...items].every(work),
  find: (items: Iterable<unknown>, work: (item: unknown) => boolean) => [...items].find(work),
}
for (const [name, work] of Object.entries(helpers)) {
  add(iterator, name, function (this: Iterable<unknown>, argument: never) {
    return work(this, argument)
  })
}

// Electron's own: protocol.handle came with 25, the asynchronous safeStorage and the backend's name later.
if (Reflect.get(globalThis.process ?? {}, 'type') === 'browser') {
  add(globalThis, 'Response', SimpleResponse)
  // Not an import: the page is built with this file too.
  bridgeElectron(process.mainModule?.require('electron'))
}

function bridgeElectron(electron: {
  readonly protocol: OldProtocol
  readonly safeStorage: object
  readonly utilityProcess: { fork(file: string, ...rest: unknown[]): unknown }
}): void {
  const { protocol, safeStorage, utilityProcess } = electron
  // Its utility process takes CommonJS only; tests that run something there bring it.
  const fork = utilityProcess.fork.bind(utilityProcess)
  utilityProcess.fork = (file, ...rest) => fork(file.replace(/\.mjs$/, '.cjs'), ...rest)
  protocol.handle ??= (scheme, handler) => {
    protocol.registerBufferProtocol(scheme, ({ url, method }, answer) => {
      void handler({ url, method }).then(({ body, status, headers }) =>
        answer({ statusCode: status, headers, data: Buffer.from(body) }),
      )
    })
  }
  const old = safeStorage as {
    isEncryptionAvailable(): boolean
    encryptString(plain: string): Buffer
    decryptString(sealed: Buffer): string
  }
  add(safeStorage, 'isAsyncEncryptionAvailable', async () => old.isEncryptionAvailable())
  add(safeStorage, 'encryptStringAsync', async (plain: string) => old.encryptString(plain))
  add(safeStorage, 'decryptStringAsync', async (sealed: Buffer) => ({ result: old.decryptString(sealed) }))
  add(safeStorage, 'getSelectedStorageBackend', () => 'unknown')
}
