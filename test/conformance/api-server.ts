import { mkdir, writeFile } from 'node:fs/promises'
import { type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { caFile, openAuthority, writeTokenKeys } from '../lab/cluster/authority.ts'
import { findFreePorts } from '../lab/ports.ts'
import { type Server, startServer, waitFor } from '../lab/processes.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'

export interface ApiServerAnswer {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface ApiServerOptions {
  /** Of this one alone. */
  readonly folder: string
  /** An audit.k8s.io/v1 `Policy` without its kind. */
  readonly auditPolicy: object
  /** Options of kube-apiserver besides, such as where audit events go. */
  readonly options: Readonly<Record<string, string>>
}

export interface OwnApiServer {
  /** Asks as an administrator: GET, or POST of a body. */
  ask(path: string, body?: object): Promise<ApiServerAnswer>
  stop(): Promise<void>
}

/** An etcd and an API server of a test's own, without the rest of the lab. */
export async function startOwnApiServer({
  folder,
  auditPolicy,
  options: more,
}: ApiServerOptions): Promise<OwnApiServer> {
  const programs = await ensureBinaries(['etcd', 'kube-apiserver'], { log: () => {} })
  const servers: Server[] = []
  const start = (name: 'etcd' | 'kube-apiserver', options: Readonly<Record<string, string>>): Server => {
    const server = startServer({
      name,
      command: programs[name].path,
      arguments: Object.entries(options).map(([option, value]) => `--${option}=${value}`),
      logFile: join(folder, `${name}.log`),
      mark: folder,
    })
    servers.push(server)
    return server
  }
  const [client = 0, peer = 0, port = 0] = await findFreePorts(['127.0.0.1'], 3)
  const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`]
  start('etcd', {
    'data-dir': join(folder, 'etcd'),
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `default=${peerUrl}`,
    'log-level': 'warn',
  })
  const keys = join(folder, 'keys')
  await mkdir(keys, { mode: 0o700 })
  const authority = await openAuthority(keys)
  const serving = await authority.issueServer('kube-apiserver')
  const admin = await authority.issueClient('auditor', ['system:masters'])
  const tokens = await writeTokenKeys(keys)
  const policy = join(folder, 'policy.json')
  await writeFile(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...auditPolicy }))
  const server = start('kube-apiserver', {
    'etcd-servers': clientUrl,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'secure-port': String(port),
    'tls-cert-file': serving.certificateFile,
    'tls-private-key-file': serving.keyFile,
    'client-ca-file': caFile(keys),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': tokens.publicFile,
    'service-account-signing-key-file': tokens.keyFile,
    'service-cluster-ip-range': '10.96.0.0/16',
    'authorization-mode': 'RBAC',
    'disable-admission-plugins': 'ServiceAccount',
    'endpoint-reconciler-type': 'none',
    'audit-policy-file': policy,
    ...more,
  })
  const options: RequestOptions = {
    host: '127.0.0.1',
    port,
    ca: authority.certificate,
    cert: admin.certificate,
    key: admin.key,
    agent: false,
  }
  const ask: OwnApiServer['ask'] = (path, body) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const asked = request({ ...options, path, method: body === undefined ? 'GET' : 'POST', headers }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
            headers: answer.headers,
          }),
        )
      })
      asked.on('error', reject)
      asked.end(body === undefined ? undefined : JSON.stringify(body))
    })
  const stop = async (): Promise<void> => {
    for (const each of servers.splice(0).toReversed()) await each.stop()
  }
  try {
    await waitFor('the API server is ready', async () => (await ask('/readyz')).status === 200, {
      timeoutMs: 90_000,
      everyMs: 100,
      server,
    })
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return { ask, stop }
}
