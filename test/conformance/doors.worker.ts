import { type MessagePort, parentPort } from 'node:worker_threads'
import { servePort } from '../../electron/service/port.ts'
import { createRouter } from '../../electron/service/router.ts'
import { suiteHandlers } from './doors-handlers.ts'

const quiet = { info() {}, warn() {}, error() {} }

// The first message brings the port, as main hands one over in the desktop app.
parentPort?.once('message', (port: MessagePort) => {
  servePort(createRouter(suiteHandlers()), port, 'window-1', quiet)
})
