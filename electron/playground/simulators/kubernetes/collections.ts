import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import { apiVersionOf, type Kind } from './kinds.ts'
import type { AskedResource } from './request.ts'
import { answer, badRequest, expired, quoted, type Refusal, refuse, statusOf } from './status.ts'
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
      if (from !== null && 'code' in from) {
        refuse(response, from)
        return
      }
      if (from !== null && from.rv < store.forgotten()) {
        const message = 'The provided continue parameter is too old to display a consistent list result.'
        refuse(response, { ...expired(from.rv, store.forgotten()), message })
        return
      }
      const version = from?.rv ?? store.version()
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
          ...(left === 0 ? {} : { continue: pageToken(version, end), remainingItemCount: left }),
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

/** What a continue token says, as a real server's does. */
const pageWire = z.object({ v: z.literal('meta.k8s.io/v1'), rv: z.number(), start: z.number().int().min(0) })
type Page = z.infer<typeof pageWire>

function pageToken(rv: number, start: number): string {
  const page: Page = { v: 'meta.k8s.io/v1', rv, start }
  return Buffer.from(JSON.stringify(page)).toString('base64url')
}

/** null: from the start. */
function pageOf(token: string | null): Page | Refusal | null {
  if (token === null || token === '') return null
  try {
    return pageWire.parse(JSON.parse(Buffer.from(token, 'base64url').toString('utf8')))
  } catch {
    return badRequest(`continue key is not valid: ${quoted(token.slice(0, 100))} is no token of this server`)
  }
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
