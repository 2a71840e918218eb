import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { SpireSource } from '../../shared/domain/model/environment.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { ensureSpirePolicy } from '../lab/provision/spire-policy.ts'

const run = promisify(execFile)

/** A real SPIRE server with its own state in a temporary folder, and the reader rule of docs/rights/spire.md. */
export interface RealSpireServer {
  readonly folder: string
  readonly host: string
  readonly port: number
  readonly socket: string
  readonly trustDomain: string
  /** Runs `spire-server <verb…>` on its local socket and gives what it printed. */
  command(...parts: string[]): Promise<string>
  /** Mints an SVID into `<folder>/<name>`; `name` decides the SPIFFE ID `/console/<name>`. */
  mint(name: string, timeToLive?: string): Promise<Identity>
  sourceOverTcp(identity: Identity, address?: { readonly host: string; readonly port: number }): SpireSource
  sourceOverSocket(): SpireSource
  stop(): Promise<void>
}

export interface Identity {
  readonly certificate: string
  readonly key: string
  readonly bundle: string
}

/** @param alsoAllowed rules in Rego besides the shipped one. */
export async function startSpireServer(trustDomain = 'pipeline.example', alsoAllowed = ''): Promise<RealSpireServer> {
  const [binaries, policy] = await Promise.all([
    ensureBinaries(['spire-server'], { log: (line) => console.log(line) }),
    ensureSpirePolicy(),
  ])
  const program = binaries['spire-server'].path
  const folder = await mkdtemp(join(tmpdir(), 'spire-'))
  const socket = join(folder, 'server.sock')
  const port = await freePort()
  await writeFile(
    join(folder, 'policy.rego'),
    (await readFile(policy.rego, 'utf8')) + (await shippedRule(trustDomain)) + alsoAllowed,
  )
  await writeFile(join(folder, 'server.conf'), configuration({ folder, socket, port, trustDomain, data: policy.data }))
  const child = spawn(program, ['run', '-config', join(folder, 'server.conf')], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const command = async (...parts: string[]): Promise<string> => {
    const verb = parts.findIndex((part) => part.startsWith('-'))
    const at = verb === -1 ? parts.length : verb
    const { stdout } = await run(program, [...parts.slice(0, at), '-socketPath', socket, ...parts.slice(at)])
    return stdout
  }
  await untilHealthy(command, folder)
  return {
    folder,
    host: '127.0.0.1',
    port,
    socket,
    trustDomain,
    command,
    async mint(name, timeToLive = '1h') {
      const target = await mkdtemp(join(folder, `${name}-`))
      const spiffeId = `spiffe://${trustDomain}/console/${name}`
      await command('x509', 'mint', '-spiffeID', spiffeId, '-ttl', timeToLive, '-write', target)
      return { certificate: join(target, 'svid.pem'), key: join(target, 'key.pem'), bundle: join(target, 'bundle.pem') }
    },
    sourceOverTcp: (identity, address = { host: '127.0.0.1', port }) => ({
      id: 'spire',
      address: `${address.host}:${address.port}`,
      trustDomain,
      identity: { ...identity, mintCommand: 'mint-it-again' },
    }),
    sourceOverSocket: () => ({ id: 'spire', socket, trustDomain }),
    async stop() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The rule exactly as operators are told to append it: what is documented is what is tested. */
async function shippedRule(trustDomain: string): Promise<string> {
  const page = await readFile(new URL('../../docs/rights/spire.md', import.meta.url), 'utf8')
  const rule = /```rego\n(?<rule>.*?)```/s.exec(page)?.groups?.['rule']
  if (rule === undefined) throw new Error('docs/rights/spire.md has no ```rego block')
  return `\n${rule.replace('TRUST-DOMAIN', trustDomain)}`
}

async function untilHealthy(command: (...parts: string[]) => Promise<string>, folder: string): Promise<void> {
  const giveUpAt = Date.now() + 30_000
  for (;;) {
    const healthy = await command('healthcheck').then(
      () => true,
      () => false,
    )
    if (healthy) return
    if (Date.now() > giveUpAt) {
      const log = await readFile(join(folder, 'server.log'), 'utf8').catch(() => '')
      throw new Error(`the SPIRE server did not become ready: ${log.slice(-2000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = address !== null && typeof address === 'object' ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

function configuration(of: {
  folder: string
  socket: string
  port: number
  trustDomain: string
  data: string
}): string {
  return `server {
  bind_address = "127.0.0.1"
  bind_port = "${of.port}"
  socket_path = "${of.socket}"
  trust_domain = "${of.trustDomain}"
  data_dir = "${of.folder}"
  log_file = "${join(of.folder, 'server.log')}"
  ca_ttl = "24h"
  default_x509_svid_ttl = "10m"
  experimental {
    auth_opa_policy_engine {
      local {
        rego_path = "${join(of.folder, 'policy.rego')}"
        policy_data_path = "${of.data}"
      }
    }
  }
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3", connection_string = "${join(of.folder, 'ds.sqlite3')}" } }
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
}
`
}
