import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/message-port'
import { type DesktopNews, desktopNews, type PageCommand, type ServiceStatus } from '../../shared/desktop.ts'
import { helloChannel, newsChannel } from '../../shared/lib/desktop-channels.ts'
import type { Client } from './client.ts'

/** `unconnected`: nobody answered the page at all, so the preload script is missing. */
export type DesktopStatus = ServiceStatus | { readonly kind: 'unconnected' }

export interface DesktopDoor {
  readonly client: Client
  readonly status: () => DesktopStatus
  /** For `useSyncExternalStore`. */
  readonly subscribe: (listener: () => void) => () => void
  readonly onCommand: (listener: (command: PageCommand) => void) => () => void
}

/** The preload answers at once; main answers when it is done starting, which on a busy machine takes a while. */
const answerWithinMs = 15_000

type Link = RPCLink<Record<never, never>>

/**
 * The desktop app's door: one message port to the service, handed by the preload, and another one whenever the service was
 * started again. A call waits while the service starts for the first time or again; it fails when there is nothing to wait for.
 */
export function openDesktopDoor(page: Window): DesktopDoor {
  let status: DesktopStatus = { kind: 'starting' }
  let current: ClosablePort | null = null
  let waiting: PromiseWithResolvers<Link> = Promise.withResolvers()
  const listeners = new Set<() => void>()
  const commands = new Set<(command: PageCommand) => void>()
  const silence = setTimeout(() => change({ kind: 'unconnected' }), answerWithinMs)
  waiting.promise.catch(() => {})

  function change(next: DesktopStatus): void {
    // Between two starts that fail nothing is said anew: the words stay until it works.
    status = next.kind === 'starting' && status.kind === 'stopped' ? { ...status, retryInMs: 0 } : next
    for (const listener of listeners) listener()
    if (next.kind === 'unconnected' || (next.kind === 'stopped' && next.failures > 1)) {
      waiting.reject(new Error('Everyhop’s service is not there'))
      // Nothing to wait for comes to a page without preload: whatever it asks fails.
      if (next.kind === 'stopped') wait()
    }
  }

  function wait(): void {
    waiting = Promise.withResolvers<Link>()
    waiting.promise.catch(() => {}) // nobody may be waiting when it fails
  }

  function receive(news: DesktopNews, port: MessagePort | undefined): void {
    clearTimeout(silence)
    if (news.kind === 'command') {
      for (const listener of commands) listener(news.command)
      return
    }
    // The port before leads nowhere any more: what was asked through it is never answered.
    const before = current
    current = null
    if (before !== null || status.kind === 'unconnected') wait()
    if (news.kind === 'connected' && port !== undefined) {
      current = new ClosablePort(port)
      waiting.resolve(new RPCLink({ port: current }))
    }
    before?.end()
    change(news)
  }

  page.addEventListener('message', ({ source, origin, data, ports }: MessageEvent<unknown>) => {
    if (source !== page || origin !== page.location.origin || typeof data !== 'object' || data === null) return
    const news = desktopNews.safeParse(Reflect.get(data, newsChannel))
    if (news.success) receive(news.data, ports[0])
  })
  page.postMessage(helloChannel, page.location.origin)

  const call: Link['call'] = async (path, input, options) => (await waiting.promise).call(path, input, options)
  return {
    client: createORPCClient({ call }),
    status: () => status,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onCommand(listener) {
      commands.add(listener)
      return () => commands.delete(listener)
    },
  }
}

/** A port whose end can be told: Chromium tells it for the other side's end only where both know that event. */
class ClosablePort extends EventTarget {
  readonly #port: MessagePort

  constructor(port: MessagePort) {
    super()
    this.#port = port
    port.onmessage = ({ data }: MessageEvent<unknown>) => this.dispatchEvent(new MessageEvent('message', { data }))
    port.addEventListener('close', () => this.end())
  }

  postMessage(data: unknown): void {
    this.#port.postMessage(data)
  }

  end(): void {
    this.#port.close()
    this.dispatchEvent(new Event('close'))
  }
}
