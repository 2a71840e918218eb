/** What the filter box explains: one line a form, with an example that works. */
export const filterHelp: readonly { readonly example: string; readonly meaning: string }[] = [
  { example: 'tool', meaning: 'name, SPIFFE ID or stage contains “tool”' },
  {
    example: 'tls:plaintext',
    meaning: 'hops by transport: verified, one-sided, plaintext, failing, configured, unknown',
  },
  {
    example: 'authz:denying',
    meaning: 'hops by authorisation: allowing, denying, erroring, failing-open, unguarded, unknown',
  },
  {
    example: 'state:failing',
    meaning: 'workloads by state: verified, attention, failing, unknown, no-identity, external',
  },
  { example: 'relation:granted', meaning: 'hops by relation: observed, granted, intended' },
  { example: 'zone:data', meaning: 'workloads in a zone, and hops with an end in it' },
  { example: 'stage:gateway', meaning: 'workloads of a stage, and hops with an end of it' },
  { example: 'from:model-server', meaning: 'hops whose caller’s name or SPIFFE ID contains it' },
  { example: 'to:tool-runtime', meaning: 'hops whose callee’s name or SPIFFE ID contains it' },
  {
    example: 'is:attention',
    meaning:
      'what “Needs attention” counts: hops that break, are open, half proven or misleading, and workloads that fail or need attention; is:problem says the same',
  },
  {
    example: '-tls:verified',
    meaning: 'a minus excludes; several words must all hold; a comma means “or”: tls:failing,plaintext',
  },
]

/** "“tsl:plaintext” is not a filter. Known are: tls, authz, …" */
export function filterProblemSentence(problem: { readonly word: string; readonly known: readonly string[] }): string {
  const known = problem.known.length === 0 ? '' : ` Known are: ${problem.known.join(', ')}.`
  return `“${problem.word}” is not a filter, so nothing is filtered.${known}`
}

/** "No hop matches tls:plaintext zone:data." */
export function noMatchSentence(filter: string): string {
  return `No workload or hop matches ${filter}.`
}
