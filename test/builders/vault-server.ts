import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { request as askPlain } from 'node:http'
import { request as askTls } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { findFreePorts } from '../lab/ports.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { startProcess, untilTrue } from './server-process.ts'
import { createTestAuthority } from './test-authority.ts'

/** A real Vault in memory, with an audit log, a login for JWT-SVIDs, and engines that hold what nobody may repeat. */
export interface RealVault {
  readonly address: { readonly host: string; readonly port: number }
  readonly folder: string
  readonly auditLog: string
  /** PEM file of the authority behind its certificate; null: it speaks plain HTTP. */
  readonly caFile: string | null
  /** Values in its engines and tokens in its hands. */
  readonly canaries: string[]
  /** With the root token unless another is said. Rejects with status and body where it is refused. */
  call(method: string, path: string, body?: object, token?: string | null): Promise<unknown>
  /** A token with one policy of this text, and no other. */
  tokenWith(policy: string, ttl?: string): Promise<string>
  /** A JWT-SVID as the jwt method takes it. */
  jwtSvid(spiffeId: string, audience?: string): string
  /** Signs a workload in; gives its token. */
  logIn(spiffeId: string): Promise<string>
  /** A certificate as a lease of `pki/`, ten minutes long; gives its id. */
  issue(token: string, role?: string): Promise<string>
  seal(): Promise<void>
  unseal(): Promise<void>
  rotateAuditLog(): Promise<void>
  stop(): Promise<void>
}

export const workload = 'spiffe://pipeline.example/hop/gateway'
export const console_ = 'spiffe://pipeline.example/console/reader'

const initialised = z.object({ keys_base64: z.tuple([z.string()]), root_token: z.string() })
const signedIn = z.object({ auth: z.object({ client_token: z.string() }) })
const issued = z.object({ lease_id: z.string() })

export async function startVault({ tls = false }: { readonly tls?: boolean } = {}): Promise<RealVault> {
  const { vault: binary } = await ensureBinaries(['vault'], { log: (line) => console.log(line) })
  const folder = await mkdtemp(join(tmpdir(), 'vault-'))
  const [port = 0, clusterPort = 0] = await findFreePorts(['127.0.0.1'], 2)
  const ca = tls ? await writeCertificates(folder) : null
  await writeFile(join(folder, 'vault.hcl'), configOf(port, clusterPort, tls))
  const running = startProcess(binary.path, ['server', '-config=vault.hcl'], folder)
  const auditLog = join(folder, 'audit.log')
  const canaries: string[] = []
  let root = ''

  function call(method: string, path: string, body?: object, token: string | null = root): Promise<unknown> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const headers = {
        ...(token === null || token === '' ? {} : { 'x-vault-token': token }),
        ...(text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }),
      }
      const options = { host: '127.0.0.1', port, method, path: `/v1/${path}`, headers, agent: false, timeout: 10_000 }
      const asked = ca === null ? askPlain(options) : askTls({ ...options, ca })
      asked.on('error', reject)
      asked.on('response', (answer) => {
        let said = ''
        answer.setEncoding('utf8')
        answer.on('data', (more: string) => {
          said += more
        })
        answer.on('end', () => {
          const { statusCode = 0 } = answer
          if (statusCode < 300) resolve(said === '' ? null : JSON.parse(said))
          else reject(new Error(`${method} ${path}: ${statusCode} ${said}`))
        })
      })
      asked.end(text)
    })
  }

  const isUp = () =>
    call('GET', 'sys/seal-status', undefined, null).then(
      () => true,
      () => false,
    )
  await untilTrue('Vault to answer', isUp)
  const made = initialised.parse(await call('PUT', 'sys/init', { secret_shares: 1, secret_threshold: 1 }, null))
  root = made.root_token
  const unseal = async (): Promise<void> => {
    await call('PUT', 'sys/unseal', { key: made.keys_base64[0] }, null)
    const isActive = () =>
      call('GET', 'sys/health', undefined, null).then(
        () => true,
        () => false,
      )
    await untilTrue('Vault to be active', isActive)
  }
  await unseal()
  const svidKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  canaries.push(root, made.keys_base64[0])
  await configure(call, auditLog, svidKey.publicKey, canaries)

  const vault: RealVault = {
    address: { host: '127.0.0.1', port },
    folder,
    auditLog,
    caFile: tls ? join(folder, 'ca.pem') : null,
    canaries,
    call,
    unseal,
    async tokenWith(policy, ttl = '1h') {
      const name = `test-${createHash('sha256').update(policy).digest('hex').slice(0, 12)}`
      await call('PUT', `sys/policies/acl/${name}`, { policy })
      const asked = { policies: [name], no_default_policy: true, ttl, display_name: 'everyhop' }
      const token = signedIn.parse(await call('POST', 'auth/token/create', asked)).auth.client_token
      canaries.push(token)
      return token
    },
    jwtSvid(spiffeId, audience = 'vault') {
      const jwt = signedJwt(svidKey.privateKey, spiffeId, audience)
      canaries.push(jwt)
      return jwt
    },
    async logIn(spiffeId) {
      const jwt = vault.jwtSvid(spiffeId)
      const token = signedIn.parse(await call('POST', 'auth/jwt/login', { role: 'hop', jwt }, null)).auth.client_token
      canaries.push(token)
      return token
    },
    async issue(token, role = 'hop') {
      const asked = { common_name: 'gateway.pipeline.example' }
      return issued.parse(await call('POST', `pki/issue/${role}`, asked, token)).lease_id
    },
    seal: async () => void (await call('PUT', 'sys/seal')),
    async rotateAuditLog() {
      await rename(auditLog, `${auditLog}.1`)
      running.signal('SIGHUP')
      const isThere = () =>
        readFile(auditLog).then(
          () => true,
          () => false,
        )
      await untilTrue('Vault to open its audit log anew', isThere)
    },
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return vault
}

async function configure(
  call: RealVault['call'],
  auditLog: string,
  svidKey: KeyObject,
  canaries: string[],
): Promise<void> {
  await call('PUT', 'sys/audit/file', { type: 'file', options: { file_path: auditLog } })
  const shipped = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'rights', 'vault.hcl'), 'utf8')
  await call('PUT', 'sys/policies/acl/everyhop', { policy: shipped })
  const hop = 'path "pki/issue/+" { capabilities = ["update"] }\npath "sys/leases/renew" { capabilities = ["update"] }'
  await call('PUT', 'sys/policies/acl/hop', { policy: hop })
  // What must never be seen: a secret, a template with a password, a connection string with one.
  const secret = `canary-${randomUUID()}`
  canaries.push(secret)
  await call('POST', 'sys/mounts/secret', { type: 'kv' })
  await call('POST', 'secret/roles/app', { password: secret })
  await call('POST', 'sys/mounts/database', { type: 'database', description: 'accounts' })
  const statement = `CREATE ROLE "{{name}}" WITH PASSWORD '{{password}}' -- ${secret}`
  const roleOf = { db_name: 'vectors', creation_statements: [statement], default_ttl: '10m', max_ttl: '1h' }
  await call('POST', 'database/roles/ro', roleOf)
  await call('POST', 'sys/mounts/pki', { type: 'pki', config: { max_lease_ttl: '24h' } })
  await call('POST', 'pki/root/generate/internal', { common_name: 'pipeline.example', ttl: '24h' })
  const leaf = { allow_any_name: true, generate_lease: true, no_store: false }
  await call('POST', 'pki/roles/hop', { ...leaf, ttl: '10m' })
  await call('POST', 'pki/roles/brief', { ...leaf, ttl: '3s', max_ttl: '3s' })
  await call('POST', 'sys/auth/jwt', { type: 'jwt' })
  const pem = svidKey.export({ type: 'spki', format: 'pem' })
  await call('POST', 'auth/jwt/config', { jwt_validation_pubkeys: [pem], jwt_supported_algs: ['ES256'] })
  const role = { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['vault'], bound_claims_type: 'glob' }
  const hops = { bound_claims: { sub: 'spiffe://pipeline.example/hop/*' }, token_policies: ['hop'], token_ttl: '30m' }
  await call('POST', 'auth/jwt/role/hop', { ...role, ...hops })
  const own = { bound_subject: console_, token_policies: ['everyhop'], token_no_default_policy: true, token_ttl: '10s' }
  await call('POST', 'auth/jwt/role/everyhop', { ...role, ...own })
  await call('POST', 'sys/auth/approle', { type: 'approle' })
  await call('POST', 'auth/approle/role/batch', { token_policies: ['hop'], token_ttl: '5m' })
}

function signedJwt(key: KeyObject, subject: string, audience: string): string {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const content = `${part({ alg: 'ES256', typ: 'JWT' })}.${part({ sub: subject, aud: [audience], iat: now, exp: now + 600 })}`
  const signature = sign('sha256', Buffer.from(content), {
    key: createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })),
    dsaEncoding: 'ieee-p1363',
  })
  return `${content}.${signature.toString('base64url')}`
}

async function writeCertificates(folder: string): Promise<string> {
  const authority = await createTestAuthority('vault.example')
  const leaf = await authority.issue({ dnsNames: ['localhost', 'vault'], ipAddresses: ['127.0.0.1'] })
  await writeFile(join(folder, 'ca.pem'), authority.certificate)
  await writeFile(join(folder, 'cert.pem'), leaf.certificate)
  await writeFile(join(folder, 'key.pem'), leaf.key)
  return authority.certificate
}

function configOf(port: number, clusterPort: number, tls: boolean): string {
  const secure = tls ? 'tls_cert_file = "cert.pem"\n  tls_key_file = "key.pem"' : 'tls_disable = true'
  return `disable_mlock = true
ui = false
storage "inmem" {}
api_addr = "${tls ? 'https' : 'http'}://127.0.0.1:${port}"
cluster_addr = "https://127.0.0.1:${clusterPort}"
listener "tcp" {
  address = "127.0.0.1:${port}"
  cluster_address = "127.0.0.1:${clusterPort}"
  ${secure}
}
`
}
