import { noSights, type SideSights } from '../../shared/domain/diagnosis/handshake/leaf.ts'
import type { HandshakeCase, SideKeys } from '../../shared/domain/diagnosis/handshake/view.ts'
import type { FactReference, Hop, HopSide, Known, TrustGraph } from '../../shared/domain/model/graph.ts'
import { builtAt } from './facts.ts'
import { build, hop, ids, minute, pipeline } from './small-graph.ts'

export const builtFact: FactReference = {
  factId: 'logs/x#1',
  source: 'logs',
  instance: 'x',
  locator: 'line 1',
  observedAt: builtAt,
  basis: 'measured',
}
export const known = <Value>(value: Value): Known<Value> => ({ known: true, value, fact: builtFact, stale: false })
export const unknown = { known: false, reason: { code: 'not-read', params: {} } } as const
export const verifyFailed = 'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED'
export const saidBy = (text: string): Pick<HopSide, 'lastError'> => ({ lastError: known({ at: builtAt, text }) })

const graph = build(pipeline.scopes)
export const healthy = hop(graph, ids.model, ids.tool)

export type SideChange = Partial<HopSide & SideKeys & Pick<SideSights, 'clock'>>

/** The hop of a healthy pipeline, failing now, with this changed of its two sides. */
export function failing(
  changes: { readonly client?: SideChange; readonly server?: SideChange },
  workloads: (graph: TrustGraph) => TrustGraph['workloads'] = ({ workloads: all }) => all,
): HandshakeCase {
  const changed: Hop = {
    ...healthy,
    transport: { ...healthy.transport, state: 'failing' },
    client: { ...healthy.client, ...changes.client },
    server: { ...healthy.server, ...changes.server },
  }
  return {
    graph: { ...graph, workloads: workloads(graph) },
    hop: changed,
    now: builtAt,
    keys: { client: keysOf(changes.client), server: keysOf(changes.server) },
    sights: { client: sightsOf(changes.client), server: sightsOf(changes.server) },
    facts: new Map([[secretsFact.factId, secretsFact]]),
  }
}
function keysOf({ issuer = known('aa'), trusted = known(['aa']) }: SideChange = {}): SideKeys {
  return { issuer, trusted }
}
function sightsOf({ clock = unknown }: SideChange = {}): SideSights {
  return { ...noSights, clock }
}

export function certificateOf(side: 'client' | 'server') {
  const held = healthy[side].certificate
  if (!held.known) throw new Error('the built hop has no certificate')
  return held.value
}
export const expired = (side: 'client' | 'server') => ({
  certificate: known({ ...certificateOf(side), notAfter: builtAt - minute }),
})

/** What a workload without an SVID rests on. */
export const secretsFact: FactReference = {
  factId: 'envoy/tool-runtime/secrets#1',
  source: 'envoy',
  instance: 'tool-runtime',
  locator: '/config_dump dynamic_warming_secrets',
  observedAt: builtAt - 4000,
  basis: 'measured',
}

/** A workload at this end of the hop that has no SVID, or so many of its Envoys. */
export const withoutSvid =
  (
    end: 'from' | 'to',
    affected = 1,
    instances = affected,
    [state, code]: readonly ['no-identity' | 'failing', string] = ['no-identity', 'no-svid-no-entry'],
  ) =>
  ({ workloads }: TrustGraph): TrustGraph['workloads'] =>
    workloads.map((each) =>
      each.id === healthy[end]
        ? {
            ...each,
            state: {
              ...each.state,
              state,
              reason: { code, params: { name: each.name, affected, instances } },
              // The first is of a list that lacks it, and no fact.
              restsOn: ['spire/lab/entries', secretsFact.factId],
            },
          }
        : each,
    )
