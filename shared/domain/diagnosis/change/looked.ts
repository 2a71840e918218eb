/** Members by name or place, from the root of `data` or of `input`. */
export type Path = readonly (string | number)[]

/** What the expression that decided looks at, as far as the trace tells: what a change of it could be. */
export interface Looked {
  readonly decidedBy: 'failed' | 'held'
  /** What it looked for in the policy's data and did not find; null: it failed otherwise. */
  readonly sought: Sought | null
  /** Everything in data that it rests on. */
  readonly data: readonly Path[]
  /** Everything of the input that it rests on; `masked`: what the record does not tell. */
  readonly input: readonly { readonly path: Path; readonly masked: boolean }[]
  /** Constants that it compares with. */
  readonly constants: readonly (string | number | boolean)[]
}

export type Sought =
  /** Nothing is at this path; so far it goes there is something: `present` members. */
  | { readonly kind: 'key'; readonly at: Path; readonly present: number }
  /** The collection lacks it. */
  | { readonly kind: 'element'; readonly at: Path; readonly value: unknown }
  /** Another value is there. */
  | { readonly kind: 'value'; readonly at: Path; readonly wanted: unknown }

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((found, member) => memberOf(found, member), value)
}

function memberOf(value: unknown, member: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return typeof member === 'number' ? value[member] : undefined
  return Object.hasOwn(value, member) ? (value as Record<string, unknown>)[member] : undefined
}

/** Another value with one member set; arrays grow by one at their end. undefined: the path leads through a scalar. */
export function withValue(value: unknown, path: Path, fresh: unknown): unknown {
  const [member, ...rest] = path
  if (member === undefined) return fresh
  if (Array.isArray(value)) {
    if (typeof member !== 'number' || member < 0 || member > value.length) return undefined
    const inner = withValue(value[member], rest, fresh)
    return inner === undefined ? undefined : value.toSpliced(member, 1, inner)
  }
  if (value !== undefined && (typeof value !== 'object' || value === null)) return undefined
  const inner = withValue(memberOf(value, member), rest, fresh)
  return inner === undefined ? undefined : { ...value, [member]: inner }
}
