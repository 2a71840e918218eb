import { readFile } from 'node:fs/promises'
import { findProgram } from './on-path.ts'
import { runTool } from './run-tool.ts'

/**
 * Prometheus is taken from PATH, or installed as a package by root on Debian, which is said first. Null where neither can
 * be: the lab then runs without it, and the reason has been given to `log`.
 */
export async function findPrometheus(log: (line: string) => void): Promise<string | null> {
  const found = await findProgram('prometheus')
  if (found !== undefined) return found
  const debian = /^ID=debian$/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''))
  if (!debian || process.getuid?.() !== 0) {
    log('Prometheus: missing (not on PATH; it is installed only by root on Debian); the lab runs without it')
    return null
  }
  log('Prometheus: installing the Debian package prometheus with apt-get, once')
  try {
    const purpose = 'installing Prometheus'
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    const list = ['install', '--yes', '--no-install-recommends', 'prometheus']
    await runTool({ purpose, command: 'apt-get', arguments: ['update'], env })
    await runTool({ purpose, command: 'apt-get', arguments: list, env })
  } catch (error) {
    log(`Prometheus: missing, the lab runs without it: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
  return (await findProgram('prometheus')) ?? null
}
