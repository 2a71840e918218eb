/**
 * The one request that each hop of the topology carries. Stages listen, policy and calls by this list, so they cannot disagree.
 * Every endpoint has exactly one caller: whose signature and whose actor is expected follows from the path alone.
 */
export interface Endpoint {
  /** null: called from outside the pipeline (the traffic generator), without signature and token. */
  readonly from: string | null
  readonly to: string
  readonly method: 'POST'
  /** Path segments; `*` stands for any one segment. */
  readonly path: readonly string[]
  /** output: the reply carries something the caller works with, so it is signed as a request is. */
  readonly reply: 'output' | 'acknowledgement'
}

export const endpoints: readonly Endpoint[] = [
  endpoint(null, 'application', ['v1', 'asks'], 'output'),
  endpoint('application', 'gateway', ['v1', 'chat'], 'output'),
  endpoint('gateway', 'prompt-firewall', ['v1', 'inspections'], 'acknowledgement'),
  endpoint('prompt-firewall', 'input-sanitiser', ['v1', 'sanitisations'], 'acknowledgement'),
  endpoint('input-sanitiser', 'orchestrator', ['v1', 'plans'], 'acknowledgement'),
  endpoint('orchestrator', 'vector-store', ['v1', 'retrievals'], 'output'),
  endpoint('orchestrator', 'model-server', ['v1', 'completions'], 'acknowledgement'),
  endpoint('model-server', 'tool-runtime', ['v1', 'tool-calls'], 'output'),
  endpoint('model-server', 'output-filter', ['v1', 'outputs'], 'acknowledgement'),
  endpoint('output-filter', 'gateway', ['v1', 'deliveries', '*'], 'acknowledgement'),
]

/** Throws where the topology has no such call: that is a mistake in the stage's code. */
export function endpointOf(from: string | null, to: string): Endpoint {
  const found = endpoints.find((candidate) => candidate.from === from && candidate.to === to)
  if (found === undefined) throw new Error(`the pipeline has no call from ${from ?? 'outside'} to ${to}`)
  return found
}

/** The endpoint of a stage that a request line asks for; null when the stage has none like it. */
export function matchEndpoint(to: string, method: string, path: string): Endpoint | null {
  const segments = path.split('/').slice(1)
  const matches = (candidate: Endpoint): boolean =>
    candidate.to === to &&
    candidate.method === method &&
    candidate.path.length === segments.length &&
    candidate.path.every((part, index) => part === '*' || part === segments[index])
  return endpoints.find(matches) ?? null
}

/** `/v1/deliveries/<last>`: the path to call, with the wildcard filled in. */
export function pathOf(called: Endpoint, wildcard: string): string {
  return `/${called.path.map((part) => (part === '*' ? wildcard : part)).join('/')}`
}

function endpoint(from: string | null, to: string, path: readonly string[], reply: Endpoint['reply']): Endpoint {
  return { from, to, method: 'POST', path, reply }
}
