import type { Socket } from 'node:net'

/** Messages over a byte stream: 4 bytes with the length of what follows, big endian, then UTF-8. */
export interface FramedPort {
  postMessage(message: string): void
  on(event: 'message', told: (event?: { readonly data: string }) => void): void
  on(event: 'close', told: () => void): void
  /** The next message alone; null when none came in time, or the stream ended. */
  next(timeoutMs: number): Promise<string | null>
  close(): void
}

const headBytes = 4

/** A longer message closes the stream, before it is read. `maxBytes` may change once it is known who is there. */
export function frameSocket(socket: Socket, limits: { maxBytes: number }): FramedPort {
  const listeners = new Set<(event?: { readonly data: string }) => void>()
  const waiting: string[] = []
  let chunks: Buffer[] = []
  let held = 0

  /** Chunks are joined once, when the whole message is there: joining each time would be quadratic. */
  function take(): void {
    for (;;) {
      if (held < headBytes) return
      if ((chunks[0]?.length ?? 0) < headBytes) chunks = [Buffer.concat(chunks)]
      const length = chunks[0]?.readUInt32BE(0) ?? 0
      if (length > limits.maxBytes) {
        socket.destroy()
        return
      }
      if (held < headBytes + length) return
      const all = chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)
      chunks = [all.subarray(headBytes + length)]
      held -= headBytes + length
      tell(all.toString('utf8', headBytes, headBytes + length))
    }
  }

  function tell(message: string): void {
    if (listeners.size === 0) waiting.push(message)
    else for (const listener of listeners) listener({ data: message })
  }

  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    held += chunk.length
    take()
  })
  // What broke it shows by its end.
  socket.on('error', () => socket.destroy())

  function on(event: 'message', told: (event?: { readonly data: string }) => void): void
  function on(event: 'close', told: () => void): void
  function on(event: 'message' | 'close', told: (event?: { readonly data: string }) => void): void {
    if (event === 'close') {
      if (socket.destroyed) told()
      else socket.once('close', () => told())
      return
    }
    listeners.add(told)
    // One at a time: whoever listens for a single message leaves the rest.
    while (listeners.has(told)) {
      const message = waiting.shift()
      if (message === undefined) return
      told({ data: message })
    }
  }

  return {
    postMessage(message) {
      if (socket.destroyed || !socket.writable) throw new Error('the other process has hung up')
      const text = Buffer.from(message, 'utf8')
      const head = Buffer.alloc(headBytes)
      head.writeUInt32BE(text.length)
      socket.cork()
      socket.write(head)
      socket.write(text)
      socket.uncork()
    },
    on,
    next: (timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => finish(null), timeoutMs)
        const hungUp = (): void => finish(null)
        function took(event?: { readonly data: string }): void {
          finish(event?.data ?? null)
        }
        function finish(message: string | null): void {
          clearTimeout(timer)
          listeners.delete(took)
          socket.off('close', hungUp)
          resolve(message)
        }
        socket.once('close', hungUp)
        if (socket.destroyed) finish(null)
        else on('message', took)
      }),
    close: () => socket.destroy(),
  }
}
