/** Shapes that must never leave a connector, whatever they were called where they came from. */
const shapes: readonly RegExp[] = [
  /PRIVATE KEY/,
  /\bBearer\s+[A-Za-z0-9._~+/-]{8,}/i,
  /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/,
]

/** Everything in `value` that looks like a secret or contains a canary; empty when there is nothing. */
export function findSecrets(value: unknown, canaries: readonly string[]): readonly string[] {
  const text =
    JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? ''
  const found = shapes.filter((shape) => shape.test(text)).map((shape) => `matches ${shape}`)
  const seen = canaries.filter((canary) => canary.length > 0 && text.includes(JSON.stringify(canary).slice(1, -1)))
  return [...found, ...seen.map((canary) => `contains a canary of ${canary.length} characters`)]
}
