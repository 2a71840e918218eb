import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { keyringOf } from '../../electron/main/keyring.ts'
import { createDesktopShell } from '../../electron/main/shell.ts'
import { serveShell } from '../../electron/main/shell-port.ts'
import { placelessShell } from '../../electron/platform/shell.ts'
import type { DesktopPort } from '../../electron/service/desktop-ports.ts'
import { createShellClient } from '../../electron/service/shell-client.ts'
import { type Shell, ShellRefusal } from '../../shared/shell.ts'
import { type OpenShell, shellSuite } from './shell-suite.ts'

/** Main's shell over stand-ins for Electron's parts; the real ones are tested in test/e2e/desktop. */
function desktopShell(): Omit<OpenShell, 'close'> {
  const key = randomBytes(32)
  const power = new EventEmitter()
  let isLocked = false
  let choice: string | null = null
  const shell = createDesktopShell({
    cipher: {
      available: async () => !isLocked,
      backend: () => 'gnome_libsecret',
      async encrypt(plain) {
        const nonce = randomBytes(12)
        const cipher = createCipheriv('aes-256-gcm', key, nonce)
        const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
        return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
      },
      async decrypt(sealed) {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
        decipher.setAuthTag(sealed.subarray(12, 28))
        return decipher.update(sealed.subarray(28), undefined, 'utf8') + decipher.final('utf8')
      },
    },
    openDialog: async () => ({ canceled: choice === null, filePaths: choice === null ? [] : [choice] }),
    power,
  })
  return {
    shell,
    hands: {
      choose(path) {
        choice = path
      },
      lockKeyring(locked) {
        isLocked = locked
      },
      power: (event) => void power.emit(event),
    },
  }
}

/** Node's port gives the data where Electron's gives an event with it. */
function electronPort(port: MessagePort): DesktopPort {
  const events = new EventEmitter()
  port.on('message', (data: unknown) => events.emit('message', { data }))
  port.on('close', () => events.emit('close'))
  return Object.assign(events, {
    postMessage: (data: unknown) => port.postMessage(data),
    start: () => port.start(),
    close: () => port.close(),
  })
}

function overPort(served: Shell): { readonly client: Shell; readonly near: DesktopPort; readonly far: DesktopPort } {
  const { port1, port2 } = new MessageChannel()
  const far = electronPort(port1)
  const near = electronPort(port2)
  serveShell(served, far)
  return { client: createShellClient(near), near, far }
}

shellSuite('the desktop, in main', async () => ({ ...desktopShell(), close: async () => {} }))
shellSuite('the desktop, from the service over the shell port', async () => {
  const { shell, hands } = desktopShell()
  const { client, near } = overPort(shell)
  return { shell: client, hands, close: async () => near.close() }
})
for (const place of ['web', 'terminal'] as const) {
  shellSuite(place, async () => ({ shell: placelessShell(place), hands: null, close: async () => {} }))
}

test('when main ends, what was asked and what is asked later is cancelled', async () => {
  const never = new Promise<never>(() => {})
  const { client, far } = overPort({ ...desktopShell().shell, chooseFile: () => never })
  const asked = client.chooseFile({ title: 'A file', extensions: [] })
  await client.keyring()
  far.close()
  await expect(asked).rejects.toMatchObject({ name: 'ShellRefusal', reason: 'cancelled' })
  await expect(client.keyring()).rejects.toMatchObject({ reason: 'cancelled' })
})

test('a shell that fails in an unexpected way is refused in neutral words', async () => {
  const canary = 'canary-9a-path'
  const { client, near } = overPort({
    ...desktopShell().shell,
    chooseFile: () => Promise.reject(new Error(`no display for ${canary}`)),
  })
  const refused: unknown = await client
    .chooseFile({ title: 'A file', extensions: [] })
    .catch((reason: unknown) => reason)
  expect(refused).toBeInstanceOf(ShellRefusal)
  expect(String(refused)).not.toContain(canary)
  near.close()
})

test('Chromium’s basic_text and an unknown store are no keyring, whatever they say of themselves', async () => {
  for (const backend of ['basic_text', 'unknown']) {
    const keyring = await keyringOf({
      available: async () => true,
      backend: () => backend,
      encrypt: async (plain) => Buffer.from(plain),
      decrypt: async (sealed) => sealed.toString(),
    })
    expect(keyring).toMatchObject({ available: false, name: null, problem: expect.stringContaining(backend) })
  }
})
