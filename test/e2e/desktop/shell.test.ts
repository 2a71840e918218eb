import { EventEmitter } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { DesktopPort } from '../../../electron/service/desktop-ports.ts'
import { createShellClient } from '../../../electron/service/shell-client.ts'
import type { Shell } from '../../../shared/shell.ts'
import { shellSuite } from '../../conformance/shell-suite.ts'
import { keepPicture } from '../open-window.ts'
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

/** A person at the dialogs and a keyring, which the machine of a test lacks: Electron is told what they do. */
async function standIn(app: Desktop['app']) {
  await app.evaluate(({ dialog, safeStorage }) => {
    const state = { path: null as string | null, isLocked: false }
    Object.assign(globalThis, { everyhopTest: state })
    const isCancelled = () => state.path === null
    Object.assign(dialog, {
      showOpenDialog: async () => ({ canceled: isCancelled(), filePaths: isCancelled() ? [] : [state.path] }),
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
  })
  return (values: Record<string, unknown>) =>
    app.evaluate((_electron, given) => {
      Object.assign(Reflect.get(globalThis, 'everyhopTest'), given)
    }, values)
}

shellSuite('the desktop, from a service beside a real Electron', async () => {
  const set = await standIn(desktop.app)
  return {
    shell,
    hands: {
      choose: (path) => set({ path }),
      lockKeyring: (isLocked) => set({ isLocked }),
      async power(event) {
        await desktop.app.evaluate(({ powerMonitor }, name) => void powerMonitor.emit(name), event)
      },
    },
    close: async () => {},
  }
})

test('the app’s own service has the shell: a file is chosen by a dialog, and a secret is sealed by the keyring and read from there', async () => {
  const home = join(folder, 'own-home')
  const token = 'canary-41c9-token'
  const asked: (string | string[] | undefined)[] = []
  const health = {
    initialized: true,
    sealed: false,
    standby: false,
    version: '1.20.0',
    cluster_name: 'c',
    server_time_utc: 1,
  }
  const vault = createServer((request, response) => {
    asked.push(request.headers['x-vault-token'])
    // A Vault that answers for itself and permits nothing: it is asked with the token all the same.
    const isHealth = request.url?.startsWith('/v1/sys/health') === true
    response.writeHead(isHealth ? 200 : 403, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isHealth ? health : { errors: ['permission denied'] }))
  })
  await new Promise<void>((resolve) => vault.listen(0, '127.0.0.1', resolve))
  const place = vault.address()
  if (place === null || typeof place === 'string') throw new Error('the server has no port')
  await mkdir(join(home, 'environments'), { recursive: true })
  const environment = { apiVersion: 'everyhop.dev/v1', kind: 'Environment', name: 'some' }
  const sources = {
    vault: [{ id: 'vault', address: `http://127.0.0.1:${place.port}`, signIn: { tokenSecret: 'vault.token' } }],
  }
  await writeFile(join(home, 'environments', 'some.yaml'), JSON.stringify({ ...environment, sources }))
  const own = await launcher.open({ home })
  try {
    const { page } = own
    const set = await standIn(own.app)
    // What the page heard of the keyring before that.
    await page.reload()
    await page.getByRole('link', { name: 'Connections' }).click()
    await page.getByRole('button', { name: 'Change some' }).click()
    const chosen = join(folder, 'a folder', 'intent.yaml')
    const intent = page.getByTestId('environment-intent')
    const browse = page.getByRole('button', { name: 'Browse for Intent' })
    await set({ path: null })
    await browse.click()
    await set({ path: chosen })
    await browse.click()
    await expect.poll(() => intent.inputValue()).toBe(chosen)
    await page.getByLabel('Token', { exact: true }).fill(token)
    await page.getByRole('button', { name: 'Keep the token' }).click()
    await page.getByText('A value is kept under this name').waitFor()
    const kept = await readFile(join(home, 'secrets.json'), 'utf8')
    expect(kept).toContain('"keyring"')
    expect(kept).not.toContain(token)
    await intent.fill('')
    await page.getByTestId('check-again').click()
    await expect.poll(() => asked).toContain(token)
    await keepPicture(page, 'desktop-browse')
  } finally {
    await own.close()
    await new Promise((resolve) => vault.close(resolve))
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
