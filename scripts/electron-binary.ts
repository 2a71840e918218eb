import { spawn } from 'node:child_process'
import { access, constants, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './run-tool.ts'

const packageFolder = join(root, 'node_modules', 'electron')
/** A download of some 120 MB; where the host is not reached at all, it fails within seconds. */
const installWithinMs = 180_000

/** The executable of the pinned Electron; null: the package is there, its binary is not (Electron 42 and later fetch it late). */
export async function electronBinary(): Promise<string | null> {
  try {
    const inside = await readFile(join(packageFolder, 'path.txt'), 'utf8')
    const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(packageFolder, 'dist')
    const executable = join(folder, inside.trim())
    await access(executable, constants.X_OK)
    return executable
  } catch {
    return null
  }
}

export interface Installed {
  readonly executable: string | null
  /** Why not; null: it is there. */
  readonly problem: string | null
}

/** Gets the binary with Electron's own installer, `install-electron`, which checks its hash. Asks nothing; bounded time. */
export async function installElectron(say: (line: string) => void): Promise<Installed> {
  say('Electron: getting the pinned version, once (install-electron, about 120 MB)')
  const said = await runInstaller()
  const executable = await electronBinary()
  if (executable !== null) return { executable, problem: null }
  const reason = /(?:Error|TypeError): (.+)/.exec(said)?.[1]?.trim() ?? said.trim().split('\n').at(-1) ?? ''
  return { executable, problem: reason === '' ? 'install-electron did not say why' : reason.slice(0, 200) }
}

function runInstaller(): Promise<string> {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(process.execPath, [join(packageFolder, 'install.js')], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: installWithinMs,
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-4000)
      })
    }
    child.once('error', (reason) => resolve(reason.message))
    child.once('close', (_code, signal) => {
      resolve(signal === null ? output : `no end within ${installWithinMs / 1000} s`)
    })
  })
}
