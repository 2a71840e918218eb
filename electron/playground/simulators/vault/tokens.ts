import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../core/ports.ts'

/** A token. Vault hands it out in a longer form (`sent`) than it keeps (`kept`), and hashes both in its audit log. */
export interface Token {
  readonly kept: string
  readonly sent: string
  readonly accessor: string
  readonly displayName: string
  readonly policies: readonly string[]
  /** Empty: of no entity. */
  readonly entityId: string
  readonly metadata: Readonly<Record<string, string>> | null
  /** The path that made it. */
  readonly path: string
  readonly isOrphan: boolean
  /** Seconds; 0: it is not periodic. */
  readonly period: number
  readonly ttlSeconds: number
  readonly issuedAt: number
  expiresAt: number
}

export type TokenOrder = Pick<Token, 'displayName' | 'policies' | 'ttlSeconds'> &
  Partial<Pick<Token, 'entityId' | 'metadata' | 'path' | 'isOrphan' | 'period'>>

/** Tokens by what is sent. All are renewable service tokens. */
export interface Tokens {
  issue(order: TokenOrder): Token
  /** null: nobody has it, or it has ended. */
  find(sent: string): Token | null
  isValid(kept: string): boolean
  renew(token: Token): void
  revoke(token: Token): void
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Letters and digits as Vault makes its accessors and lease ids of. */
export function randomLetters(length: number): string {
  return [...randomBytes(length)].map((byte) => letters[byte % letters.length]).join('')
}

export function createTokens(clock: Pick<Clock, 'now'>): Tokens {
  const tokens = new Map<string, Token>()
  const kept = new Map<string, Token>()

  function isAlive(token: Token | undefined): token is Token {
    if (token === undefined) return false
    if (clock.now() < token.expiresAt) return true
    drop(token)
    return false
  }

  function drop(token: Token): void {
    tokens.delete(token.sent)
    kept.delete(token.kept)
  }

  return {
    issue(order) {
      const now = clock.now()
      const token: Token = {
        entityId: '',
        metadata: null,
        path: 'auth/token/create',
        isOrphan: false,
        period: 0,
        ...order,
        kept: `hvs.${randomLetters(24)}`,
        sent: `hvs.CAESI${randomBytes(66).toString('base64url')}`,
        accessor: randomLetters(24),
        issuedAt: now,
        expiresAt: now + order.ttlSeconds * 1000,
      }
      tokens.set(token.sent, token)
      kept.set(token.kept, token)
      return token
    },
    find(sent) {
      const token = tokens.get(sent)
      return isAlive(token) ? token : null
    },
    isValid: (name) => isAlive(kept.get(name)),
    renew(token) {
      token.expiresAt = clock.now() + (token.period > 0 ? token.period : token.ttlSeconds) * 1000
    },
    revoke: drop,
  }
}
