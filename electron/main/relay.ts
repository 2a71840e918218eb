import type { FromService, ToService } from '../../shared/desktop.ts'

/** As much of Electron's MessagePortMain as is relayed. */
export interface NearPort {
  on(event: 'message', listener: (message: { data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(data: unknown): void
  start(): void
  close(): void
}

export interface Relay {
  open(door: 'page' | 'shell', port: NearPort): void
  receive(message: Exclude<FromService, { kind: 'ready' }>): void
  /** Closes every port: the process at the other end is gone. */
  close(): void
}

/** Carries the messages of ports to a process that ports cannot be passed to. Everything that crosses is JSON. */
export function createRelay(send: (message: ToService) => void): Relay {
  const ports = new Map<number, NearPort>()
  let opened = 0
  return {
    open(door, port) {
      opened += 1
      const id = opened
      ports.set(id, port)
      send({ kind: 'open', door, id })
      port.on('message', ({ data }) => send({ kind: 'data', id, data }))
      port.on('close', () => {
        if (ports.delete(id)) send({ kind: 'close', id })
      })
      port.start()
    },
    receive(message) {
      const port = ports.get(message.id)
      if (port === undefined) return
      if (message.kind === 'data') {
        port.postMessage(message.data)
        return
      }
      ports.delete(message.id)
      port.close()
    },
    close() {
      const open = [...ports.values()]
      ports.clear()
      for (const port of open) port.close()
    },
  }
}
