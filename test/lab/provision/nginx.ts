import { readFile } from 'node:fs/promises'
import { findProgram } from './on-path.ts'
import { runTool } from './run-tool.ts'

/**
 * nginx with WebDAV is taken from PATH, or installed as a package by root on Debian, which is said first. Rejects, with what to
 * do, where neither can be: a store that is promised to work is not left untested in silence.
 */
export async function ensureNginx(log: (line: string) => void): Promise<string> {
  const found = (await findProgram('nginx')) ?? (await findProgram('/usr/sbin/nginx'))
  if (found !== undefined) return found
  const debian = /^ID=debian$/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''))
  if (!debian || process.getuid?.() !== 0) {
    throw new Error('nginx is not on PATH; it is installed only by root on Debian: apt-get install nginx-light')
  }
  log('nginx: installing the Debian package nginx-light with apt-get, once')
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const purpose = 'installing nginx'
  await runTool({ purpose, command: 'apt-get', arguments: ['update'], env })
  const list = ['install', '--yes', '--no-install-recommends', 'nginx-light']
  await runTool({ purpose, command: 'apt-get', arguments: list, env })
  const installed = await findProgram('nginx')
  if (installed === undefined) throw new Error('nginx was installed, and is not on PATH')
  return installed
}
