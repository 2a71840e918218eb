/** What an answer other than 2xx says. Words are Vault's own (1.21.4, recorded). */
export class VaultRefusal extends Error {
  readonly status: number
  /** `errors` of the answer. */
  readonly words: readonly string[]
  /** `error` of the audit line; null: Vault writes only the words, hashed. */
  readonly audited: string | null
  constructor(status: number, words: readonly string[], audited: string | null = null) {
    super(words.join('; '))
    this.status = status
    this.words = words
    this.audited = audited
  }
}

export function listed(...words: readonly string[]): string {
  const count = words.length === 1 ? '1 error' : `${words.length} errors`
  return `${count} occurred:\n${words.map((word) => `\t* ${word}\n`).join('')}\n`
}

export const denied = listed('permission denied')

export const notPermitted = (): VaultRefusal => new VaultRefusal(403, [denied], denied)
export const badToken = (): VaultRefusal => {
  const words = listed('permission denied', 'invalid token')
  return new VaultRefusal(403, [words], words)
}
/** Of a login, or without a token. */
export const nobody = (): VaultRefusal => new VaultRefusal(403, ['permission denied'], denied)
export const invalid = (words: string): VaultRefusal => new VaultRefusal(400, [words], listed('invalid request'))
export const refused = (words: string): VaultRefusal => new VaultRefusal(400, [words])
/** What does not exist, where the path could. */
export const absent = (): VaultRefusal => new VaultRefusal(404, [])
export const noRoute = (path: string): VaultRefusal =>
  new VaultRefusal(404, [`no handler for route "${path}". route entry not found.`], listed('unsupported path'))
export const noOperation = (): VaultRefusal =>
  new VaultRefusal(405, [listed('unsupported operation')], listed('unsupported operation'))
