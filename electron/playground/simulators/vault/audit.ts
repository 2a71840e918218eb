import { createHmac, randomBytes } from 'node:crypto'
import type { LineLog, World } from '../../parts.ts'
import type { Mount } from './mounts.ts'
import type { Token } from './tokens.ts'

export interface AuditedRequest {
  readonly id: string
  readonly operation: string
  readonly path: string
  readonly body: Readonly<Record<string, unknown>> | null
  /** As it came; null: none did. */
  readonly sentToken: string | null
  readonly from: { readonly address: string; readonly port: number }
  /** null: no mount is at the path. */
  readonly mount: Mount | null
  /** As it was asked; only of lists. */
  readonly uri: string | null
}

/** Who asked, as far as Vault knows; `isLogin`: nobody yet. */
export type Asker =
  | { readonly kind: 'token'; readonly token: Token; readonly isAllowed: boolean; readonly grantedBy: string | null }
  | { readonly kind: 'login' }
  | { readonly kind: 'nobody' }

export interface AuditedResponse {
  readonly data?: Readonly<Record<string, unknown>>
  readonly leaseId?: string
  /** A token that was made or renewed. */
  readonly auth?: Token
}

/** Vault's audit device of type `file`: a line for each request and one for its answer, secrets hashed. */
export interface AuditLog {
  request(request: AuditedRequest, asker: Asker, error: string | null): void
  response(request: AuditedRequest, asker: Asker, response: AuditedResponse | null, error: string | null): void
}

export function createAuditLog(world: Pick<World, 'clock'>, log: LineLog): AuditLog {
  const key = randomBytes(32)
  const hash = (value: string): string => `hmac-sha256:${createHmac('sha256', key).update(value).digest('hex')}`

  /** Strings of what was asked and answered; `numbersToo`: Vault reads numbers of a request as text. */
  function hashed(value: unknown, numbersToo: boolean): unknown {
    if (typeof value === 'string') return hash(value)
    if (typeof value === 'number') return numbersToo ? hash(String(value)) : value
    if (Array.isArray(value)) return value.map((one) => hashed(one, numbersToo))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, hashed(one, numbersToo)]))
  }

  function tokenFields(token: Token) {
    return {
      accessor: hash(token.accessor),
      client_token: hash(token.kept),
      display_name: token.displayName,
      ...(token.entityId === '' ? {} : { entity_id: token.entityId }),
      ...(token.metadata === null ? {} : { metadata: token.metadata }),
      policies: token.policies,
      token_policies: token.policies,
      token_ttl: token.period > 0 ? token.period : token.ttlSeconds,
      token_type: 'service',
    }
  }

  function authOf(asker: Asker): object | null {
    if (asker.kind === 'nobody') return null
    if (asker.kind === 'login') return { policy_results: { allowed: true }, token_type: 'default' }
    const { token, isAllowed, grantedBy } = asker
    const granting = [{ type: '' }, { name: grantedBy, namespace_id: 'root', type: 'acl' }]
    return {
      ...tokenFields(token),
      policy_results: isAllowed ? { allowed: true, granting_policies: granting } : { allowed: false },
      token_issue_time: `${new Date(token.issuedAt).toISOString().slice(0, 19)}Z`,
    }
  }

  function requestFields({ id, operation, path, body, sentToken, from, mount, uri }: AuditedRequest, asker: Asker) {
    const token = asker.kind === 'token' ? asker.token : null
    return {
      ...(token === null ? {} : { client_id: token.entityId === '' ? hash(token.kept).slice(12, 56) : token.entityId }),
      ...(sentToken === null ? {} : { client_token: hash(sentToken) }),
      ...(token === null ? {} : { client_token_accessor: hash(token.accessor) }),
      ...(body === null || Object.keys(body).length === 0 ? {} : { data: hashed(body, true) }),
      id,
      ...(mount === null ? {} : { mount_accessor: mount.accessor, ...mountFields(mount) }),
      namespace: { id: 'root' },
      operation,
      path,
      remote_address: from.address,
      remote_port: from.port,
      ...(uri === null ? {} : { request_uri: uri }),
    }
  }

  function write(type: 'request' | 'response', fields: object, error: string | null): void {
    const time = new Date(world.clock.now()).toISOString()
    log.append(JSON.stringify({ ...(error === null ? {} : { error }), time, type, ...fields }))
  }

  return {
    request(request, asker, error) {
      const auth = authOf(asker)
      write('request', { ...(auth === null ? {} : { auth }), request: requestFields(request, asker) }, error)
    },
    response(request, asker, response, error) {
      const made = response?.auth
      const auth = asker.kind === 'login' && made !== undefined ? tokenFields(made) : authOf(asker)
      const answered = {
        ...(made === undefined ? {} : { auth: { ...tokenFields(made), entity_created: true } }),
        ...(response?.data === undefined ? {} : { data: hashed(response.data, false) }),
        ...(request.mount === null ? {} : { mount_accessor: request.mount.accessor, ...mountFields(request.mount) }),
        ...(response?.leaseId === undefined ? {} : { secret: { lease_id: response.leaseId } }),
      }
      write(
        'response',
        {
          ...(auth === null ? {} : { auth }),
          request: requestFields(request, asker),
          ...(response === null ? {} : { response: answered }),
        },
        error,
      )
    },
  }
}

function mountFields({ path, type, isAuth }: Mount) {
  return {
    mount_class: isAuth ? 'auth' : 'secret',
    mount_point: isAuth ? `auth/${path}` : path,
    mount_type: type,
  }
}
