import { randomBytes } from 'node:crypto'
import { chown, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { LabPlan } from '../plan.ts'
import { type Server, startServer, waitFor } from '../processes.ts'
import type { PostgresPrograms } from '../provision/postgres.ts'
import { runTool } from '../provision/run-tool.ts'
import type { VaultPlan } from './plan.ts'

/** The database that Vault makes accounts in. */
export interface Postgres {
  readonly server: Server
  /** By which Vault makes and removes accounts. */
  readonly owner: { readonly user: string; readonly password: string }
  /** Names of the accounts that can log in, but for the owner. */
  logins(): Promise<readonly string[]>
  stop(): Promise<void>
}

const user = 'vault'

export async function startPostgres(
  plan: LabPlan,
  vault: VaultPlan,
  programs: PostgresPrograms,
  opened: (server: Server) => void,
): Promise<Postgres> {
  const { account } = programs
  const folder = vault.files.postgres
  const data = path.join(folder, 'data')
  const passwordFile = path.join(folder, 'password')
  const password = randomBytes(24).toString('hex')
  await mkdir(folder, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (account !== null) for (const owned of [folder, passwordFile]) await chown(owned, account.uid, account.gid)
  await symlink(folder, path.join(vault.files.folder, 'postgres'))
  const as = account === null ? {} : { account }
  await runTool({
    purpose: 'making the database of the lab',
    command: programs.initdb,
    arguments: options({
      pgdata: data,
      username: user,
      pwfile: passwordFile,
      auth: 'scram-sha-256',
      encoding: 'UTF8',
      locale: 'C',
    }).concat('--no-sync'),
    cwd: folder,
    ...as,
  })
  const settings = {
    listen_addresses: vault.address,
    port: String(vault.postgresPort),
    unix_socket_directories: '',
    shared_buffers: '8MB',
    max_connections: '20',
    fsync: 'off',
    autovacuum: 'off',
    jit: 'off',
  }
  const server = startServer({
    name: 'PostgreSQL',
    command: programs.postgres,
    arguments: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    logFile: vault.files.postgresLog,
    cwd: folder,
    mark: plan.mark,
    ...as,
  })
  opened(server)
  const query = async (sql: string): Promise<readonly string[]> => {
    const printed = await runTool({
      purpose: 'asking the database of the lab',
      command: programs.psql,
      arguments: options({
        host: vault.address,
        port: String(vault.postgresPort),
        username: user,
        dbname: 'postgres',
        command: sql,
      }).concat('--no-psqlrc', '--tuples-only', '--no-align'),
      // Not an argument, which every user of the machine could read.
      env: { PGPASSWORD: password },
      cwd: '/',
    })
    return printed.split('\n').filter((line) => line !== '')
  }
  await waitFor('PostgreSQL takes queries', async () => (await query('select 1')).length === 1, {
    timeoutMs: 20_000,
    everyMs: 50,
    server,
  })
  return {
    server,
    owner: { user, password },
    logins: () => query(`select rolname from pg_roles where rolcanlogin and rolname <> '${user}' order by 1`),
    stop: async () => {
      // Without waiting for Vault to close its connections, as it would on SIGTERM.
      server.signal('SIGINT')
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function options(list: Readonly<Record<string, string>>): string[] {
  return Object.entries(list).map(([name, value]) => `--${name}=${value}`)
}
