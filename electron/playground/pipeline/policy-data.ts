import { fileURLToPath } from 'node:url'
import { endpointOf } from './endpoints.ts'
import { hops, spiffeIdOf, stageOf, stages } from './topology.ts'

/** The folder of the Rego files, absolute. Files that end in `_test.rego` are not for the bundle. */
export const policyFolder = fileURLToPath(new URL('./policy', import.meta.url))

export interface PolicyData {
  readonly pipeline: {
    /** Who may call whom, and what for: callee's SPIFFE ID, then caller's SPIFFE ID. */
    readonly adjacency: Readonly<Record<string, Readonly<Record<string, readonly AllowedCall[]>>>>
    /** The highest classification a callee may receive. */
    readonly clearance: Readonly<Record<string, string>>
    /** The right that a user needs for a request to enter this callee. */
    readonly rights: Readonly<Record<string, string>>
    readonly classifications: Readonly<Record<string, number>>
  }
}

export interface AllowedCall {
  readonly method: string
  /** Path segments; `*` stands for any one segment. */
  readonly path: readonly string[]
}

/** Behind the orchestrator nothing restricted may go: models and tools are cleared up to confidential. */
const clearedForRestricted: ReadonlySet<string> = new Set(['gateway', 'prompt-firewall', 'input-sanitiser'])

/**
 * The `data.json` of the policy bundle. `deny` names hops that this revision refuses although the topology has them:
 * that is how the lab's fault policy-denies is made.
 */
export function policyData(options: { readonly deny?: readonly { from: string; to: string }[] } = {}): PolicyData {
  const denied = (from: string, to: string): boolean =>
    (options.deny ?? []).some((hop) => hop.from === from && hop.to === to)
  const callees = stages.filter((stage) => stage.opa !== 'none')
  const callersOf = (to: string): Record<string, readonly AllowedCall[]> =>
    Object.fromEntries(
      hops
        .filter((hop) => hop.to === to && !denied(hop.from, to))
        .map(({ from }) => [spiffeIdOf(stageOf(from)), [callOf(from, to)]]),
    )
  const perCallee = <Value>(value: (id: string) => Value): Record<string, Value> =>
    Object.fromEntries(callees.map((stage) => [spiffeIdOf(stage), value(stage.id)]))
  return {
    pipeline: {
      adjacency: perCallee(callersOf),
      clearance: perCallee((id) => (clearedForRestricted.has(id) ? 'restricted' : 'confidential')),
      rights: { [spiffeIdOf(stageOf('orchestrator'))]: 'ask' },
      classifications: { internal: 1, confidential: 2, restricted: 3 },
    },
  }
}

function callOf(from: string, to: string): AllowedCall {
  const { method, path } = endpointOf(from, to)
  return { method, path }
}
