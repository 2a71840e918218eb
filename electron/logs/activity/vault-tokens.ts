import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { AuditedToken } from '../intake/vault-audit.ts'
import type { VaultEffect } from '../intake/vault-effect.ts'

interface Token {
  /** Hashes of its accessor and of other forms of it. */
  readonly aliases: Set<string>
  parent: string | null
  endsAt: EpochMs | null
  /** Its making was logged, so that its parent is known. */
  isKnown: boolean
}

/** Tokens by the hash that the audit log has of them: who made whom, and until when they last. */
export interface VaultTokens {
  /** A line was asked for with it. */
  seen(token: AuditedToken): void
  take(effect: Extract<VaultEffect, { kind: 'token-issued' | 'token-renewed' }>, asker: AuditedToken): void
  /** It and every token that was made with it, now forgotten. */
  end(hash: string): ReadonlySet<string>
  /** Whether a token is known by this hash: of itself, of the form in which it was sent, or of its accessor. */
  has(hash: string): boolean
  endOf(hash: string): EpochMs | null
  isKnown(hash: string): boolean
}

export function createVaultTokens(capacity: number): VaultTokens {
  const tokens = new Map<string, Token>()
  const named = new Map<string, string>()
  const children = new Map<string, Set<string>>()

  function tokenOf(hash: string): Token {
    const known = tokens.get(hash)
    if (known !== undefined) return known
    const [oldest] = tokens.keys()
    if (tokens.size >= capacity && oldest !== undefined) forget(oldest)
    const token: Token = { aliases: new Set(), parent: null, endsAt: null, isKnown: false }
    tokens.set(hash, token)
    return token
  }

  function forget(hash: string): void {
    const token = tokens.get(hash)
    tokens.delete(hash)
    children.delete(hash)
    if (token === undefined) return
    for (const alias of token.aliases) named.delete(alias)
    if (token.parent !== null) children.get(token.parent)?.delete(hash)
  }

  return {
    seen({ hash, sentHash, accessorHash, endsAt }) {
      if (hash === null) return
      const token = tokenOf(hash)
      token.endsAt ??= endsAt
      for (const alias of [sentHash, accessorHash]) {
        if (alias === null || alias === hash) continue
        token.aliases.add(alias)
        named.set(alias, hash)
      }
    },
    take(effect) {
      const token = tokenOf(effect.hash)
      token.endsAt = effect.endsAt
      if (effect.kind === 'token-renewed') return
      token.isKnown = true
      token.parent = effect.parent
      if (effect.parent === null) return
      const siblings = children.get(effect.parent) ?? new Set()
      children.set(effect.parent, siblings.add(effect.hash))
    },
    end(hash) {
      const ended = new Set([named.get(hash) ?? hash])
      // A set is walked to its end even while it grows.
      for (const one of ended) for (const child of children.get(one) ?? []) ended.add(child)
      for (const one of ended) forget(one)
      return ended
    },
    has: (hash) => named.has(hash) || tokens.has(hash),
    endOf: (hash) => tokens.get(hash)?.endsAt ?? null,
    isKnown: (hash) => tokens.get(hash)?.isKnown === true,
  }
}
