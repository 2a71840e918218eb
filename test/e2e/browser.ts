import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/**
 * A real Chromium for the end-to-end suite: one on PATH, one that an earlier run put into the cache, Debian's package
 * (as root only, announced), or Playwright's own download into the cache.
 * Throws an error that names the package and the command when none can be had.
 */
export async function ensureBrowser(say: (line: string) => void): Promise<string> {
  const present = findBrowser()
  if (present !== null) return present
  if (isDebian() && process.getuid?.() === 0) {
    say('Browser: installing the Debian packages chromium and fonts-liberation with apt (about a minute).')
    await run('apt-get', ['update', '-qq'], 180_000)
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-liberation'], 600_000)
  } else {
    say('Browser: downloading Chromium by Playwright into the cache (about a minute).')
    const cli = join(import.meta.dirname, '..', '..', 'node_modules', 'playwright-core', 'cli.js')
    await run(process.execPath, [cli, 'install', 'chromium'], 300_000, { PLAYWRIGHT_BROWSERS_PATH: browserCache() })
  }
  const installed = findBrowser()
  if (installed !== null) return installed
  throw new Error(
    'No Chromium was found and none could be installed. Install the package chromium (Debian: apt-get install chromium) or run: npx playwright-core install chromium',
  )
}

/** The browser's executable, or null. */
export function findBrowser(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
      const candidate = join(folder, name)
      if (isExecutable(candidate)) return candidate
    }
  }
  if (!existsSync(browserCache())) return null
  for (const version of readdirSync(browserCache())) {
    for (const inside of [
      'chrome-linux64/chrome',
      'chrome-linux/chrome',
      'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
    ]) {
      const candidate = join(browserCache(), version, inside)
      if (isExecutable(candidate)) return candidate
    }
  }
  return null
}

function browserCache(): string {
  return join(process.env.EVERYHOP_CACHE ?? join(homedir(), '.cache', 'everyhop'), 'browsers')
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Debian itself: Ubuntu's package of this name is only a pointer to a snap. */
function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

function run(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: timeoutMs,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', ...environment },
    })
    // Failure shows by the browser still not being there; the output above says why.
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
}
