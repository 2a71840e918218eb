import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { WireAuditLine } from './vault-audit-wire.ts'

/** What an answered request did to leases, and to tokens, with which their leases end. Hashes are as in the log. */
export type VaultEffect =
  | { readonly kind: 'issued'; readonly leaseId: string }
  | { readonly kind: 'renewed'; readonly leaseId: string }
  | { readonly kind: 'revoked'; readonly leaseId: string }
  | { readonly kind: 'revoked-prefix'; readonly prefix: string }
  | { readonly kind: 'revoked-token'; readonly hash: string }
  | { readonly kind: 'revoked-accessor'; readonly hash: string }
  /** Something was revoked, and the log hides what, or does not say what hung on it. */
  | { readonly kind: 'revoked-unnamed' }
  /** A token came to be. `parent` null: with no other token does it end. */
  | {
      readonly kind: 'token-issued'
      readonly hash: string
      readonly parent: string | null
      readonly endsAt: EpochMs | null
    }
  | { readonly kind: 'token-renewed'; readonly hash: string; readonly endsAt: EpochMs | null }

/** Paths: vault/logical_system_paths.go and vault/token_store.go of Vault 1.21; those without `leases/` are the older names. */
export function effectOf(line: WireAuditLine): VaultEffect | null {
  const { path, operation, data } = line.request
  const leaseId = line.response?.secret?.lease_id
  const [, renewed] = /^sys\/(?:leases\/)?renew(?:\/(.*))?$/.exec(path) ?? [null, null]
  if (renewed !== null) {
    const id = nonEmpty(leaseId) ?? nonEmpty(renewed) ?? plain(data?.['lease_id'])
    return id === null ? null : { kind: 'renewed', leaseId: id }
  }
  return (
    revocationOf(path, operation, data) ??
    tokenRevocationOf(line) ??
    tokenOf(line) ??
    (nonEmpty(leaseId) === null ? null : { kind: 'issued', leaseId: nonEmpty(leaseId) ?? '' })
  )
}

function revocationOf(path: string, operation: string, data: WireAuditLine['request']['data']): VaultEffect | null {
  const [, prefix] = /^sys\/(?:leases\/)?revoke-(?:prefix|force)\/(.+)$/.exec(path) ?? []
  if (prefix !== undefined) return { kind: 'revoked-prefix', prefix }
  const [, named] = /^sys\/(?:leases\/)?revoke(?:\/(.*))?$/.exec(path) ?? [null, null]
  if (named !== null) {
    const id = nonEmpty(named) ?? plain(data?.['lease_id'])
    return id === null ? { kind: 'revoked-unnamed' } : { kind: 'revoked', leaseId: id }
  }
  if (operation === 'delete') {
    const [, mount] = /^sys\/mounts\/(.+?)\/?$/.exec(path) ?? []
    if (mount !== undefined) return { kind: 'revoked-prefix', prefix: `${mount}/` }
    if (/^sys\/auth\/./.test(path)) return { kind: 'revoked-unnamed' }
  }
  return path === 'sys/remount' ? { kind: 'revoked-unnamed' } : null
}

function tokenRevocationOf({ request, auth }: WireAuditLine): VaultEffect | null {
  const [, verb] = /^auth\/token\/(revoke|revoke-self|revoke-orphan|revoke-accessor)(?:\/.*)?$/.exec(request.path) ?? []
  if (verb === undefined) return null
  if (verb === 'revoke-self') {
    const own = auth?.client_token ?? request.client_token
    return own === undefined ? { kind: 'revoked-unnamed' } : { kind: 'revoked-token', hash: own }
  }
  const hash = request.data?.[verb === 'revoke-accessor' ? 'accessor' : 'token']
  if (typeof hash !== 'string') return { kind: 'revoked-unnamed' }
  return verb === 'revoke-accessor' ? { kind: 'revoked-accessor', hash } : { kind: 'revoked-token', hash }
}

function tokenOf({ auth, request, response }: WireAuditLine): VaultEffect | null {
  const token = response?.auth
  const hash = token?.client_token
  if (token === undefined || hash === undefined || hash === '') return null
  const endsAt = endOfToken(token.token_issue_time, token.token_ttl)
  if (request.path.startsWith('auth/token/renew')) return { kind: 'token-renewed', hash, endsAt }
  const isChild = /^auth\/token\/create(\/|$)/.test(request.path) && request.data?.['no_parent'] !== true
  return {
    kind: 'token-issued',
    hash,
    parent: isChild ? (auth?.client_token ?? request.client_token ?? null) : null,
    endsAt,
  }
}

function endOfToken(issuedAt: string | undefined, ttlSeconds: number | undefined): EpochMs | null {
  const issued = Date.parse(issuedAt ?? '')
  return Number.isNaN(issued) || ttlSeconds === undefined || ttlSeconds <= 0 ? null : issued + ttlSeconds * 1000
}

/** A value that the operator lets Vault write as it is (`audit_non_hmac_request_keys`). */
function plain(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && !value.startsWith('hmac-') ? value : null
}

function nonEmpty(value: string | null | undefined): string | null {
  return value === undefined || value === null || value === '' ? null : value
}
