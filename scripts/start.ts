import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startService, untilStopped } from '../electron/cli/serve.ts'
import { buildMain, buildPage, buildService, pinnedTarget } from './build-desktop.ts'
import { whyNoDesktop } from './desktop-place.ts'
import { electronBinary, installElectron } from './electron-binary.ts'
import { root } from './run-tool.ts'

/**
 * `npm start`: opens the desktop window, or, where that cannot be, serves the window to the browser and says why in one line.
 * Builds first what is missing or older than its sources. `-- --web` asks for the browser, `-- --port <number>` for a port of it.
 */

/** Ctrl-C, a request to end, and the terminal that goes away. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const dist = join(root, pinnedTarget.folder)

/** When the newest file of a folder, or a file, was written; 0 when there is none. */
async function changedAt(path: string): Promise<number> {
  if (!existsSync(path)) return 0
  const found = await stat(path)
  if (!found.isDirectory()) return found.mtimeMs
  const names = await readdir(path, { recursive: true })
  const times = names.map(async (name) => (await stat(join(path, name))).mtimeMs)
  return Math.max(0, ...(await Promise.all(times)))
}

async function isCurrent(built: string, sources: readonly string[]): Promise<boolean> {
  const times = sources.map((name) => changedAt(join(root, name)))
  return (await changedAt(join(dist, built))) > Math.max(...(await Promise.all(times)))
}

async function buildWhatIsOld(isDesktop: boolean): Promise<void> {
  const ours = ['shared', 'package-lock.json', 'scripts/build-desktop.ts']
  const wanted: (() => Promise<void>)[] = []
  if (!(await isCurrent('renderer/index.html', ['renderer', ...ours]))) wanted.push(() => buildPage(pinnedTarget))
  if (isDesktop && !(await isCurrent('desktop/main.cjs', ['electron/main', 'electron/preload', ...ours]))) {
    wanted.push(() => buildMain(pinnedTarget))
  }
  if (isDesktop && !(await isCurrent('service/desktop.mjs', ['electron', ...ours]))) wanted.push(buildService)
  if (wanted.length === 0) return
  console.log('Building the window…')
  await Promise.all(wanted.map((build) => build()))
}

/** The Electron to start, or in words why it cannot be. */
async function desktop(isWebWanted: boolean): Promise<{ readonly executable: string } | { readonly why: string }> {
  const why = isWebWanted ? 'because it was asked for' : whyNoDesktop(process)
  if (why !== null) return { why }
  const present = await electronBinary()
  if (present !== null) return { executable: present }
  const { executable, problem } = await installElectron(console.log)
  return executable === null ? { why: `because Electron could not be downloaded (${problem})` } : { executable }
}

/** Until the window is closed; its words are ours. */
function runDesktop(executable: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(executable, [join(dist, 'desktop')], { stdio: 'inherit' })
    for (const signal of endings) process.once(signal, () => child.kill(signal))
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
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

async function runWebHost(port: number, why: string): Promise<void> {
  const stopped = new AbortController()
  for (const signal of endings) process.once(signal, () => stopped.abort())
  const running = await startService(port)
  try {
    const address = running.newAddress()
    console.log(`Everyhop: ${address}`)
    console.log(`It opens in the browser, ${why}.`)
    console.log(running.memory)
    if ((await running.environments()).length === 0) {
      console.log('No environment is written down yet: it opens with the playground, a demonstration pipeline.')
    }
    console.log('The address is good once, for a minute. Press Enter for a new one, Ctrl-C to stop.')
    openBrowser(address)
    await untilStopped(stopped.signal, () => console.log(`Everyhop: ${running.newAddress()}`))
  } finally {
    await running.close()
  }
}

async function start(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' }, web: { type: 'boolean', default: false } } })
  const found = await desktop(values.web || values.port !== undefined)
  await buildWhatIsOld('executable' in found)
  if ('executable' in found) process.exitCode = await runDesktop(found.executable)
  else await runWebHost(Number(values.port ?? 0), found.why)
}

start().catch((reason: unknown) => {
  console.error(`everyhop: ${reason instanceof Error ? reason.message : String(reason)}`)
  process.exitCode = 1
})
