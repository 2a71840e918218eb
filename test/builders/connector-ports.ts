import { watchFile, unwatchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectorPorts, type DialTarget, HttpFailure } from '../../electron/core/ports.ts'

/** Ports that reach the real world with a quick pace: the first turn at once, further ones every 50 ms. For tests. */
export function connectorPorts(changes: Partial<ConnectorPorts> = {}): ConnectorPorts {
  const had = new Set<string>()
  return {
    clock: { now: () => Date.now(), sleep },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    dial,
    get: () => Promise.reject(new HttpFailure('broken', 'this test brought no HTTP')),
    files: {
      readText: (path) => readFile(path, 'utf8'),
      watch(path, changed, signal) {
        watchFile(path, { interval: 50, persistent: false }, changed)
        signal.addEventListener('abort', () => unwatchFile(path, changed), { once: true })
      },
    },
    pace: {
      async turn(instance, signal) {
        if (had.has(instance)) await sleep(50, signal)
        had.add(instance)
      },
      request: () => Promise.resolve(),
    },
    ...changes,
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}

function dial(target: DialTarget, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = target.kind === 'tcp' ? connect(target.port, target.host) : connect(target.path)
    const stop = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      signal.removeEventListener('abort', stop)
      socket.off('error', reject)
      resolve(socket)
    })
    if (signal.aborted) stop()
  })
}
