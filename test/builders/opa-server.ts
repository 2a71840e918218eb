import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { findFreePorts } from '../lab/ports.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { ask, startProcess, untilTrue } from './server-process.ts'

const run = promisify(execFile)

/** A real OPA with the Envoy plugin, polling a signed bundle every second from a server of this test. */
export interface RealOpa {
  readonly api: { readonly host: string; readonly port: number }
  readonly authorisation: { readonly host: string; readonly port: number }
  /** Strings that OPA's configuration holds and nobody may repeat. */
  readonly canaries: readonly string[]
  /** Publishes a bundle of this policy; `key: 'other'` signs it with a key that OPA does not know. */
  publish(revision: string, policy: string, key?: 'own' | 'other'): Promise<void>
  /** What the bundle server answers instead of the bundle; null: the bundle again. */
  failWith(status: number | null): void
  stop(): Promise<void>
}

/** Allows everything below `/public`. */
export const publicPolicy = `package pipeline.authz

default allow := false

allow if startswith(input.attributes.request.http.path, "/public")
`

export interface OpaOptions {
  readonly withStatus?: boolean
  /** Rego of `system.authz`: OPA then asks for a token and lets this policy decide about its own API. */
  readonly rights?: { readonly policy: string; readonly token: string }
}

export async function startOpa(options: OpaOptions = {}): Promise<RealOpa> {
  const binaries = await ensureBinaries(['opa-envoy'], { log: (line) => console.log(line) })
  const program = binaries['opa-envoy'].path
  const folder = await mkdtemp(join(tmpdir(), 'opa-'))
  const keys = { own: rsaKeys(), other: rsaKeys() }
  for (const [name, pair] of Object.entries(keys)) await writeFile(join(folder, `${name}.pem`), pair.privateKey)
  const bundles = await startBundleServer()
  const [apiPort = 0, diagnosticPort = 0, authorisationPort = 0] = await findFreePorts(['127.0.0.1'], 3)
  const token = 'canary-token-of-the-bundle-server'
  const publish: RealOpa['publish'] = async (revision, policy, key = 'own') => {
    await mkdir(join(folder, 'src'), { recursive: true })
    await writeFile(join(folder, 'src', 'authz.rego'), policy)
    if (options.rights !== undefined) await writeFile(join(folder, 'src', 'rights.rego'), options.rights.policy)
    const signing = ['--signing-alg', 'RS256', '--signing-key', `${key}.pem`]
    await run(program, ['build', '-b', 'src', '-o', 'bundle.tar.gz', '--revision', revision, ...signing], {
      cwd: folder,
    })
    bundles.serve(revision, await readFile(join(folder, 'bundle.tar.gz')))
  }
  await publish('rev-1', publicPolicy)
  const reporting = { min_delay_seconds: 1, max_delay_seconds: 1 }
  const configuration = {
    services: { lab: { url: bundles.url, credentials: { bearer: { token } } } },
    labels: { lab: 'test' },
    keys: { own: { algorithm: 'RS256', key: keys.own.publicKey } },
    bundles: { authz: { service: 'lab', resource: 'bundle.tar.gz', polling: reporting, signing: { keyid: 'own' } } },
    decision_logs: { service: 'lab', reporting },
    ...(options.withStatus === false ? {} : { status: { service: 'lab' } }),
    plugins: { envoy_ext_authz_grpc: { addr: `127.0.0.1:${authorisationPort}`, path: 'pipeline/authz/allow' } },
  }
  await writeFile(join(folder, 'opa.yaml'), stringify(configuration))
  const address = ['--addr', `127.0.0.1:${apiPort}`, '--diagnostic-addr', `127.0.0.1:${diagnosticPort}`]
  const parts = [
    'run',
    '--server',
    ...address,
    '--config-file',
    'opa.yaml',
    '--log-level',
    'error',
    '--disable-telemetry',
  ]
  const guard = options.rights === undefined ? [] : ['--authentication=token', '--authorization=basic']
  const running = startProcess(program, [...parts, ...guard], folder)
  const bearer = options.rights === undefined ? {} : { authorization: `Bearer ${options.rights.token}` }
  // With rights of its own OPA guards its health as well, and lets nobody in before the bundle with them is active.
  const sign = options.rights === undefined ? `${diagnosticPort}/health?bundles&plugins` : `${apiPort}/v1/config`
  await untilTrue(
    'OPA to activate its bundle',
    async () => (await ask(`http://127.0.0.1:${sign}`, bearer)).status === 200,
  )
  return {
    api: { host: '127.0.0.1', port: apiPort },
    authorisation: { host: '127.0.0.1', port: authorisationPort },
    canaries: [token, keys.own.privateKey.split('\n')[1] ?? ''],
    publish,
    failWith: bundles.failWith,
    async stop() {
      await running.stop()
      await bundles.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function rsaKeys(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

interface BundleServer {
  readonly url: string
  serve(revision: string, bundle: Buffer): void
  failWith(status: number | null): void
  close(): Promise<void>
}

/** Also takes the status and decision logs that OPA sends, and drops them. */
async function startBundleServer(): Promise<BundleServer> {
  let current: { readonly revision: string; readonly bundle: Buffer } = { revision: '', bundle: Buffer.alloc(0) }
  let failure: number | null = null
  const server: Server = createServer((request, answer) => {
    request.resume()
    if (request.method === 'POST') answer.writeHead(200).end()
    else if (failure !== null) answer.writeHead(failure).end()
    else if (request.headers['if-none-match'] === `"${current.revision}"`) answer.writeHead(304).end()
    else answer.writeHead(200, { etag: `"${current.revision}"` }).end(current.bundle)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve(revision, bundle) {
      current = { revision, bundle }
    },
    failWith(status) {
      failure = status
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
