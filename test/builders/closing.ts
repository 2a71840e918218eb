import type { Server, Socket } from 'node:net'

/**
 * Closes a server with every connection it has taken, also those whose TLS handshake is under way and which have no session yet:
 * `close` waits for all of them.
 */
export function closingOf(server: Server): () => Promise<void> {
  const open = new Set<Socket>()
  let isClosing = false
  server.on('connection', (socket: Socket) => {
    if (isClosing) socket.destroy()
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  return () =>
    new Promise((resolve) => {
      isClosing = true
      server.close(() => resolve())
      for (const socket of open) socket.destroy()
    })
}
