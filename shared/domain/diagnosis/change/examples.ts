import { type Path, valueAt } from './looked.ts'

const mostExamples = 6
const mostVisited = 2_000

/**
 * What other places of the same shape have: of `clearance[a]` what `clearance[b]` has, of `hops[x].callers[a]` what
 * `hops[y].callers[b]` has. The nearest first, each once.
 */
export function examplesFor(data: unknown, path: Path): readonly unknown[] {
  const found = new Map<string, unknown>()
  // Of one level that differs, then of two.
  for (const open of [1, 2]) {
    const from = path.length - open
    if (from < 0) break
    for (const value of reached(valueAt(data, path.slice(0, from)), path.slice(from), open)) {
      const key = JSON.stringify(value)
      if (key.length <= 10_000 && !found.has(key)) found.set(key, value)
      if (found.size >= mostExamples) return [...found.values()]
    }
  }
  return [...found.values()]
}

function reached(value: unknown, rest: Path, levels: number): readonly unknown[] {
  if (levels === 0) return value === undefined ? [] : [value]
  const [own, ...others] = rest
  const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  return members
    .slice(0, mostVisited)
    .filter(([name]) => levels > 1 || name !== own)
    .flatMap(([, inner]: [string, unknown]) => reached(inner, others, levels - 1))
    .slice(0, mostVisited)
}

/** An example of another request made for this one: what is called `method` or `path` in it gets the request’s. */
export function fitted(value: unknown, input: unknown, depth = 0): unknown {
  const http = valueAt(input, ['attributes', 'request', 'http'])
  if (depth > 10 || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const [first] = value as readonly unknown[]
    // One call is enough: the others of the example are of others.
    if (typeof first === 'object' && first !== null && !Array.isArray(first)) return [fitted(first, input, depth + 1)]
    return value
  }
  const [method, path] = [valueAt(http, ['method']), valueAt(http, ['path'])]
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => {
      if (name === 'method' && typeof inner === 'string' && typeof method === 'string') return [name, method]
      if (name === 'path' && typeof path === 'string') {
        const [plain = ''] = path.split('?')
        if (typeof inner === 'string') return [name, plain]
        if (Array.isArray(inner)) return [name, plain.replace(/^\//, '').split('/')]
      }
      return [name, fitted(inner, input, depth + 1)]
    }),
  )
}

/** Members of a collection, as far as they are plain values. */
export function membersAt(data: unknown, path: Path): readonly unknown[] {
  const there = valueAt(data, path)
  return Array.isArray(there) ? there.slice(0, 50) : []
}
