import { connectMain } from '../../electron/service/desktop-ports.ts'
import { servePort } from '../../electron/service/port.ts'
import { createRouter } from '../../electron/service/router.ts'
import { suiteHandlers } from './doors-handlers.ts'

/** The suite's service as main starts it: as a child of Node, with its messages relayed. */
const main = connectMain(process)
const router = createRouter(suiteHandlers())
main.onOpen((_door, port) => servePort(router, port, 'window-1', { info() {}, warn() {}, error() {} }))
main.onStop(() => process.exit(0))
main.ready()
