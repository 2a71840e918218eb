import type { Hop, HopSide, Known, Slot, TrustGraph } from '../../shared/domain/model/graph.ts'
import { valueOf } from '../truth/compare.ts'

export const unknown = 'unknown'
/** Of what is not drawn at all. */
export const absent = 'absent'

/** What is drawn, as text by what it is of and which part of that: `hop/a>b` has a `transport`. */
export interface Seen {
  readonly of: 'workload' | 'hop' | 'control'
  readonly id: string
  readonly part: string
  readonly value: string
}

/** Of values that every request or rotation changes only whether they are known. */
export function seenIn(graph: TrustGraph): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen>()
  const see = (of: Seen['of'], id: string, parts: Readonly<Record<string, string>>): void => {
    for (const [part, value] of Object.entries(parts)) seen.set(`${id} ${part}`, { of, id, part, value })
  }
  for (const { id, ...workload } of graph.workloads) {
    const { registration, kubernetes, leases, slots } = workload
    see('workload', id, {
      state: workload.state.state,
      zone: `${workload.zone} ${workload.stage.id}`,
      registration: registration.known ? registration.fact.basis : unknown,
      agent: registration.known ? known(registration.value.agent) : unknown,
      kubernetes: kubernetes.known ? JSON.stringify(kubernetes.value) : unknown,
      svid: known(workload.svid.loaded),
      presented: known(workload.svid.presented),
      leases: leases.known ? `${leases.value.active} active, ${leases.value.unclear} unclear` : unknown,
      'end of leases': leases.known && leases.value.nearestExpiryAt !== null ? 'known' : unknown,
      envoys: String(workload.envoys.length),
      'slot opa': slotText(slots.opa),
      'slot vault': slotText(slots.vault),
      'slot image': slotText(slots.image),
    })
  }
  for (const hop of graph.hops) see('hop', hop.id, partsOfHop(hop))
  for (const { id, kind, state, vault } of graph.control) {
    see('control', id, { [kind]: state.state })
    if (vault === undefined) continue
    const certainly = vault.orphaned.filter((one) => one.kind !== 'unmatched').length
    see('control', id, {
      sealed: vault.sealed.known ? String(vault.sealed.value) : unknown,
      audit: known(vault.audit),
      'certainly orphaned': String(certainly),
      orphaned: String(vault.orphanedTotal),
      'active leases': String(vault.active),
    })
  }
  return seen
}

function partsOfHop(hop: Hop): Readonly<Record<string, string>> {
  const network = valueOf(hop.network)
  const guard = valueOf(hop.guard)
  const { state } = hop.authorisation
  return {
    transport: hop.transport.state,
    // Which requests were refused within the window differs by the moment of looking.
    authorisation: state === 'allowing' || state === 'denying' ? 'decided' : state,
    claim: hop.identityClaim.state,
    ...Object.fromEntries(
      (['observed', 'granted', 'intended'] as const).map((one) => [one, yes(hop.relations.includes(one))]),
    ),
    activity: valueOf(hop.activity)?.countedBy ?? unknown,
    decision: known(hop.decision),
    guard: guard === undefined ? unknown : `${guard.opa}, ${guard.failureModeAllow ? 'open' : 'closed'}`,
    'revision of guard': guard?.revision ?? unknown,
    network: network === undefined ? unknown : `${network.verdict} by ${network.policies.join()}`,
    integrity: known(hop.integrity),
    deviation: hop.deviation?.code ?? 'none',
    leases: String(hop.leases.length),
    ...partsOfSide('caller', hop.client),
    ...partsOfSide('callee', hop.server),
  }
}

function partsOfSide(end: string, side: HopSide): Readonly<Record<string, string>> {
  return {
    [`${end} requires`]: side.requiresPeer.known ? String(side.requiresPeer.value?.join()) : unknown,
    [`${end} gets`]: side.peerAsExpected.known ? yes(side.peerAsExpected.value) : unknown,
    [`${end} presents`]: known(side.certificate),
    [`${end} trusts`]: side.trusts.known ? side.trusts.value.join() : unknown,
    [`${end} versions`]: valueOf(side.tlsVersions) ?? unknown,
    [`${end} error`]: side.lastError.known ? yes(side.lastError.value !== null) : unknown,
  }
}

function slotText(slot: Slot): string {
  return slot.kind === 'value' ? `${slot.text} ${slot.tone}` : slot.kind
}

function known<Value>(value: Known<Value>): string {
  return value.known ? 'known' : unknown
}

function yes(is: boolean): string {
  return is ? 'yes' : 'no'
}

/** `9 workload state: unknown`: in what a graph differs from the whole one, by part and by what it is now. */
export function changes(whole: ReadonlyMap<string, Seen>, now: ReadonlyMap<string, Seen>): readonly string[] {
  const counted = new Map<string, number>()
  for (const key of new Set([...whole.keys(), ...now.keys()])) {
    const [was, is] = [whole.get(key), now.get(key)]
    const any = is ?? was
    if (any === undefined || was?.value === is?.value) continue
    // Of what is not drawn at all the parts need not be told one by one.
    if (is === undefined && !isMain(any)) continue
    const change = `${was === undefined ? 'more ' : ''}${any.of} ${any.part}: ${is?.value ?? absent}`
    counted.set(change, (counted.get(change) ?? 0) + 1)
  }
  return [...counted].map(([change, times]) => `${times} ${change}`).toSorted()
}

function isMain({ of, part }: Seen): boolean {
  return of === 'workload' ? part === 'state' : of === 'hop' ? part === 'transport' : part.includes('-')
}

/** What may be said of something that was verified, allowed or in order only where it is so, and what only where it is not. */
const claims: Readonly<Record<string, readonly string[]>> = {
  state: ['verified', 'attention', 'failing', 'no-identity'],
  transport: ['verified', 'configured', 'plaintext', 'one-sided', 'failing'],
  authorisation: ['erroring', 'failing-open', 'unguarded'],
  claim: ['forwarded', 'contradicted'],
  // A NetworkPolicy that is not known could turn each of these around.
  network: ['blocked', 'unrestricted', 'admitted'],
  'spire-server': ['verified', 'attention', 'failing'],
  'spire-agent': ['verified', 'attention', 'failing'],
  'opa-bundle': ['verified', 'attention', 'failing'],
  'opa-instance': ['verified', 'attention', 'failing'],
  'registration-object': ['verified', 'attention', 'failing'],
  vault: ['verified', 'attention', 'failing'],
  sealed: ['true'],
}

/** What a graph says that the whole one does not, and that is no mere lack of knowledge: each is wrong. */
export function wrongly(whole: ReadonlyMap<string, Seen>, now: ReadonlyMap<string, Seen>): readonly string[] {
  return [...now].flatMap(([key, { part, value }]) => {
    const was = whole.get(key)?.value
    if (was === value) return []
    // Set up for TLS, without a handshake that was seen: less than verified.
    if (part === 'transport' && value === 'configured' && was === 'verified') return []
    const isWrong =
      claims[part]?.some((claim) => value === claim || value.startsWith(`${claim} `)) === true ||
      (part === 'certainly orphaned' && value !== '0') ||
      (part === 'deviation' && value !== 'none') ||
      (part.endsWith(' error') && value === 'yes') ||
      (part.endsWith(' gets') && value === 'no')
    return isWrong ? [`${key} is ${value}, with all rights ${was ?? absent}`] : []
  })
}
