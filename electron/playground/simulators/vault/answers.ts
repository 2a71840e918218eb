import type { EngineRole } from './engines.ts'
import type { Lease } from './leases.ts'
import { accountRoleAnswer, jwtRoleAnswer, logInByAccount, logInByJwt, type SignedIn } from './logins.ts'
import { mountAnswer, mountOf } from './mounts.ts'
import { capabilitiesOn } from './policies.ts'
import { absent, invalid, noOperation, noRoute } from './refusal.ts'
import type { VaultState } from './state.ts'
import type { Token } from './tokens.ts'

export type Operation = 'read' | 'list' | 'update' | 'delete'
type Fields = Readonly<Record<string, unknown>>

export type Answer =
  /** `isRepeated`: older clients find the entries beside `data` too. */
  | { readonly kind: 'data'; readonly data: Fields; readonly isRepeated?: true }
  | { readonly kind: 'auth'; readonly token: Token }
  | { readonly kind: 'lease'; readonly lease: Lease; readonly data: Fields | null }
  | { readonly kind: 'nothing' }

export interface Asked {
  readonly state: VaultState
  readonly operation: Operation
  /** Of a list with a slash at its end. */
  readonly path: string
  readonly body: Fields
  /** Of the playground's own making: a life of a lease that its role does not have. */
  readonly leaseSeconds: number | null
}

type Route = readonly [
  Operation,
  RegExp,
  (asked: Asked & { readonly token: Token }, name: string) => Answer | Promise<Answer>,
]

const routes: readonly Route[] = [
  ['read', /^sys\/mounts$/, ({ state }) => mountsAnswer(state, false)],
  ['read', /^sys\/auth$/, ({ state }) => mountsAnswer(state, true)],
  ['list', /^sys\/policies\/acl\/$/, ({ state }) => keys([...state.policies.keys()].toSorted().concat('root'))],
  [
    'read',
    /^sys\/policies\/acl\/([^/]+)$/,
    ({ state }, name) => data({ name, policy: name === 'root' ? '' : present(state.policies.get(name)) }),
  ],
  ['list', /^auth\/jwt\/role\/$/, ({ state }) => keys([...state.jwtRoles.keys()].toSorted())],
  ['read', /^auth\/jwt\/role\/([^/]+)$/, ({ state }, name) => data(jwtRoleAnswer(present(state.jwtRoles.get(name))))],
  ['list', /^auth\/kubernetes\/role\/$/, ({ state }) => keys([...state.accountRoles.keys()].toSorted())],
  [
    'read',
    /^auth\/kubernetes\/role\/([^/]+)$/,
    ({ state }, name) => data(accountRoleAnswer(present(state.accountRoles.get(name)))),
  ],
  ['list', /^auth\/token\/roles\/$/, () => keys([])],
  ['read', /^auth\/token\/roles\/[^/]+$/, () => Promise.reject(absent())],
  [
    'list',
    /^([^/]+)\/roles\/$/,
    ({ state }, mount) =>
      keys(
        rolesOf(state, `${mount}/`)
          .map(({ name }) => name)
          .toSorted(),
      ),
  ],
  [
    'read',
    /^([^/]+\/roles\/[^/]+)$/,
    ({ state }, path) =>
      data(present(state.engineRoles.find(({ mount, name }) => `${mount}roles/${name}` === path)).answer),
  ],
  ['read', /^(database\/creds\/[^/]+)$/, issue],
  ['update', /^(kubernetes\/creds\/[^/]+|pki\/issue\/[^/]+)$/, issue],
  ['read', /^identity\/entity\/id\/([^/]+)$/, ({ state }, id) => data(entityAnswer(state, id))],
  ['update', /^sys\/leases\/lookup$/, (asked) => data(leaseAnswer(asked, leaseNamed(asked)))],
  [
    'update',
    /^sys\/leases\/renew$/,
    ({ state, body }) => ({
      kind: 'lease',
      lease: state.leases.renew(named(body), typeof body['increment'] === 'number' ? body['increment'] : null),
      data: null,
    }),
  ],
  [
    'update',
    /^sys\/leases\/revoke$/,
    ({ state, body }) => {
      state.leases.revoke(named(body))
      return { kind: 'nothing' }
    },
  ],
  ['list', /^sys\/leases\/lookup\/(.*)$/, ({ state }, prefix) => keys(state.leases.list(prefix))],
  ['read', /^auth\/token\/lookup-self$/, ({ state, token }) => data(tokenAnswer(token, state.world.clock.now()))],
  [
    'update',
    /^auth\/token\/renew-self$/,
    ({ state, token }) => {
      state.tokens.renew(token)
      return { kind: 'auth', token }
    },
  ],
  [
    'update',
    /^auth\/token\/revoke-self$/,
    ({ state, token }) => {
      state.tokens.revoke(token)
      return { kind: 'nothing' }
    },
  ],
  ['update', /^sys\/capabilities-self$/, ({ state, token, body }) => capabilitiesAnswer(state, token, body)],
]

/** Paths that are listed with the capability `sudo` only. */
export function needsSudo(operation: Operation, path: string): boolean {
  return operation === 'list' && path.startsWith('sys/leases/lookup/')
}

/** What Vault answers to a token that may ask. Throws `VaultRefusal`. */
export async function answerTo(asked: Asked, token: Token): Promise<Answer> {
  const { state, operation, path } = asked
  if (mountOf(state.mounts, path) === null) throw noRoute(path)
  const fitting = routes.filter(([, pattern]) => pattern.test(path))
  const route = fitting.find(([of]) => of === operation)
  if (route === undefined) throw fitting.length === 0 ? absent() : noOperation()
  return route[2]({ ...asked, token }, route[1].exec(path)?.[1] ?? '')
}

/** Whom a login lets in; null: the path is no login. Throws `VaultRefusal`. */
export function logIn({ state, path, body }: Pick<Asked, 'state' | 'path' | 'body'>): SignedIn | null {
  const [role, jwt] = [text(body['role']), text(body['jwt'])]
  switch (path) {
    case 'auth/jwt/login':
      return logInByJwt(state.world, state.jwtRoles.get(role), role, jwt)
    case 'auth/kubernetes/login':
      return logInByAccount(state.review, state.accountRoles.get(role), role, jwt)
    default:
      return null
  }
}

export function isLogin(path: string): boolean {
  return /^auth\/[^/]+\/login$/.test(path)
}

async function issue({ state, token, path, body, leaseSeconds }: Asked & { readonly token: Token }): Promise<Answer> {
  const role: EngineRole = present(state.engineRoles.find((one) => one.path === path))
  const credential = await role.issue(body)
  const ttlSeconds = leaseSeconds ?? role.ttlSeconds
  const lease = state.leases.issue(path, {
    token: token.kept,
    renewable: role.renewable,
    ttlSeconds,
    maxTtlSeconds: Math.max(ttlSeconds, role.maxTtlSeconds),
  })
  return { kind: 'lease', lease, data: credential }
}

function mountsAnswer({ mounts }: VaultState, isAuth: boolean): Answer {
  const found = mounts.filter((mount) => mount.isAuth === isAuth)
  return {
    kind: 'data',
    data: Object.fromEntries(found.map((mount) => [mount.path, mountAnswer(mount)])),
    isRepeated: true,
  }
}

function rolesOf({ engineRoles }: VaultState, mount: string): readonly EngineRole[] {
  return engineRoles.filter((role) => role.mount === mount)
}

function entityAnswer(state: VaultState, id: string): Fields {
  const { name, alias, mount, createdAt } = present(state.entity(id) ?? undefined)
  const at = new Date(createdAt).toISOString()
  return {
    aliases: [
      {
        canonical_id: id,
        creation_time: at,
        last_update_time: at,
        mount_accessor: mount.accessor,
        mount_path: `auth/${mount.path}`,
        mount_type: mount.type,
        name: alias,
      },
    ],
    creation_time: at,
    disabled: false,
    group_ids: [],
    id,
    last_update_time: at,
    name,
    namespace_id: 'root',
    policies: [],
  }
}

function leaseNamed({ state, body }: Asked): Lease {
  const lease = state.leases.find(named(body))
  if (lease === null) throw invalid('invalid lease')
  return lease
}

function named(body: Fields): string {
  const id = text(body['lease_id'])
  if (id === '') throw invalid('lease_id must be specified')
  return id
}

function leaseAnswer({ state }: Asked, lease: Lease): Fields {
  return {
    expire_time: new Date(lease.expiresAt).toISOString(),
    id: lease.id,
    issue_time: new Date(lease.issuedAt).toISOString(),
    last_renewal: lease.renewedAt === null ? null : new Date(lease.renewedAt).toISOString(),
    renewable: lease.renewable,
    ttl: Math.max(0, Math.floor((lease.expiresAt - state.world.clock.now()) / 1000)),
  }
}

function tokenAnswer(token: Token, now: number): Fields {
  return {
    accessor: token.accessor,
    creation_time: Math.floor(token.issuedAt / 1000),
    creation_ttl: token.ttlSeconds,
    display_name: token.displayName,
    entity_id: token.entityId,
    expire_time: new Date(token.expiresAt).toISOString(),
    explicit_max_ttl: 0,
    id: token.sent,
    issue_time: new Date(token.issuedAt).toISOString(),
    meta: token.metadata,
    num_uses: 0,
    orphan: token.isOrphan,
    path: token.path,
    ...(token.period > 0 ? { period: token.period } : {}),
    policies: token.policies,
    renewable: true,
    ttl: Math.max(0, Math.floor((token.expiresAt - now) / 1000)),
    type: 'service',
  }
}

function capabilitiesAnswer(state: VaultState, token: Token, body: Fields): Answer {
  const paths = Array.isArray(body['paths'])
    ? body['paths'].filter((one): one is string => typeof one === 'string')
    : []
  if (paths.length === 0) throw invalid('paths must be supplied')
  const rules = state.rulesOf(token.policies)
  const held = (path: string): readonly string[] => {
    const found = [...capabilitiesOn(rules, path)].toSorted()
    return found.length === 0 ? ['deny'] : found
  }
  return { kind: 'data', data: Object.fromEntries(paths.map((path) => [path, held(path)])), isRepeated: true }
}

function data(fields: Fields): Answer {
  return { kind: 'data', data: fields }
}

/** A folder without entries does not exist. */
function keys(names: readonly string[]): Answer {
  if (names.length === 0) throw absent()
  return data({ keys: names })
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw absent()
  return value
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
