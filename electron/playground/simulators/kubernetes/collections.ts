import type { ServerResponse } from 'node:http'
import { apiVersionOf, type Kind } from './kinds.ts'
import type { AskedResource } from './request.ts'
import { answer, badRequest, expired, refuse, statusOf } from './status.ts'
import { isIn, type ObjectStore, type StoreEvent } from './store.ts'

/** A watch that somebody has open. */
export interface OpenWatch {
  readonly collection: string
  readonly namespace: string | null
  readonly wantsBookmarks: boolean
  readonly response: ServerResponse
}

/** Lists in pages, and watches that hear of what changes. */
export interface Collections {
  list(kind: Kind, asked: AskedResource, response: ServerResponse): void
  watch(kind: Kind, asked: AskedResource, response: ServerResponse): void
  readonly open: ReadonlySet<OpenWatch>
  /** Tells all watches how far they are. */
  bookmark(): void
  close(): void
}

/** A real server tells this about every minute. */
const bookmarkEveryMs = 60_000
/** Ends a watch whose client does not say how long it wants it. */
const usualWatchSeconds = 1800

export function createCollections(store: ObjectStore): Collections {
  const open = new Set<OpenWatch>()
  const forget = store.onChange((event) => {
    for (const watch of open) {
      if (watch.collection === event.collection && isIn(event.object, watch.namespace)) send(watch.response, event)
    }
  })

  function bookmark(): void {
    if (open.size === 0) return
    const resourceVersion = String(store.advance())
    for (const { response, wantsBookmarks } of open) {
      if (wantsBookmarks) write(response, { type: 'BOOKMARK', object: { metadata: { resourceVersion } } })
    }
  }

  const timer = setInterval(bookmark, bookmarkEveryMs)
  timer.unref()

  return {
    open,
    bookmark,
    list(kind, asked, response) {
      if (selects(asked)) {
        refuse(response, badRequest('selectors are not served here'))
        return
      }
      const from = pageOf(asked.url.searchParams.get('continue'))
      if (from !== null && from.version < store.forgotten()) {
        const message = 'The provided continue parameter is too old to display a consistent list result.'
        refuse(response, { ...expired(from.version, store.forgotten()), message })
        return
      }
      const version = from?.version ?? store.version()
      const items = store.list(kind.plural, asked.namespace)
      const start = from?.start ?? 0
      const limit = Number(asked.url.searchParams.get('limit') ?? 0)
      const end = limit > 0 ? Math.min(start + limit, items.length) : items.length
      const left = items.length - end
      answer(response, 200, {
        kind: `${kind.kind}List`,
        apiVersion: apiVersionOf(kind),
        metadata: {
          resourceVersion: String(version),
          ...(left === 0 ? {} : { continue: pageToken({ version, start: end }), remainingItemCount: left }),
        },
        items: items.slice(start, end),
      })
    },
    watch(kind, asked, response) {
      if (selects(asked)) {
        refuse(response, badRequest('selectors are not served here'))
        return
      }
      const { searchParams } = asked.url
      const { namespace } = asked
      const collection = kind.plural
      const version = Number(searchParams.get('resourceVersion') ?? 0)
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      if (version !== 0 && version < store.forgotten()) {
        // Inside of the stream, as the watch cache does it.
        write(response, { type: 'ERROR', object: statusOf(expired(version, store.forgotten())) })
        response.end()
        return
      }
      const wantsBookmarks = searchParams.get('allowWatchBookmarks') === 'true'
      const watch: OpenWatch = { collection, namespace, wantsBookmarks, response }
      open.add(watch)
      const seconds = Number(searchParams.get('timeoutSeconds') ?? usualWatchSeconds)
      const ending = setTimeout(() => response.end(), seconds * 1000)
      ending.unref()
      response.on('close', () => {
        clearTimeout(ending)
        open.delete(watch)
      })
      if (version === 0) {
        for (const object of store.list(collection, namespace)) write(response, { type: 'ADDED', object })
      } else for (const event of store.since(version, collection, namespace)) send(response, event)
    },
    close() {
      clearInterval(timer)
      forget()
    },
  }
}

interface Page {
  readonly version: number
  readonly start: number
}

function pageToken(page: Page): string {
  return Buffer.from(`${page.version} ${page.start}`).toString('base64url')
}

function pageOf(token: string | null): Page | null {
  if (token === null || token === '') return null
  const [version, start] = Buffer.from(token, 'base64url').toString('utf8').split(' ').map(Number)
  return { version: version ?? 0, start: start ?? 0 }
}

/** Nobody here selects; an answer that ignored it would be wrong. */
function selects({ url }: AskedResource): boolean {
  return ['labelSelector', 'fieldSelector'].some((name) => (url.searchParams.get(name) ?? '') !== '')
}

function send(response: ServerResponse, { type, object }: StoreEvent): void {
  write(response, { type, object })
}

function write(response: ServerResponse, event: unknown): void {
  if (!response.writableEnded) response.write(`${JSON.stringify(event)}\n`)
}
