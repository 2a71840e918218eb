/** Both ends of a handshake as somebody writes them, or one name whose hops are to be looked for. */
export type AskedEnds =
  | { readonly kind: 'ends'; readonly from: string; readonly to: string }
  | { readonly kind: 'one'; readonly name: string }
  | { readonly kind: 'unclear'; readonly why: string }

/**
 * "gateway orchestrator", "gateway → orchestrator", "gateway -> orchestrator", two SPIFFE IDs, or the id of a hop of the graph.
 * The text is not empty.
 */
export function endsOf(text: string): AskedEnds {
  const isHop = text.startsWith('hop/')
  const parts = (isHop ? text.slice('hop/'.length).replace('>', ' ') : text)
    .split(/\s*(?:→|->|=>|>)\s*|\s+/)
    .filter((part) => part !== '')
  const [from, to, ...more] = parts
  if (from === undefined) return { kind: 'unclear', why: 'Name two workloads: the caller, then the callee.' }
  if (more.length > 0) {
    return { kind: 'unclear', why: `These are ${parts.length} names: give two, the caller and then the callee.` }
  }
  return to === undefined ? { kind: 'one', name: from } : { kind: 'ends', from, to }
}
