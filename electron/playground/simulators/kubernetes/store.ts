/** An object as the API gives it; `metadata.resourceVersion` is given by the store. */
export interface ApiObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

export interface StoreEvent {
  /** Plural of the kind: `pods`. */
  readonly collection: string
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: ApiObject
}

/** What etcd is to an API server: objects by collection, with one count of versions over all, and the latest changes. */
export interface ObjectStore {
  /** Adds, or replaces one of the same name. Gives what is stored. */
  set(collection: string, object: ApiObject): ApiObject
  /** false: it was not there. */
  remove(collection: string, namespace: string | null, name: string): boolean
  get(collection: string, namespace: string | null, name: string): ApiObject | null
  /** Sorted by namespace and name. `namespace` null: of all. */
  list(collection: string, namespace: string | null): readonly ApiObject[]
  version(): number
  /** Of the newest change that was forgotten: what happened after it is known. */
  forgotten(): number
  /** Forgets every change so far. */
  compact(): void
  /** A version that is newer than every object, for bookmarks. */
  advance(): number
  /** Changes of a collection after a version, as far as they were not forgotten. */
  since(version: number, collection: string, namespace: string | null): readonly StoreEvent[]
  /** Hears of every change; gives what ends it. */
  onChange(listener: (event: StoreEvent) => void): () => void
}

/** Like the five minutes that a real server keeps, by count. */
const mostChanges = 2000
const firstVersion = 1000

export function createStore(): ObjectStore {
  const collections = new Map<string, Map<string, ApiObject>>()
  const sorted = new Map<string, readonly ApiObject[]>()
  const listeners = new Set<(event: StoreEvent) => void>()
  let changes: StoreEvent[] = []
  let version = firstVersion
  let forgotten = 0

  function publish(event: StoreEvent): void {
    sorted.delete(event.collection)
    changes.push(event)
    if (changes.length > 2 * mostChanges) {
      forgotten = changes.at(-mostChanges - 1)?.version ?? forgotten
      changes = changes.slice(-mostChanges)
    }
    for (const listener of listeners) listener(event)
  }

  function stamped(object: ApiObject): ApiObject {
    version += 1
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
  }

  function all(collection: string): readonly ApiObject[] {
    const known = sorted.get(collection)
    if (known !== undefined) return known
    const entries = [...(collections.get(collection) ?? [])]
    const made = entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, object]) => object)
    sorted.set(collection, made)
    return made
  }

  return {
    set(collection, object) {
      const stored = collections.get(collection) ?? new Map<string, ApiObject>()
      collections.set(collection, stored)
      const key = keyOf(object.metadata.namespace ?? null, object.metadata.name)
      const type = stored.has(key) ? 'MODIFIED' : 'ADDED'
      const kept = stamped(object)
      stored.set(key, kept)
      publish({ collection, version, type, object: kept })
      return kept
    },
    remove(collection, namespace, name) {
      const stored = collections.get(collection)
      const key = keyOf(namespace, name)
      const object = stored?.get(key)
      if (object === undefined) return false
      stored?.delete(key)
      const last = stamped(object)
      publish({ collection, version, type: 'DELETED', object: last })
      return true
    },
    get: (collection, namespace, name) => collections.get(collection)?.get(keyOf(namespace, name)) ?? null,
    list: (collection, namespace) => all(collection).filter((object) => isIn(object, namespace)),
    version: () => version,
    forgotten: () => forgotten,
    compact() {
      version += 1
      forgotten = version
      changes = []
    },
    advance() {
      version += 1
      return version
    },
    since: (from, collection, namespace) =>
      changes.filter(
        (event) => event.version > from && event.collection === collection && isIn(event.object, namespace),
      ),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Sorts as etcd does: by namespace, then name. */
export function keyOf(namespace: string | null, name: string): string {
  return `${namespace ?? ''}/${name}`
}

export function isIn(object: ApiObject, namespace: string | null): boolean {
  return namespace === null || object.metadata.namespace === namespace
}
