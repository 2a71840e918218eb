import { ipcRenderer } from 'electron'
import { helloChannel, newsChannel } from '../../shared/lib/desktop-channels.ts'

/** What a preload script sees of its page. */
declare const window: {
  readonly location: { readonly origin: string }
  postMessage(message: unknown, origin: string, ports: readonly unknown[]): void
  addEventListener(
    type: 'message',
    listener: (event: { readonly source: unknown; readonly origin: string; readonly data: unknown }) => void,
  ): void
}

/**
 * Hands the page its message port, and nothing else: no function of ours and none of Electron's reaches the page.
 * It knows no call of the contract, so it never grows with it.
 */
ipcRenderer.on(newsChannel, (event, news: unknown) => {
  window.postMessage({ [newsChannel]: news }, window.location.origin, event.ports)
})
window.addEventListener('message', ({ source, origin, data }) => {
  if (source === window && origin === window.location.origin && data === helloChannel) ipcRenderer.send(helloChannel)
})
