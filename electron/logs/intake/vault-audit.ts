import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { masked, plainName } from './mask.ts'
import { isObject, type ParsedLine, refused } from './record-parser.ts'
import { auditLine, type WireAuditLine, type WireAuth } from './vault-audit-wire.ts'
import { effectOf, type VaultEffect } from './vault-effect.ts'

/**
 * One line of Vault's audit log: the question or the answer of one request. Fields: audit/types.go of Vault 1.21; unknown ones
 * are left. Vault writes tokens, accessors and the text of requests and answers as `hmac-sha256:…`; a lease id it writes plainly.
 */
export interface VaultAuditRecord {
  readonly at: EpochMs
  readonly type: 'request' | 'response'
  readonly requestId: string | null
  /** read, update, create, list, delete, renew, revoke, login, … */
  readonly operation: string
  readonly path: string
  /** Path of the namespace with its slash; null: the root. */
  readonly namespace: string | null
  /** `database/` */
  readonly mount: string | null
  readonly mountType: string | null
  readonly displayName: string | null
  /** SPIFFE ID, or `namespace/name` of a service account; null where the login tells neither. */
  readonly subject: string | null
  readonly entityId: string | null
  readonly role: string | null
  readonly remoteAddress: string | null
  /** failed: refused for another reason than a right. */
  readonly outcome: 'done' | 'denied' | 'failed'
  readonly error: string | null
  readonly leaseId: string | null
  /** What it does to leases and tokens. Only of answers. */
  readonly effect: VaultEffect | null
  /** Of the token that asked. */
  readonly token: AuditedToken
}

/**
 * A token as the log hides it. Vault 1.10 and newer hand out a token in a longer form than they keep it: `hash` is of the kept
 * form (`auth`), `sentHash` of what came with the request, which is also what a revocation names.
 */
export interface AuditedToken {
  readonly hash: string | null
  readonly sentHash: string | null
  readonly accessorHash: string | null
  /** When it ends unless it is renewed; null: never, or not said. */
  readonly endsAt: EpochMs | null
}

/** Why a line is refused that was written with `log_raw`, or of which something that must be hashed is not. */
export const rawLine =
  'it has a token or credential in the clear: this audit device writes log_raw=true. Turn that off, and revoke what was written'

export function parseVaultAudit(object: Readonly<Record<string, unknown>>): ParsedLine<VaultAuditRecord> {
  if (object['request'] === undefined) {
    return object['@message'] === undefined && object['@level'] === undefined
      ? refused('neither an audit line nor a log line of Vault')
      : { kind: 'passed-over' }
  }
  const parsed = auditLine.safeParse(object)
  if (!parsed.success) {
    // An audit line of another shape may hold anything: nothing of it is quoted.
    const issue = parsed.error.issues[0]
    const why = issue === undefined ? 'not an audit line' : `${issue.path.join('.')}: ${issue.code}`
    return { ...refused(why), unquotable: true }
  }
  const found = parsed.data
  if (isRaw(found)) return { ...refused(rawLine), unquotable: true }
  const { request, response } = found
  const who = found.auth ?? response?.auth
  const outcome = outcomeOf(found)
  return {
    kind: 'record',
    record: {
      at: Date.parse(found.time),
      type: found.type,
      requestId: named(request.id, 200),
      operation: plainName(request.operation, 100),
      path: pathOf(request.path),
      namespace: named(request.namespace?.path, 500),
      mount: named(request.mount_point, 500),
      mountType: named(request.mount_type, 100),
      displayName: named(who?.display_name, 500),
      subject: subjectOf(who),
      entityId: named(who?.entity_id, 100),
      role: named(metadataOf(who, 'role'), 200),
      remoteAddress: named(request.remote_address, 100),
      outcome,
      error: found.error === undefined || found.error === '' ? null : masked(oneLine(found.error), 400),
      leaseId: named(response?.secret?.lease_id, 1000),
      effect: found.type === 'response' && outcome === 'done' ? effectOf(found) : null,
      token: {
        hash: found.auth?.client_token ?? request.client_token ?? null,
        sentHash: request.client_token ?? null,
        accessorHash: found.auth?.accessor ?? request.client_token_accessor ?? null,
        endsAt: endOf(found.auth),
      },
    },
  }
}

/** `1 error occurred:\n\t* permission denied\n\n` */
function outcomeOf({ error, request, response }: WireAuditLine): VaultAuditRecord['outcome'] {
  if (error === undefined || error === '') {
    // What an engine or a method refuses has its words in the answer, hashed: a login too.
    const said = Object.keys(response?.data ?? {})
    return said.length !== 1 || said[0] !== 'error' ? 'done' : isLogin(request.path) ? 'denied' : 'failed'
  }
  return /permission denied/i.test(error) || isLogin(request.path) ? 'denied' : 'failed'
}

function isLogin(path: string): boolean {
  return /^auth\/.+\/login(\/|$)/.test(path)
}

/** The end of a token as it was issued or renewed. */
export function endOf(of: WireAuth | undefined): EpochMs | null {
  const issued = Date.parse(of?.token_issue_time ?? '')
  const ttl = of?.token_ttl ?? 0
  return Number.isNaN(issued) || ttl <= 0 ? null : issued + ttl * 1000
}

function subjectOf(who: WireAuth | undefined): string | null {
  const name = metadataOf(who, 'service_account_name')
  const namespace = metadataOf(who, 'service_account_namespace')
  if (name !== undefined && namespace !== undefined) return plainName(`${namespace}/${name}`, 500)
  const spiffeId = /spiffe:\/\/\S+$/.exec(who?.display_name ?? '')?.[0]
  return named(spiffeId, 2048)
}

function metadataOf(who: WireAuth | undefined, key: string): string | undefined {
  const value = who?.metadata?.[key]
  return typeof value === 'string' ? value : undefined
}

/** By Vault, or taken out by us: the log store masks before it parses. */
const hashed = /^(?:hmac-|\*\*\*$)/

/** Values under these names are credentials in every engine; with `log_raw` off they are hashed. */
const credential =
  /^(client_token|token|password|secret|secret_id|secret_key|secret_access_key|session_token|security_token|private_key|service_account_token|jwt|value|ciphertext|plaintext)$/

function isRaw({ auth: own, request, response }: WireAuditLine): boolean {
  const tokens = [own?.client_token, request.client_token, response?.auth?.client_token, response?.wrap_info?.token]
  if (tokens.some((token) => token !== undefined && token !== '' && !hashed.test(token))) return true
  return hasCredential(request.data, 0) || hasCredential(response?.data, 0)
}

function hasCredential(value: unknown, depth: number): boolean {
  if (Array.isArray(value)) return depth < 8 && value.some((inner) => hasCredential(inner, depth + 1))
  if (!isObject(value)) return false
  return Object.entries(value).some(([key, inner]) =>
    typeof inner === 'string'
      ? credential.test(key) && inner !== '' && !hashed.test(inner)
      : hasCredential(inner, depth + 1),
  )
}

/** The path of a request names no secret, but for tokens that old ways of asking put there. */
function pathOf(path: string): string {
  return masked(
    path.replace(/^(auth\/token\/(?:lookup|renew|revoke|revoke-orphan|lookup-accessor|revoke-accessor)\/).+$/, '$1***'),
    1000,
  )
}

function oneLine(words: string): string {
  return words.replace(/\s+/g, ' ').trim()
}

function named(value: string | undefined, longest: number): string | null {
  return value === undefined || value === '' ? null : plainName(value, longest)
}
