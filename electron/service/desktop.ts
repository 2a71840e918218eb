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
  const [{ openWindowService }, { homeFolder, thisMachine }, { servePort }] = await Promise.all([
    import('./window-service.ts'),
    import('./home.ts'),
    import('./port.ts'),
  ])
  const home = homeFolder(thisMachine())
  const service = await openWindowService({ host: 'desktop', home, shell, playground: { byItself: true } })
  let page: DesktopPort | null = null
  let pages = 0
  main.onOpen((door, port) => {
    if (door !== 'page') return
    page?.close()
    page = port
    pages += 1
    servePort(service.router, port, `window-${pages}`, service.log, shell)
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
