import { randomBytes, randomUUID } from 'node:crypto'
import { trustDomain } from '../../pipeline/topology.ts'

/** What is mounted: an engine, or a method to sign in by. */
export interface Mount {
  /** With its slash; of a method without `auth/`. */
  readonly path: string
  readonly type: string
  readonly isAuth: boolean
  readonly accessor: string
  readonly uuid: string
  readonly description: string
  /** Seconds; 0: Vault's own. */
  readonly maxLeaseTtl: number
}

export const vaultVersion = '1.21.4'
const thirtyDays = 30 * 24 * 60 * 60

export function createMounts(): readonly Mount[] {
  return [
    mount('cubbyhole/', 'cubbyhole', 'per-token private secret storage'),
    mount('database/', 'database', 'Accounts of the vector database'),
    mount('identity/', 'identity', 'identity store'),
    mount('kubernetes/', 'kubernetes', 'Accounts of the cluster'),
    mount('pki/', 'pki', 'Certificates for what has no SVID', thirtyDays),
    mount('sys/', 'system', 'system endpoints used for control, policy and debugging'),
    method('jwt/', 'jwt', `JWT-SVIDs of ${trustDomain}`),
    method('kubernetes/', 'kubernetes', 'Service accounts of the cluster'),
    method('token/', 'token', 'token based credentials'),
  ]
}

/** The mount that a path belongs to; null: none does. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | null {
  return mounts.find((one) => path.startsWith(one.isAuth ? `auth/${one.path}` : one.path)) ?? null
}

/** As `sys/mounts` and `sys/auth` tell of it. */
export function mountAnswer({ accessor, uuid, type, isAuth, description, maxLeaseTtl }: Mount) {
  return {
    accessor,
    config: {
      default_lease_ttl: 0,
      force_no_cache: false,
      max_lease_ttl: maxLeaseTtl,
      ...(isAuth ? { token_type: 'default-service' } : {}),
    },
    description,
    external_entropy_access: false,
    local: type === 'cubbyhole',
    options: null,
    plugin_version: '',
    running_plugin_version: `v${vaultVersion}+builtin.vault`,
    running_sha256: '',
    seal_wrap: type === 'system',
    type,
    uuid,
  }
}

/** An engine; seconds of its longest lease. */
export function mount(path: string, type: string, description: string, maxLeaseTtl = 0): Mount {
  const accessor = `${type}_${randomBytes(4).toString('hex')}`
  return { path, type, isAuth: false, accessor, uuid: randomUUID(), description, maxLeaseTtl }
}

function method(path: string, type: string, description: string): Mount {
  const accessor = `auth_${type}_${randomBytes(4).toString('hex')}`
  return { path, type, isAuth: true, accessor, uuid: randomUUID(), description, maxLeaseTtl: 0 }
}
