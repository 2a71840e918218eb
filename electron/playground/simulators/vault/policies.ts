/** One rule of an ACL policy. */
export interface Rule {
  readonly path: string
  readonly capabilities: readonly string[]
}

/** The rules of a policy in HCL, as Everyhop ships it and as the playground writes it. Throws where it is written otherwise. */
export function rulesIn(text: string): readonly Rule[] {
  const rules: Rule[] = []
  const rest = text
    .replace(/^\s*#.*$/gm, '')
    .replace(/path\s+"([^"]+)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}/g, (_whole, path: string, list: string) => {
      rules.push({ path, capabilities: [...list.matchAll(/"([a-z]+)"/g)].map(([, name = '']) => name) })
      return ''
    })
  if (rest.trim() !== '') throw new Error(`not a policy that the playground's Vault reads: ${rest.trim().slice(0, 60)}`)
  return rules
}

/**
 * What rules give on a path: those of the rule that fits it best, of all policies together, and nothing where one denies.
 * https://developer.hashicorp.com/vault/docs/concepts/policies, "Priority matching".
 */
export function capabilitiesOn(rules: readonly Rule[], path: string): ReadonlySet<string> {
  const fitting = rules.filter((rule) => fits(rule.path, path)).toSorted((one, other) => compare(other.path, one.path))
  const best = fitting[0]?.path
  const given = new Set(fitting.filter((rule) => rule.path === best).flatMap((rule) => rule.capabilities))
  return given.has('deny') ? new Set() : given
}

/** `*` at the end stands for anything, `+` for one segment; a folder is listed with or without its slash. */
function fits(rule: string, path: string): boolean {
  const isPrefix = rule.endsWith('*')
  const pattern = (isPrefix ? rule.slice(0, -1) : rule)
    .split('+')
    .map((part) => part.replace(/[.*?^${}()|[\]\\]/g, '\\$&'))
    .join('[^/]+')
  return new RegExp(`^${pattern}${isPrefix ? '' : '/?$'}`).test(path)
}

/** Larger: of higher priority. */
function compare(one: string, other: string): number {
  const wildcardAt = (path: string): number => {
    const at = path.search(/[+*]/)
    return at === -1 ? Number.POSITIVE_INFINITY : at
  }
  const plus = (path: string): number => path.split('/').filter((part) => part === '+').length
  const [first, second] = [wildcardAt(one), wildcardAt(other)]
  if (first !== second) return first - second
  if (one.endsWith('*') !== other.endsWith('*')) return one.endsWith('*') ? -1 : 1
  if (plus(one) !== plus(other)) return plus(other) - plus(one)
  if (one.length !== other.length) return one.length - other.length
  return one < other ? -1 : one > other ? 1 : 0
}

/** `default` of Vault 1.21, without what needs the identity of the token or engines that are not here. */
export const defaultPolicy = `path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
path "sys/capabilities-self" {
  capabilities = ["update"]
}
path "sys/leases/renew" {
  capabilities = ["update"]
}
path "sys/leases/lookup" {
  capabilities = ["update"]
}
path "cubbyhole/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}
`
