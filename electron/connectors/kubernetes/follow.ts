import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Fact } from '../../../shared/domain/model/fact.ts'
import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import type { Clock } from '../../core/ports.ts'
import { described, type KubernetesClient, type Page } from './client.ts'
import { connectionFailure, KubernetesFailure } from './failure.ts'
import type { ScopePart } from './scopes.ts'
import type { PolicyBinding } from './translate-policies.ts'
import { anyObject, bookmark, parse } from './wire.ts'

/** What is known of one collection: all objects of a resource, in one namespace or over all. */
export interface Collection {
  /** By namespace and name. */
  readonly objects: ReadonlyMap<string, FollowedObject>
  /** When it was last known to be complete and up to date; null: never yet. */
  readonly readAt: EpochMs | null
  /** Why it is not up to date now; null: it is. */
  readonly failure: KubernetesFailure | null
  /** It can be listed but not watched: why. It is then read again now and then. */
  readonly notWatched: KubernetesFailure | null
}

/** `problem`: the object was not understood. */
export interface FollowedObject {
  readonly value: Fact | PolicyBinding | null
  readonly problem: KubernetesFailure | null
}

export interface Following {
  readonly collection: Collection
  /** The server was just seen alive: a watch that stands has missed nothing. */
  confirm(at: EpochMs): void
  /** The server does not answer: ends the watch, so that it is asked again and says so itself. */
  doubt(): void
  /** Follows until the signal is aborted; then rejects with its reason. */
  run(signal: AbortSignal): Promise<never>
}

export interface FollowOptions {
  readonly cluster: string
  readonly part: ScopePart
  readonly namespace: string | null
  readonly client: KubernetesClient
  readonly clock: Clock
  /** Called after every change of the collection; at once, so it only takes a note. */
  changed(): void
}

/** Parsing goes on this long before others get their turn. */
const sliceMs = 8
const firstWaitMs = 250
const longestWaitMs = 5000
/** Rights and CRDs change seldom. */
const refusedWaitMs = 30_000
const pollMs = 30_000
/** A server that ends watches at once must not be asked in a circle. */
const shortestWatchMs = 1000
/** A start of an API server answers 429 "storage is (re)initializing" for each CRD once; that is no failure yet. */
const quietRetries = 2

export function follow({ cluster, part, namespace, client, clock, changed }: FollowOptions): Following {
  const { resource, translate } = part
  let objects = new Map<string, FollowedObject>()
  let readAt: EpochMs | null = null
  let failure: KubernetesFailure | null = null
  let notWatched: KubernetesFailure | null = null
  let resourceVersion: string | null = null
  let isWatching = false
  let failures = 0
  let watch: AbortController | null = null

  function note(change: { readonly readAt?: EpochMs; readonly failure: KubernetesFailure | null }): void {
    readAt = change.readAt ?? readAt
    failure = change.failure
    changed()
  }

  async function slices(work: Iterable<() => void>): Promise<void> {
    let began = performance.now()
    for (const step of work) {
      step()
      if (performance.now() - began < sliceMs) continue
      await nextTurn()
      began = performance.now()
    }
  }

  function take(into: Map<string, FollowedObject>, object: unknown): void {
    const { metadata } = parse(anyObject, object, `an object of ${resource.plural}`)
    const key = `${metadata.namespace}/${metadata.name}`
    try {
      into.set(key, { value: translate(object, { cluster, at: clock.now() }), problem: null })
    } catch (error) {
      if (!(error instanceof KubernetesFailure)) throw error
      into.set(key, { value: null, problem: new KubernetesFailure(error.reason, `${key}: ${error.message}`) })
    }
  }

  async function list(signal: AbortSignal): Promise<void> {
    const found = new Map<string, FollowedObject>()
    let page: Page | null = null
    do {
      page = await client.list(resource, namespace, page?.continue ?? null, signal)
      await slices(page.items.map((item) => () => take(found, item)))
    } while (page.continue !== null)
    objects = found
    resourceVersion = page.resourceVersion
    failures = 0
    note({ readAt: clock.now(), failure: null })
  }

  async function watchFrom(version: string, signal: AbortSignal): Promise<void> {
    const began = clock.now()
    watch = new AbortController()
    const both = AbortSignal.any([signal, watch.signal])
    let worked = performance.now()
    try {
      const opened = (): void => {
        isWatching = true
        notWatched = null
        // It goes on from the version that was known, so nothing is missing.
        if (failure !== null) note({ readAt: clock.now(), failure: null })
      }
      for await (const event of client.watch({ resource, namespace, resourceVersion: version, opened }, both)) {
        resourceVersion = parse(bookmark, event.object, described('watch', resource, namespace)).metadata
          .resourceVersion
        failures = 0
        if (event.type === 'BOOKMARK') continue
        if (event.type === 'DELETED') {
          const { metadata } = parse(anyObject, event.object, `an object of ${resource.plural}`)
          objects.delete(`${metadata.namespace}/${metadata.name}`)
        } else take(objects, event.object)
        note({ readAt: clock.now(), failure: null })
        if (performance.now() - worked < sliceMs) continue
        await nextTurn()
        worked = performance.now()
      }
    } catch (error) {
      signal.throwIfAborted()
      // In doubt the watch is opened again at once: that attempt shows what is the matter.
      if (!both.aborted) throw error
    } finally {
      isWatching = false
      watch = null
      if (clock.now() - began >= shortestWatchMs) failures = 0
    }
    const lasted = clock.now() - began
    if (lasted < shortestWatchMs) await clock.sleep(shortestWatchMs - lasted, signal)
  }

  async function step(signal: AbortSignal): Promise<void> {
    const version = resourceVersion
    if (version === null) return list(signal)
    try {
      await watchFrom(version, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof KubernetesFailure)) throw error
      if (error.status === 410) {
        // Too old to go on from: everything is listed anew, as after any watch that makes no sense.
        resourceVersion = null
        await pauseAfterRepeats(signal)
        return
      }
      if (error.reason === 'invalid') resourceVersion = null
      if (error.reason !== 'forbidden' || error.status === 401) throw error
      notWatched = error
      changed()
      await clock.sleep(pollMs, signal)
      await list(signal)
    }
  }

  async function pauseAfterRepeats(signal: AbortSignal): Promise<void> {
    failures += 1
    if (failures > 1) await clock.sleep(waitAfter(failures - 1, null), signal)
  }

  async function attempt(signal: AbortSignal): Promise<void> {
    try {
      await step(signal)
    } catch (error) {
      signal.throwIfAborted()
      const found = connectionFailure(error, described('list', resource, namespace))
      // The continue token of a long list ran out: the list begins again.
      if (found.status === 410) resourceVersion = null
      failures += 1
      const cutWatch = resourceVersion !== null && failures === 1 && found.reason === 'unreachable'
      const isFirstStart = found.status === 429 && failures <= quietRetries
      // A watch that was cut says nothing yet: the next attempt, at once, does.
      if (!cutWatch && !isFirstStart && found.status !== 410) note({ failure: settled(found) })
      const isRefused = found.status === 403 || found.status === 404
      await clock.sleep(isRefused ? refusedWaitMs : waitAfter(failures, found.retryAfterMs), signal)
    }
  }

  /** A kind that comes with a CRD, in a cluster that does not have it. */
  function settled(found: KubernetesFailure): KubernetesFailure {
    if (found.status !== 404) return found
    const words = resource.optional
      ? `the cluster does not know ${resource.plural}.${resource.group}: the CRDs of the SPIRE controller manager are not installed`
      : `the cluster does not serve ${resource.plural} in ${resource.group || 'core'}/${resource.version}`
    return new KubernetesFailure(resource.optional ? 'not-configured' : 'unsupported', words, { status: 404 })
  }

  return {
    get collection() {
      return { objects, readAt, failure, notWatched }
    },
    confirm(at) {
      if (isWatching && failure === null) readAt = at
    },
    doubt: () => watch?.abort(new Error('the API server does not answer')),
    async run(signal) {
      for (;;) {
        signal.throwIfAborted()
        await attempt(signal)
      }
    },
  }
}

function waitAfter(failures: number, askedMs: DurationMs | null): DurationMs {
  if (askedMs !== null && askedMs > 0) return askedMs
  const wait = Math.min(firstWaitMs * 2 ** Math.max(failures - 1, 0), longestWaitMs)
  // Twelve collections that failed together do not come back together.
  return wait * (0.75 + Math.random() / 2)
}
