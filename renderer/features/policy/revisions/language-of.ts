/** Monaco's language of a file of a bundle. */
export function languageOf(path: string): string {
  if (path.endsWith('.rego')) return 'rego'
  if (path.endsWith('.json')) return 'json'
  return /\.ya?ml$/.test(path) ? 'yaml' : 'plaintext'
}
