import type { SecretsState } from '../contract/secrets.ts'
import { assertNever } from '../lib/assert-never.ts'

/** What protects the secrets, and whether they can be used now. */
export function secretsSentence(state: SecretsState): string {
  switch (state.condition) {
    case 'unset':
      return `There is no keyring here${quoted(state.keyring.problem)}, and no passphrase was chosen yet.`
    case 'locked':
      return 'They are locked: their passphrase is needed.'
    case 'open':
      if (state.protection === 'passphrase') return 'They are sealed under your passphrase, and unlocked.'
      return `The keyring of the operating system${named(state.keyring.name)} seals them.`
    case 'unusable':
      return secretsProblemSentence(state)
    default:
      return assertNever(state.condition)
  }
}

export function secretsProblemSentence({ problem, file, keyring }: SecretsState): string {
  if (problem === null) return 'They can be used.'
  switch (problem.code) {
    case 'damaged':
      return `The file ${file} is damaged (${problem.detail}). Put a copy of it back, or move it away and put the secrets in anew.`
    case 'newer':
      return `A newer Everyhop wrote ${file} (${problem.detail}). Use that version; this one leaves the file alone.`
    case 'keyring':
      return `The keyring of the operating system${named(keyring.name)} does not open them: “${problem.detail}”. Unlock it, or start the desktop app of this account.`
    case 'unreadable':
      return `${problem.detail}. Let this user read the file.`
    default:
      return assertNever(problem.code)
  }
}

function named(name: string | null): string {
  return name === null ? '' : ` (${name})`
}

function quoted(words: string | null): string {
  return words === null ? '' : ` (“${words}”)`
}
