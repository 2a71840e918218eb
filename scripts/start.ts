import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'vite'
import { startService, untilStopped } from '../electron/cli/serve.ts'

/** `npm start`: builds the window when it is missing or older than its sources, serves it, and opens the browser. `-- --port <number>` chooses the port. */

const root = join(import.meta.dirname, '..')
const page = join(root, 'dist', 'renderer', 'index.html')

/** When the newest file of a folder, or a file, was written; 0 when there is none. */
async function changedAt(path: string): Promise<number> {
  if (!existsSync(path)) return 0
  const found = await stat(path)
  if (!found.isDirectory()) return found.mtimeMs
  const names = await readdir(path, { recursive: true })
  const times = names.map(async (name) => (await stat(join(path, name))).mtimeMs)
  return Math.max(0, ...(await Promise.all(times)))
}

async function isWindowCurrent(): Promise<boolean> {
  const sources = ['renderer', 'shared', 'package-lock.json'].map((name) => changedAt(join(root, name)))
  return (await changedAt(page)) > Math.max(...(await Promise.all(sources)))
}

/** Without a display, or in CI, the printed address has to do. */
function openBrowser(address: string): void {
  const { platform, env } = process
  const hasDisplay = platform !== 'linux' || Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY'])
  if (env['CI'] || !hasDisplay) return
  const [command, ...words] =
    platform === 'darwin' ? ['open'] : platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open']
  if (command === undefined) return
  spawn(command, [...words, address], { stdio: 'ignore', detached: true })
    .on('error', () => {}) // no such program: the printed address has to do
    .unref()
}

async function start(): Promise<void> {
  if (!(await isWindowCurrent())) {
    console.log('Building the window…')
    await build({ configFile: join(root, 'renderer', 'vite.config.ts'), logLevel: 'error' })
  }
  const stopped = new AbortController()
  process.once('SIGINT', () => stopped.abort())
  process.once('SIGTERM', () => stopped.abort())
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } })
  const running = await startService(Number(values.port))
  try {
    const address = running.newAddress()
    console.log(`Everyhop: ${address}`)
    console.log('It opens in the browser: the desktop window comes with a later version.')
    if ((await running.environments()).length === 0) {
      console.log('No environment is written down yet. Start the lab in another terminal: npm run lab')
    }
    console.log('The address is good once, for a minute. Press Enter for a new one, Ctrl-C to stop.')
    openBrowser(address)
    await untilStopped(stopped.signal, () => console.log(`Everyhop: ${running.newAddress()}`))
  } finally {
    await running.close()
  }
}

start().catch((reason: unknown) => {
  console.error(`everyhop: ${reason instanceof Error ? reason.message : String(reason)}`)
  process.exitCode = 1
})
