/** One question to Vault. Made here only: the client refuses any other. */
export interface VaultCall {
  readonly method: 'GET' | 'PUT' | 'POST'
  /** Below `/v1/`, each segment encoded. */
  readonly path: string
  readonly isList: boolean
  readonly body: Readonly<Record<string, unknown>> | null
  /** What a person asks to see the same: `GET sys/mounts`. Without bodies, which may hold a credential. */
  readonly locator: string
  /** False: asked without a token. */
  readonly withToken: boolean
  readonly deadlineMs: number
  /** HTTP statuses other than 200 that are answers. */
  readonly answers: readonly number[]
}

const made = new WeakSet<VaultCall>()

export function isAllowed(call: VaultCall): boolean {
  return made.has(call)
}

/** Auth methods whose roles are read, with the folder that lists them. */
export const authRoleFolders: Readonly<Record<string, string>> = {
  jwt: 'role',
  oidc: 'role',
  kubernetes: 'role',
  approle: 'role',
  token: 'roles',
}
/** Secrets engines whose roles are read. Never those that keep secrets: kv, cubbyhole, transit, totp. */
export const engineRoleFolders: Readonly<Record<string, string>> = {
  database: 'roles',
  kubernetes: 'roles',
  pki: 'roles',
  aws: 'roles',
  azure: 'roles',
  ssh: 'roles',
  rabbitmq: 'roles',
  consul: 'roles',
}

/**
 * Everything that is ever asked of a Vault: settings of engines and methods, never a secret, a key or credentials. The only
 * requests that change something are about Everyhop's own token.
 */
export const calls = {
  // By itself this answers 429, 472, 473, 501 and 503 for what are states, not failures.
  health: () => read('sys/health', { withToken: false, answers: [429, 472, 473, 501, 503] }),
  sealStatus: () => read('sys/seal-status', { withToken: false }),
  mounts: () => read('sys/mounts'),
  authMethods: () => read('sys/auth'),
  policies: () => list('sys/policies/acl'),
  policy: (name: string) => read(`sys/policies/acl/${segment(name)}`),
  authRoles: (mount: string, type: string) => list(`auth/${mountPath(mount)}/${folder(authRoleFolders, type)}`),
  authRole: (mount: string, type: string, name: string) =>
    read(`auth/${mountPath(mount)}/${folder(authRoleFolders, type)}/${segment(name)}`),
  engineRoles: (mount: string, type: string) => list(`${enginePath(mount)}/${folder(engineRoleFolders, type)}`),
  engineRole: (mount: string, type: string, name: string) =>
    read(`${enginePath(mount)}/${folder(engineRoleFolders, type)}/${segment(name)}`),
  entity: (id: string) => read(`identity/entity/id/${segment(id)}`),
  lookUpLease: (leaseId: string) => change('PUT', 'sys/leases/lookup', { lease_id: leaseId }, { answers: [400] }),
  listLeases: (prefix: string) => list(`sys/leases/lookup/${mountPath(prefix)}/`, { deadlineMs: 20_000 }),
  lookUpSelf: () => read('auth/token/lookup-self'),
  capabilities: (paths: readonly string[]) => change('POST', 'sys/capabilities-self', { paths }),
  logIn: (mount: string, role: string, jwt: string) =>
    change('POST', `auth/${mountPath(mount)}/login`, { role, jwt }, { withToken: false }),
  renewSelf: () => change('POST', 'auth/token/renew-self', {}),
  revokeSelf: () => change('POST', 'auth/token/revoke-self', {}, { deadlineMs: 700 }),
} as const

type Options = Partial<Pick<VaultCall, 'withToken' | 'deadlineMs' | 'answers'>>

function read(path: string, options: Options = {}): VaultCall {
  return make({
    method: 'GET',
    path,
    isList: false,
    body: null,
    locator: `GET ${decodeURIComponent(path)}`,
    ...options,
  })
}

/** A folder without entries does not exist. */
function list(path: string, options: Options = {}): VaultCall {
  const locator = `LIST ${decodeURIComponent(path)}`
  return make({ method: 'GET', path, isList: true, body: null, locator, answers: [404], ...options })
}

function change(method: 'PUT' | 'POST', path: string, body: VaultCall['body'], options: Options = {}): VaultCall {
  return make({ method, path, isList: false, body, locator: `${method} ${decodeURIComponent(path)}`, ...options })
}

function make(call: Omit<VaultCall, 'withToken' | 'deadlineMs' | 'answers'> & Options): VaultCall {
  const whole: VaultCall = { withToken: true, deadlineMs: 4000, answers: [], ...call }
  made.add(whole)
  return Object.freeze(whole)
}

/** Own names only: what Vault calls its mounts and roles comes from outside. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.length > 500) throw new Error('not a name of Vault')
  return encodeURIComponent(name)
}

/** A mount's path may have slashes; its own at the end is dropped. */
function mountPath(mount: string): string {
  return mount.replace(/\/+$/, '').split('/').map(segment).join('/')
}

/** What Vault keeps itself is no engine, whatever an answer calls it. */
function enginePath(mount: string): string {
  if (/^\/*(sys|auth|identity|cubbyhole)(\/|$)/.test(mount)) throw new Error('not a secrets engine')
  return mountPath(mount)
}

function folder(folders: Readonly<Record<string, string>>, type: string): string {
  const found = Object.hasOwn(folders, type) ? folders[type] : undefined
  if (found === undefined) throw new Error('roles of this type are not read')
  return found
}
