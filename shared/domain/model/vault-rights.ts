/**
 * One right in a Vault as people and checks write it: `list postgres/roles`, `list+sudo sys/leases/lookup/database/*`. The path
 * is that of a rule of a policy: `+` stands for one part of it, `*` at its end for the rest.
 */
export interface VaultRight {
  readonly path: string
  readonly capabilities: readonly VaultCapability[]
}

/** Capabilities of policies that Everyhop asks for: https://developer.hashicorp.com/vault/docs/concepts/policies */
const vaultCapabilities = ['read', 'list', 'update', 'sudo'] as const
export type VaultCapability = (typeof vaultCapabilities)[number]

export function vaultRightText({ path, capabilities }: VaultRight): string {
  return `${capabilities.join('+')} ${path}`
}

/** null: it is written otherwise, or its path could not stand in a policy as it is. */
export function vaultRightOf(text: string): VaultRight | null {
  const [words = '', ...rest] = text.split(' ')
  const path = rest.join(' ')
  const capabilities = words.split('+').flatMap((word) => vaultCapabilities.find((one) => one === word) ?? [])
  const isWhole = capabilities.length > 0 && capabilities.length === words.split('+').length
  return isWhole && path !== '' && !/["\\\p{Cc}]/u.test(path) ? { path, capabilities } : null
}
