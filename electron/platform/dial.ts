import { createConnection } from 'node:net'
import type { Duplex } from 'node:stream'
import type { DialTarget } from '../core/ports.ts'

/** Opens a TCP connection or a unix socket. Rejects with the system's own error, or with the signal's reason. */
export function dial(target: DialTarget, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const socket =
      target.kind === 'tcp'
        ? createConnection({ host: target.host, port: target.port, noDelay: true })
        : createConnection({ path: target.path })
    const abandon = () => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abandon, { once: true })
    socket.once('connect', () => {
      signal.removeEventListener('abort', abandon)
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
    // Stays for good: a reset that arrives when nobody listens any more must not end the process.
    socket.on('error', () => signal.removeEventListener('abort', abandon))
  })
}
