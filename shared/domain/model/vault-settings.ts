import type { Known, Reason } from './graph.ts'
import type { EpochMs } from './time.ts'
import type { VaultRoleFact } from './vault-facts.ts'

/** How a Vault is set up, as it tells the token that Everyhop holds. */
export interface VaultSettings {
  readonly token: Known<VaultTokenView>
  readonly mounts: VaultListed<VaultMountView>
  readonly authMethods: VaultListed<VaultMethodView>
  readonly roles: VaultListed<VaultRoleView>
  readonly policies: VaultListed<VaultPolicyView>
}

/** By their paths or names, the first of them. */
export interface VaultListed<Item> {
  readonly items: readonly Known<Item>[]
  readonly total: number
  /** Why they, or some of them, are not known now; null: these are all. */
  readonly gap: Reason | null
}

export interface VaultTokenView {
  readonly displayName: string
  readonly policies: readonly string[]
  /** null: it does not expire. */
  readonly expiresAt: EpochMs | null
  readonly renewable: boolean
  /** By path that Everyhop reads. At most 100. */
  readonly capabilities: readonly { readonly path: string; readonly capabilities: readonly string[] }[]
}

export interface VaultMountView {
  readonly path: string
  readonly type: string
  /** 0: Vault's own. */
  readonly defaultLeaseTtlSeconds: number
  readonly maxLeaseTtlSeconds: number
  /** Its leases are listed: an operator turned that on. */
  readonly listAllowed: boolean
}

export interface VaultMethodView {
  readonly path: string
  readonly type: string
}

export type VaultRoleView = Pick<VaultRoleFact, 'mount' | 'name' | 'policies' | 'ttlSeconds' | 'maxTtlSeconds'> & {
  /** The first of whom it lets in, and how many there are. */
  readonly boundSubjects: readonly string[]
  readonly boundSubjectsTotal: number
}

export interface VaultPolicyView {
  readonly name: string
  /** The first of its rules; null: its text could not be read. */
  readonly rules: readonly { readonly path: string; readonly capabilities: readonly string[] }[] | null
  readonly rulesTotal: number
}
