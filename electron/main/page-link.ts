import { type IpcMain, MessageChannelMain, type WebContents } from 'electron'
import type { DesktopNews, PageCommand, ServiceStatus } from '../../shared/desktop.ts'
import { helloChannel, newsChannel } from '../../shared/lib/desktop-channels.ts'
import { isOurs } from './guards.ts'
import type { ServiceKeeper } from './service-keeper.ts'

export interface PageLink {
  /** The window that there is now; null: it was closed. */
  show(page: WebContents | null): void
  /** Tells the page how the service is; when it is there, with a new port to it. */
  tell(status: ServiceStatus): void
  ask(command: PageCommand): void
}

/** Brings page and service together: the page says hello each time it is loaded, and gets one port to the service. */
export function linkPage(ipc: IpcMain, keeper: () => ServiceKeeper): PageLink {
  let page: WebContents | null = null
  /** Nobody listens in a page before it said hello. */
  let isListening = false

  function post(news: DesktopNews): void {
    if (page === null || page.isDestroyed() || !isListening) return
    if (news.kind !== 'connected') {
      page.postMessage(newsChannel, news)
      return
    }
    const { port1, port2 } = new MessageChannelMain()
    keeper().open('page', port1)
    page.postMessage(newsChannel, news, [port2])
  }

  ipc.on(helloChannel, (event) => {
    const isMainFrame = event.senderFrame !== null && event.senderFrame === page?.mainFrame
    if (!isMainFrame || !isOurs(event.senderFrame?.url ?? '')) return
    isListening = true
    post(keeper().status)
  })

  return {
    show(next) {
      page = next
      isListening = false
      next?.on('did-navigate', () => {
        isListening = false
      })
    },
    tell: post,
    ask: (command) => post({ kind: 'command', command }),
  }
}
