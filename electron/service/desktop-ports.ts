import { EventEmitter } from 'node:events'
import { type FromService, toService } from '../../shared/desktop.ts'

/** A message port as Electron gives it to a utility process, or one relayed to a child of Node: the same to both ends. */
export interface DesktopPort {
  on(event: 'message', listener: (message: { data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(data: unknown): void
  start(): void
  close(): void
}

export interface Main {
  ready(): void
  onOpen(opened: (door: 'page' | 'shell', port: DesktopPort) => void): void
  /** Main asks the service to end, or is gone itself. */
  onStop(stop: () => void): void
}

/** The process that started this one: Electron's main, by a utility process's port or by the channel of a Node child. */
export function connectMain(own: NodeJS.Process): Main {
  if (own.parentPort !== undefined) return connectUtility(own.parentPort)
  if (own.send === undefined) throw new Error('This is a part of the desktop app and is started by it. See: npm start')
  return connectChild(own)
}

function connectUtility(parent: Electron.ParentPort): Main {
  const events = new EventEmitter()
  parent.on('message', ({ data, ports }) => {
    const said = toService.safeParse(data)
    if (!said.success) return
    const [port] = ports
    if (said.data.kind === 'stop') events.emit('stop')
    else if (said.data.kind === 'open' && port !== undefined) events.emit('open', said.data.door, port)
  })
  return {
    ready: () => parent.postMessage({ kind: 'ready' } satisfies FromService),
    onOpen: (opened) => void events.on('open', opened),
    onStop: (stop) => void events.once('stop', stop),
  }
}

function connectChild(own: NodeJS.Process): Main {
  const events = new EventEmitter()
  const ports = new Map<number, RelayedPort>()
  const send = (message: FromService) => {
    if (own.connected) own.send?.(message, undefined, undefined, () => {})
  }
  own.on('message', (message: unknown) => {
    const parsed = toService.safeParse(message)
    if (!parsed.success) return
    const said = parsed.data
    if (said.kind === 'stop') {
      events.emit('stop')
      return
    }
    if (said.kind === 'open') {
      const port = new RelayedPort({
        post: (data) => send({ kind: 'data', id: said.id, data }),
        closed() {
          if (ports.delete(said.id)) send({ kind: 'close', id: said.id })
        },
      })
      ports.set(said.id, port)
      events.emit('open', said.door, port)
      return
    }
    const port = ports.get(said.id)
    if (said.kind === 'data') port?.receive(said.data)
    else {
      ports.delete(said.id)
      port?.close()
    }
  })
  own.once('disconnect', () => events.emit('stop'))
  return {
    ready: () => send({ kind: 'ready' }),
    onOpen: (opened) => void events.on('open', opened),
    onStop: (stop) => void events.once('stop', stop),
  }
}

/** Holds messages back until it is started, as a real port does. */
class RelayedPort extends EventEmitter implements DesktopPort {
  readonly #wire: { post(data: unknown): void; closed(): void }
  #waiting: unknown[] | null = []
  #isOpen = true

  constructor(wire: { post(data: unknown): void; closed(): void }) {
    super()
    this.#wire = wire
  }

  receive(data: unknown): void {
    if (this.#waiting === null) this.emit('message', { data })
    else this.#waiting.push(data)
  }

  start(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = null
    for (const data of waiting) this.emit('message', { data })
  }

  postMessage(data: unknown): void {
    if (this.#isOpen) this.#wire.post(data)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.emit('close')
    this.#wire.closed()
  }
}
