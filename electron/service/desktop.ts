import { connectMain, type DesktopPort } from './desktop-ports.ts'
import { createShellClient } from './shell-client.ts'

/**
 * The service of the desktop app: what main starts in a process of its own. Main hands it a port to the shell first, then
 * one for each time that the page is loaded; the page before is gone then, so its port is closed.
 */
const main = connectMain(process)

main.onOpen((door, port) => {
  if (door === 'shell') void start(port)
})

async function start(shellPort: DesktopPort): Promise<void> {
  const shell = createShellClient(shellPort)
  // Loaded only now, so that messages of main are not lost while the many modules of the service are read.
  const [{ composeService }, { openSharedService }, { servePort }] = await Promise.all([
    import('./compose.ts'),
    import('./shared-service.ts'),
    import('./port.ts'),
  ])
  const playground = { byItself: true }
  const service = await openSharedService({ host: 'desktop', shell, playground }).catch((reason: unknown) => {
    // A window without memory is better than none, such as beside an older version that has the data folder.
    const alone = composeService('desktop', undefined, null, shell, playground)
    alone.log.warn('nothing is kept by this window', { reason: String(reason) })
    return alone
  })
  let page: DesktopPort | null = null
  let pages = 0
  main.onOpen((door, port) => {
    if (door !== 'page') return
    page?.close()
    page = port
    pages += 1
    servePort(service.router, port, `window-${pages}`, service.log)
  })
  main.onStop(() => {
    page?.close()
    service.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
  main.ready()
}
