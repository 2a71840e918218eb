/**
 * What must never be in a pack, whatever let it through: shapes of credentials that can be told by themselves, so that a text of a
 * policy which only speaks of tokens is none. Lines are masked long before (docs/formats/log-records.md): this is the last gate.
 */
export type SecretShape =
  | 'json-web-token'
  | 'private-key'
  | 'vault-token'
  | 'aws-key'
  | 'authorization-header'
  | 'kubeconfig-key'
  | 'access-token'

const shapes: readonly (readonly [SecretShape, RegExp])[] = [
  ['json-web-token', /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/],
  ['private-key', /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----/],
  // The same in base64, as kubeconfigs and Secrets of Kubernetes hold it: PRIVATE, RSA PRIVATE, EC PRIVATE.
  ['private-key', /LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0EgUFJJVkFUR|FQyBQUklWQVRF)/],
  ['vault-token', /\bhv[sbr]\.[A-Za-z0-9_-]{20,}/],
  // Of before Vault 1.10: 24 letters and digits, in which small and capital letters are mixed.
  ['vault-token', /\bs\.(?=[A-Za-z0-9]{0,23}[A-Z])(?=[A-Za-z0-9]{0,23}[a-z])[A-Za-z0-9]{24}(?![A-Za-z0-9._-])/],
  ['aws-key', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['aws-key', /aws_secret_access_key[\\"'\s:=]{1,8}[A-Za-z0-9/+]{40}/i],
  ['authorization-header', /\bbearer\s+[A-Za-z0-9._~+/-]{16,}/i],
  ['authorization-header', /authorization[\\"'\s:=]{1,8}basic\s+[A-Za-z0-9+/]{8,}/i],
  ['kubeconfig-key', /client-key-data[\\"'\s:]{1,8}[A-Za-z0-9+/]{16,}/],
  ['access-token', /\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[abprs]-[A-Za-z0-9-]{20,}/],
]

export interface FoundSecret {
  readonly shape: SecretShape
  /** From 0, where it begins in the text. */
  readonly at: number
}

/** The first secret in a text; null: there is none. Fast enough for every byte of a pack. */
export function findSecret(text: string): FoundSecret | null {
  let first: FoundSecret | null = null
  for (const [shape, pattern] of shapes) {
    const at = text.search(pattern)
    if (at !== -1 && (first === null || at < first.at)) first = { shape, at }
  }
  return first
}

/** Of a place in a text, from 1. */
export function lineNumberAt(text: string, at: number): number {
  let line = 1
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', end + 1)) line += 1
  return line
}
