import type { Server } from 'node:net'

/** On 127.0.0.1. A port that something else took meanwhile is replaced by a free one; 0: any. */
export async function listenOn(server: Server, port: number): Promise<void> {
  try {
    await listening(server, port)
  } catch (error) {
    if (port === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    await listening(server, 0)
  }
}

async function listening(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host: '127.0.0.1', port }, resolve)
  try {
    await promise
  } finally {
    server.off('error', reject)
  }
}
