import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import type { RealSpireServer } from './spire-server.ts'

/** A real SPIRE agent of a server, which knows processes by their user. */
export interface RealSpireAgent {
  readonly socket: string
  readonly spiffeId: string
  /** Ends the process and starts it again with what it kept on the disk. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startSpireAgent(server: RealSpireServer): Promise<RealSpireAgent> {
  const binaries = await ensureBinaries(['spire-agent'], { log: (line) => console.log(line) })
  const printed = await server.command('token', 'generate')
  const token = /Token: (?<token>\S+)/.exec(printed)?.groups?.['token']
  if (token === undefined) throw new Error(`the SPIRE server gave no join token: ${printed}`)
  const folder = join(server.folder, 'agent')
  const socket = join(folder, 'agent.sock')
  await mkdir(folder)
  await writeFile(join(folder, 'bundle.pem'), await server.command('bundle', 'show'))
  await writeFile(
    join(folder, 'agent.conf'),
    `agent {
  server_address = "${server.host}"
  server_port = "${server.port}"
  socket_path = "${socket}"
  trust_bundle_path = "${join(folder, 'bundle.pem')}"
  trust_domain = "${server.trustDomain}"
  data_dir = "${folder}"
  log_file = "${join(folder, 'agent.log')}"
  join_token = "${token}"
  experimental { sync_interval = "500ms" }
}
plugins {
  KeyManager "disk" { plugin_data { directory = "${folder}" } }
  NodeAttestor "join_token" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}
`,
  )
  function run() {
    const child = spawn(binaries['spire-agent'].path, ['run', '-config', join(folder, 'agent.conf')], {
      stdio: 'ignore',
    })
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    return {
      async stop() {
        child.kill('SIGTERM')
        await ended
      },
    }
  }
  let running = run()
  return {
    socket,
    spiffeId: `spiffe://${server.trustDomain}/spire/agent/join_token/${token}`,
    async restart() {
      await running.stop()
      running = run()
    },
    stop: () => running.stop(),
  }
}
