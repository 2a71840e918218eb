import type { FactBase } from './fact.ts'
import type { EpochMs } from './time.ts'

/**
 * Shapes follow Vault's HTTP API (1.21) and its audit log. `vault` is the source id. No value of a secret, no token and no
 * accessor that is not hashed ever becomes a fact.
 */
export type VaultFact =
  | VaultServerFact
  | VaultMountFact
  | VaultAuthMethodFact
  | VaultRoleFact
  | VaultPolicyFact
  | VaultTokenFact
  | VaultAuditFact
  | VaultLeaseFact
  | VaultEntityFact
  | VaultDenialFact

/** From `GET sys/health` and `GET sys/seal-status`. */
export interface VaultServerFact extends FactBase<'vault-server'> {
  readonly vault: string
  readonly address: string
  readonly version: string | null
  readonly initialized: boolean
  readonly sealed: boolean
  readonly standby: boolean
  readonly clusterName: string | null
  /** Difference of its clock and ours when it answered, milliseconds; null: it gave no time. */
  readonly clockOffsetMs: number | null
}

/** A secrets engine, from `GET sys/mounts`. */
export interface VaultMountFact extends FactBase<'vault-mount'> {
  readonly vault: string
  /** With the slash at its end, as Vault spells it: `database/`. */
  readonly path: string
  readonly type: string
  readonly accessor: string
  readonly description: string
  readonly defaultLeaseTtlSeconds: number
  readonly maxLeaseTtlSeconds: number
  /** Its leases may be listed: an operator turned that on for it. */
  readonly listAllowed: boolean
}

/** From `GET sys/auth`. */
export interface VaultAuthMethodFact extends FactBase<'vault-auth-method'> {
  readonly vault: string
  readonly path: string
  readonly type: string
  readonly accessor: string
  readonly description: string
}

/** A role of an auth method or of a secrets engine. */
export interface VaultRoleFact extends FactBase<'vault-role'> {
  readonly vault: string
  /** Path of the mount, `auth/jwt/` or `database/`. */
  readonly mount: string
  readonly name: string
  /** Policies a login gives; empty for roles of secrets engines. */
  readonly policies: readonly string[]
  /** Whom a login is bound to: SPIFFE IDs or their patterns, service accounts as `namespace/name`; empty where not bound so. */
  readonly boundSubjects: readonly string[]
  readonly boundAudiences: readonly string[]
  readonly ttlSeconds: number | null
  readonly maxTtlSeconds: number | null
}

export interface VaultPolicyFact extends FactBase<'vault-policy'> {
  readonly vault: string
  readonly name: string
  /** Paths it speaks of, with the capabilities it gives, as written; null: the text could not be read. */
  readonly rules: readonly { readonly path: string; readonly capabilities: readonly string[] }[] | null
}

/** The token that Everyhop itself holds: `auth/token/lookup-self`, `sys/capabilities-self`. */
export interface VaultTokenFact extends FactBase<'vault-token'> {
  readonly vault: string
  readonly displayName: string
  readonly policies: readonly string[]
  /** null: it does not expire. */
  readonly expiresAt: EpochMs | null
  readonly renewable: boolean
  /** By path that is read: what may be done there. */
  readonly capabilities: Readonly<Record<string, readonly string[]>>
}

/**
 * How far the audit log was read. Without one lineage is unknown. `since`: every line from then on was read, as far as we can
 * tell; leases that were told of before then carry a doubt.
 */
export interface VaultAuditFact extends FactBase<'vault-audit'> {
  readonly vault: string
  /** Id of the log source, or of the followed log of a pod. */
  readonly log: string
  readonly since: EpochMs | null
  readonly newestAt: EpochMs | null
  readonly lines: number
  readonly refusedLines: number
  readonly heldLeases: number
  /** Leases that were let go because more were issued than are held: ended ones first. */
  readonly droppedLeases: number
}

export type VaultLeaseState = 'active' | 'expired' | 'revoked'

/**
 * Why an `active` state is only the last that was told. expiry-unknown: the audit log does not say how long a lease lasts, and
 * it was not looked up; expiry-passed: it should have ended, and was not looked up since; lines-missed: audit lines after its
 * last one were not read; unnamed-revocation: something was revoked after its last line, and the log hides what.
 */
export type VaultLeaseDoubt = 'expiry-unknown' | 'expiry-passed' | 'lines-missed' | 'unnamed-revocation'

/**
 * A lease, as the audit log tells of it, a look-up of it, or an allowed listing of its prefix. One lease may have a fact of the
 * log and one of Vault, which share `leaseId`: the later one is right about the state, and the holder is that of the log.
 */
export interface VaultLeaseFact extends FactBase<'vault-lease'> {
  readonly vault: string
  /** Such as `database/creds/ro/h7…`: names the lease, and is no credential. */
  readonly leaseId: string
  /** Path of the mount, `database/`. */
  readonly mount: string
  /** Path it was issued at, `database/creds/ro`. */
  readonly path: string
  readonly state: VaultLeaseState
  /** null: the state is so, as of `from.observedAt`. */
  readonly doubt: VaultLeaseDoubt | null
  /** null: learnt of without the issuance. */
  readonly issuedAt: EpochMs | null
  readonly expiresAt: EpochMs | null
  readonly lastRenewedAt: EpochMs | null
  readonly revokedAt: EpochMs | null
  readonly renewable: boolean | null
  readonly ttlSeconds: number | null
  /** Who asked for it; null: no audit line of the issuance is held. */
  readonly holder: VaultHolder | null
  readonly learntFrom: 'audit' | 'lookup' | 'list'
}

export interface VaultHolder {
  /** As Vault builds it from the login: `jwt-spiffe://pipeline.example/hop/gateway`. */
  readonly displayName: string
  /** The alias name behind it, where the login tells: a SPIFFE ID, or `namespace/name` of a service account. */
  readonly subject: string | null
  readonly entityId: string | null
  /** Role of the login. */
  readonly role: string | null
  readonly remoteAddress: string | null
}

/** From `identity/entity/id/<id>`, for entities that hold leases. */
export interface VaultEntityFact extends FactBase<'vault-entity'> {
  readonly vault: string
  readonly entityId: string
  readonly name: string
  readonly disabled: boolean
  readonly policies: readonly string[]
  readonly aliases: readonly { readonly name: string; readonly mountPath: string; readonly mountType: string }[]
}

/** Requests that Vault refused in the window, one fact per caller, path and operation. */
export interface VaultDenialFact extends FactBase<'vault-denial'> {
  readonly vault: string
  readonly path: string
  readonly operation: string
  readonly holder: VaultHolder | null
  readonly count: number
  readonly firstAt: EpochMs
  readonly lastAt: EpochMs
  /** Vault's own words, cut to 400 characters. */
  readonly error: string
}
