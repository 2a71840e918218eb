import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { DesktopPort } from '../../../electron/service/desktop-ports.ts'
import { createShellClient } from '../../../electron/service/shell-client.ts'
import type { Shell } from '../../../shared/shell.ts'
import { shellSuite } from '../../conformance/shell-suite.ts'
import { type Desktop, type Launcher, prepareDesktop } from './open-desktop.ts'

/**
 * The shell port in a real Electron: from a service's process through main to Electron's own parts. Only where a person, a
 * keyring or a sleeping machine would be needed is Electron told what they did.
 */
let folder: string
let launcher: Launcher
let desktop: Desktop
let shell: Shell
let closeSocket: () => void

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-shell-'))
  launcher = await prepareDesktop()
  const socket = join(folder, 'shell.sock')
  const node = join(folder, 'node')
  const probe = join(import.meta.dirname, 'probe-service.ts')
  await writeFile(node, `#!/bin/sh\nEVERYHOP_TEST_SOCKET='${socket}' exec '${process.execPath}' '${probe}'\n`, {
    mode: 0o755,
  })
  desktop = await launcher.open({ home: join(folder, 'home'), node })
  const opened = await connectShell(socket)
  shell = opened.shell
  closeSocket = opened.close
})
afterAll(async () => {
  closeSocket?.()
  await desktop?.close()
  await launcher?.close()
  await rm(folder, { recursive: true, force: true })
})

test('without a keyring in this session the real safeStorage is not used, and says why', async () => {
  const keyring = await shell.keyring()
  expect(keyring).toMatchObject({ available: false, problem: expect.stringContaining('passphrase') })
  await expect(shell.seal('canary')).rejects.toMatchObject({ name: 'ShellRefusal', reason: 'unavailable' })
})

shellSuite('the desktop, from a service beside a real Electron', async () => {
  await desktop.app.evaluate(({ dialog, safeStorage, shell: links }) => {
    const state = { path: null as string | null, isLocked: false, opened: [] as string[] }
    Object.assign(globalThis, { everyhopTest: state })
    const isCancelled = () => state.path === null
    Object.assign(dialog, {
      showOpenDialog: async () => ({ canceled: isCancelled(), filePaths: isCancelled() ? [] : [state.path] }),
      showSaveDialog: async () => ({ canceled: isCancelled(), filePath: state.path ?? '' }),
    })
    const mark = 'sealed:'
    const stand: Record<string, unknown> = {
      getSelectedStorageBackend: () => 'gnome_libsecret',
      isAsyncEncryptionAvailable: async () => !state.isLocked,
      encryptStringAsync: async (plain: string) => Buffer.from(mark + Buffer.from(plain).toString('hex')),
      async decryptStringAsync(sealed: Buffer) {
        const text = sealed.toString()
        if (!text.startsWith(mark)) throw new Error(`not sealed here: ${text}`)
        return { result: Buffer.from(text.slice(mark.length), 'hex').toString() }
      },
    }
    for (const [name, value] of Object.entries(stand)) {
      Object.defineProperty(safeStorage, name, { value, configurable: true, writable: true })
    }
    Object.assign(links, { openExternal: async (address: string) => void state.opened.push(address) })
  })
  const set = (values: Record<string, unknown>) =>
    desktop.app.evaluate((_electron, given) => {
      Object.assign(Reflect.get(globalThis, 'everyhopTest'), given)
    }, values)
  const get = (name: string): Promise<string[]> =>
    desktop.app.evaluate((_electron, wanted) => Reflect.get(Reflect.get(globalThis, 'everyhopTest'), wanted), name)
  return {
    shell,
    hands: {
      choose: (path) => set({ path }),
      lockKeyring: (isLocked) => set({ isLocked }),
      async power(event) {
        await desktop.app.evaluate(({ powerMonitor }, name) => void powerMonitor.emit(name), event)
      },
      opened: () => get('opened'),
      notified: () => null,
    },
    close: async () => {},
  }
})

/** The test speaks as the service does: the same client, over a socket to the process that has the port. */
async function connectShell(path: string): Promise<{ readonly shell: Shell; close(): void }> {
  // The window may be there before the service listens.
  const socket = await vi.waitFor(() => connected(path), { timeout: 60_000, interval: 100 })
  const events = new EventEmitter()
  createInterface({ input: socket }).on('line', (line) => events.emit('message', { data: JSON.parse(line) }))
  const port: DesktopPort = Object.assign(events, {
    postMessage: (data: unknown) => void socket.write(`${JSON.stringify(data)}\n`),
    start() {},
    close: () => void socket.end(),
  })
  return { shell: createShellClient(port), close: () => socket.destroy() }
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket))
    socket.once('error', reject)
  })
}
