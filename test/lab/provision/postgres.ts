import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findProgram } from './on-path.ts'
import { runTool } from './run-tool.ts'

export interface PostgresPrograms {
  readonly initdb: string
  readonly postgres: string
  readonly psql: string
  readonly version: string
  /** PostgreSQL refuses to run as root: the account it runs as instead; null: as whoever runs the lab. */
  readonly account: { readonly uid: number; readonly gid: number } | null
}

const oldest = 13
/** Where Debian and Ubuntu put the servers, a folder for each major version. */
const packagedFolder = '/usr/lib/postgresql'

/**
 * PostgreSQL as the system has it, or installed as a package by root on Debian and Ubuntu, which is said first. Rejects
 * with what is missing where neither can be.
 */
export async function findPostgres(log: (line: string) => void, packaged = packagedFolder): Promise<PostgresPrograms> {
  const found = await find(packaged)
  if (found !== undefined) return found
  const missing = `PostgreSQL ${oldest} or newer is missing (initdb, postgres and psql in one folder of PATH or below ${packaged})`
  const isDebian = /^ID=(debian|ubuntu)$/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''))
  if (!isDebian || process.getuid?.() !== 0) {
    throw new Error(`${missing}; the lab installs it only as root on Debian and Ubuntu: install it, then start again`)
  }
  log('PostgreSQL: installing the package postgresql with apt-get, once; without a database of the system')
  const purpose = 'installing PostgreSQL'
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const settings = '/etc/postgresql-common/createcluster.d'
  await mkdir(settings, { recursive: true })
  await writeFile(path.join(settings, 'everyhop-lab.conf'), 'create_main_cluster = false\n')
  await runTool({ purpose, command: 'apt-get', arguments: ['update'], env })
  const list = ['install', '--yes', '--no-install-recommends', 'postgresql', 'postgresql-client']
  await runTool({ purpose, command: 'apt-get', arguments: list, env })
  const installed = await find(packaged)
  if (installed === undefined) throw new Error(`${missing}, although its package was installed`)
  return installed
}

async function find(packaged: string): Promise<PostgresPrograms | undefined> {
  const versions = (await readdir(packaged).catch(() => [])).toSorted((a, b) => Number(b) - Number(a))
  const folders = versions.map((version) => path.join(packaged, version, 'bin'))
  for (const folder of [...folders, ...(process.env['PATH'] ?? '').split(path.delimiter)]) {
    const [initdb, postgres, psql] = await Promise.all(
      ['initdb', 'postgres', 'psql'].map((name) => findProgram(name, [folder])),
    )
    if (initdb === undefined || postgres === undefined || psql === undefined) continue
    const printed = await runTool({
      purpose: 'asking PostgreSQL for its version',
      command: postgres,
      arguments: ['--version'],
    }).catch(() => '')
    const version = /\(PostgreSQL\) (\d+[.\d]*)/.exec(printed)?.[1]
    if (version === undefined || Number.parseInt(version, 10) < oldest) continue
    return { initdb, postgres, psql, version, account: await account() }
  }
  return undefined
}

async function account(): Promise<PostgresPrograms['account']> {
  if (process.getuid?.() !== 0) return null
  const fields = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'postgres')
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])]
  if (!Number.isInteger(uid) || !Number.isInteger(gid)) {
    throw new Error(
      'PostgreSQL does not run as root, and there is no account postgres: make one, or run the lab as another user',
    )
  }
  return { uid, gid }
}
