import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Desktop, type Launcher, prepareDesktop } from './open-desktop.ts'
import { serviceProcess } from './processes.ts'

/**
 * Main's way to a utility process, with a service so small that the old Electron's Node runs it too: it tells on standard
 * error what it is handed and asked.
 */
const service = `
process.parentPort.on('message', ({ data, ports: [port] }) => {
  if (data.kind === 'stop') process.exit(0)
  if (data.kind !== 'open') return
  process.stderr.write('handed ' + data.door + '\\n')
  port.on('message', ({ data: said }) => {
    const words = data.door === 'shell' ? 'keyring ' + said.value.available : 'asked ' + /environments.list/.exec(said)
    process.stderr.write(words + '\\n')
  })
  port.start()
  if (data.door === 'shell') {
    port.postMessage({ id: 1, ask: 'keyring' })
    process.parentPort.postMessage({ kind: 'ready' })
  }
})
`

let folder: string
let launcher: Launcher
let desktop: Desktop

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-utility-'))
  launcher = await prepareDesktop()
  const app = join(folder, 'app')
  await mkdir(join(app, 'service'), { recursive: true })
  await cp(launcher.folder, join(app, 'desktop'), { recursive: true })
  await symlink(join(dirname(launcher.folder), 'renderer'), join(app, 'renderer'))
  for (const name of ['desktop.cjs', 'desktop.mjs']) await writeFile(join(app, 'service', name), service)
  desktop = await launcher.open({ home: join(folder, 'home'), folder: join(app, 'desktop'), utility: true })
})
afterAll(async () => {
  await desktop?.close()
  await launcher?.close()
  await rm(folder, { recursive: true, force: true })
})

const times = (words: string) => desktop.written().split(`${words}\n`).length - 1

test('a service in a utility process gets its shell port and the page’s port, and both carry messages', async () => {
  await expect.poll(() => times('handed shell')).toBe(1)
  await expect.poll(() => times('keyring false')).toBe(1)
  await expect.poll(() => times('handed page')).toBe(1)
  await expect.poll(() => times('asked environments/list')).toBeGreaterThan(0)
})

test('when the utility process is killed another one is started, with new ports to the same page', async () => {
  const pid = await serviceProcess(desktop.app.process().pid ?? Number.NaN)
  if (pid === null) throw new Error('no utility process of the service was found')
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => times('handed shell')).toBe(2)
  await expect.poll(() => times('handed page')).toBe(2)
  await desktop.page.getByTestId('service-notice').waitFor({ state: 'detached' })
})
