import { z } from 'zod'
import type { VaultPolicyFact } from '../../../shared/domain/model/vault-facts.ts'

type Rules = NonNullable<VaultPolicyFact['rules']>

/** What the older `policy = "read"` stands for (vault/policy.go). */
const shorthands: Readonly<Record<string, readonly string[]>> = {
  deny: ['deny'],
  read: ['read', 'list'],
  write: ['create', 'read', 'update', 'delete', 'list'],
  sudo: ['create', 'read', 'update', 'delete', 'list', 'sudo'],
}

/**
 * Paths and capabilities of an ACL policy, in HCL or JSON: https://developer.hashicorp.com/vault/docs/concepts/policies. Vault
 * itself decides what a policy gives; this is to show it. null: it is not understood.
 */
export function rulesOf(text: string): Rules | null {
  if (text.length > 1_000_000) return null
  if (text.trimStart().startsWith('{')) return jsonRules(text)
  const tokens = tokensOf(text)
  return tokens === null ? null : hclRules(tokens)
}

const jsonPolicy = z.object({
  path: z.record(z.string(), z.object({ capabilities: z.array(z.string()).optional(), policy: z.string().optional() })),
})

function jsonRules(text: string): Rules | null {
  try {
    const { path } = jsonPolicy.parse(JSON.parse(text))
    return Object.entries(path).map(([name, rule]) => ({
      path: name,
      capabilities: rule.capabilities ?? shorthands[rule.policy ?? ''] ?? [],
    }))
  } catch {
    return null
  }
}

interface Token {
  readonly kind: 'name' | 'text' | 'sign'
  readonly value: string
}

const lexeme =
  /\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"\\\n]|\\.)*)"|([A-Za-z_][\w-]*)|(-?\d[\w.]*)|([{}[\]=,:])/y

function tokensOf(text: string): readonly Token[] | null {
  const tokens: Token[] = []
  lexeme.lastIndex = 0
  while (lexeme.lastIndex < text.length) {
    const found = lexeme.exec(text)
    if (found === null) return null
    const [, quoted, name, number, sign] = found
    if (quoted !== undefined) tokens.push({ kind: 'text', value: quoted.replace(/\\(.)/g, '$1') })
    else if (name !== undefined) tokens.push({ kind: 'name', value: name })
    else if (number !== undefined) tokens.push({ kind: 'text', value: number })
    else if (sign !== undefined) tokens.push({ kind: 'sign', value: sign })
  }
  return tokens
}

function hclRules(tokens: readonly Token[]): Rules | null {
  const rules: { path: string; capabilities: readonly string[] }[] = []
  let at = 0
  const isSign = (value: string): boolean => tokens[at]?.kind === 'sign' && tokens[at]?.value === value
  while (at < tokens.length) {
    const [word, path] = [tokens[at], tokens[at + 1]]
    at += 2
    if (word?.kind === 'sign' || path === undefined) return null
    if (word?.value !== 'path' || path.kind !== 'text') {
      // `name = "…"` beside the paths.
      if (path.value !== '=') return null
      at = pastValue(tokens, at)
      if (at > tokens.length) return null
      continue
    }
    if (isSign('=')) at += 1
    if (!isSign('{')) return null
    const end = pastValue(tokens, at)
    const capabilities = capabilitiesIn(tokens.slice(at + 1, end - 1))
    if (capabilities === null || end > tokens.length) return null
    rules.push({ path: path.value, capabilities })
    at = end
  }
  return rules
}

function capabilitiesIn(body: readonly Token[]): readonly string[] | null {
  let capabilities: readonly string[] = []
  let at = 0
  while (at < body.length) {
    const key = body[at]?.value
    const isAssigned = body[at + 1]?.value === '='
    const from = at + (isAssigned ? 2 : 1)
    const end = pastValue(body, from)
    if (end > body.length || (!isAssigned && body[from]?.value !== '{')) return null
    const texts = body.slice(from, end).flatMap(({ kind, value }) => (kind === 'text' ? [value] : []))
    if (key === 'capabilities') capabilities = texts
    else if (key === 'policy') capabilities = shorthands[texts[0] ?? ''] ?? []
    at = end
    if (body[at]?.value === ',') at += 1
  }
  return capabilities
}

/** The position after a value: one token, or everything between a bracket and its partner. */
function pastValue(tokens: readonly Token[], from: number): number {
  let depth = 0
  let at = from
  do {
    const token = tokens[at]
    if (token === undefined) return tokens.length + 1
    if (token.kind === 'sign' && (token.value === '{' || token.value === '[')) depth += 1
    if (token.kind === 'sign' && (token.value === '}' || token.value === ']')) depth -= 1
    at += 1
  } while (depth > 0)
  return at
}
