import type { HopEnds, HopExpectation } from './fault.ts'

/**
 * The main chain in calling order. A request goes on only when the hop before it worked, so a broken hop starves those behind
 * it: both ends stay set up for TLS, but no handshake is seen any more. The optional calls are made before the next hop.
 */
const chain: readonly (HopEnds & { readonly optional: boolean })[] = [
  { from: 'application', to: 'gateway', optional: false },
  { from: 'gateway', to: 'prompt-firewall', optional: false },
  { from: 'prompt-firewall', to: 'input-sanitiser', optional: false },
  { from: 'input-sanitiser', to: 'orchestrator', optional: false },
  { from: 'orchestrator', to: 'vector-store', optional: true },
  { from: 'orchestrator', to: 'model-server', optional: false },
  { from: 'model-server', to: 'tool-runtime', optional: true },
  { from: 'model-server', to: 'output-filter', optional: false },
  { from: 'output-filter', to: 'gateway', optional: false },
]

/**
 * What the hops behind a broken one come to. Behind an optional call (retrieval, tool) nothing starves: the prompts that do not
 * need it go on.
 */
export function starvedBehind(broken: HopEnds): readonly HopExpectation[] {
  const index = chain.findIndex((hop) => hop.from === broken.from && hop.to === broken.to)
  const found = chain[index]
  if (found === undefined) throw new Error(`the pipeline has no hop ${broken.from} to ${broken.to}`)
  if (found.optional) return []
  return chain
    .slice(index + 1)
    .map(({ from, to }) => ({ hop: { from, to }, transport: 'configured', shown: 'after-window' }))
}
