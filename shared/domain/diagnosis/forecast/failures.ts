import type { Hop } from '../../model/graph.ts'
import type { EpochMs } from '../../model/time.ts'
import type { ForecastAgent, ForecastAuthority, ForecastCause, ForecastFailure } from './model.ts'
import { tellOfForecast as tell } from './reasons.ts'
import type { Rotating } from './rotation.ts'
import { type AuthorityName, trustOf } from './trust.ts'
import type { ForecastView } from './view.ts'

type End = 'client' | 'server'
type Failing = ForecastFailure & { readonly workload: string }

/** Key of the cause of one workload whose SVID ends; null: it is on course, or nothing is known of it. */
export function causeOf(each: Rotating, agents: ReadonlyMap<string, ForecastAgent>): string | null {
  if (each.failsAt === null) return null
  if (each.stoppedBy === 'entry') return `entry/${each.workload.id}`
  const agent = each.parent === null ? undefined : agents.get(each.parent)
  const isAgents = agent !== undefined && agent.state !== 'renewing' && agent.state !== 'unknown'
  return isAgents ? `agent/${agent.id}` : `workload/${each.workload.id}`
}

/** Hops that end with an SVID that is not renewed, and hops whose ends do not or will not trust each other's authority. */
export function failuresOf(
  view: ForecastView,
  all: readonly Rotating[],
  agents: ReadonlyMap<string, ForecastAgent>,
  authorities: readonly ForecastAuthority[],
): readonly Failing[] {
  const byId = new Map(all.map((each) => [each.workload.id, each]))
  return view.hops
    .flatMap((hop) => {
      const ends = { client: byId.get(hop.from), server: byId.get(hop.to) }
      const found = (['client', 'server'] as const).flatMap((end) => [
        endsWithSvid(view, hop, end, ends, agents) ?? [],
        ...distrusted(view, hop, end, ends, authorities),
      ])
      // What ends first ends the hop.
      return found.flat().toSorted((one, other) => one.failsAt - other.failsAt)[0] ?? []
    })
    .toSorted((one, other) => one.failsAt - other.failsAt || (one.hop < other.hop ? -1 : 1))
}

type Ends = Readonly<Record<End, Rotating | undefined>>

/** Whether a handshake of this hop shows the SVID of this end, as far as its transport is known. */
function usesSvidOf(hop: Hop, end: End): boolean {
  switch (hop.transport.state) {
    case 'verified':
    case 'failing':
    case 'configured':
      return true
    case 'one-sided':
      return end === 'server'
    case 'plaintext':
      return false
    case 'unknown':
      return hop[end].tlsVersions.known
  }
}

function endsWithSvid(
  view: ForecastView,
  hop: Hop,
  end: End,
  ends: Ends,
  agents: ReadonlyMap<string, ForecastAgent>,
): Failing | null {
  const own = ends[end]
  if (own === undefined || own.failsAt === null || !usesSvidOf(hop, end)) return null
  const cause = causeOf(own, agents)
  if (cause === null) return null
  const names = { owner: own.workload.name, other: ends[end === 'client' ? 'server' : 'client']?.workload.name ?? '' }
  const isOver = own.failsAt <= view.of.now
  return failure(view, hop, ends, {
    failsAt: own.failsAt,
    isFailing: isOver && hop.transport.state === 'failing',
    end,
    reason: tell(isOver ? 'hop-ended-with-svid' : 'hop-ends-with-svid', { ...names, notAfter: own.failsAt }),
    cause,
    workload: own.workload.id,
  })
}

/** `end` verifies the other end, whose leaf is or will be signed by an authority that it does not trust. */
function distrusted(
  view: ForecastView,
  hop: Hop,
  end: End,
  ends: Ends,
  authorities: readonly ForecastAuthority[],
): readonly Failing[] {
  const verifier = ends[end]
  const across: End = end === 'client' ? 'server' : 'client'
  const presenter = ends[across]
  if (verifier === undefined || presenter === undefined || !usesSvidOf(hop, across)) return []
  const names = { owner: verifier.workload.name, other: presenter.workload.name }
  return authorities.flatMap((authority): readonly Failing[] => {
    const { key } = authority
    const isSigned = presenter.authority === key && presenter.svid.known && !presenter.svid.stale
    const willSign =
      authority.state === 'prepared' &&
      authority.activatesAt !== null &&
      wasSignedBeside(presenter, authority, authorities)
    if (!isSigned && !willSign) return []
    const name: AuthorityName = { trustDomain: authority.trustDomain, key, sha256: null }
    if (trustOf(view, verifier.workload, name).trust !== 'lacks') return []
    const isFailing = isSigned && hop.transport.state === 'failing'
    const begun = presenter.svid.known ? presenter.svid.value.notBefore : null
    const failsAt: EpochMs = isSigned
      ? (hop.transport.since ?? begun ?? view.of.now)
      : (authority.activatesAt ?? view.of.now)
    // A hop that verifies is not failing whatever its bundle lacked when that was read: it has come since.
    if (isSigned && hop.transport.state === 'verified') return []
    const reason = isSigned
      ? tell('hop-refuses-authority', { ...names, authority: key })
      : tell('hop-will-refuse-authority', { ...names, authority: key, activatesAt: failsAt })
    const cause = `authority/${authority.trustDomain}/${key}`
    return [failure(view, hop, ends, { failsAt, isFailing, end, reason, cause, workload: verifier.workload.id })]
  })
}

/** The next leaf of a workload is signed by the successor of what signed this one: by the same server, as far as that is known. */
function wasSignedBeside(
  { authority }: Rotating,
  { trustDomain, role }: ForecastAuthority,
  authorities: readonly ForecastAuthority[],
): boolean {
  return (
    role === 'own' &&
    authorities.some((each) => each.trustDomain === trustDomain && each.state === 'active' && each.key === authority)
  )
}

function failure(view: ForecastView, hop: Hop, ends: Ends, more: Omit<Failing, 'hop' | 'from' | 'to'>): Failing {
  const nameOf = (id: string, end: End): string =>
    ends[end]?.workload.name ?? view.workloads.find((each) => each.id === id)?.name ?? id
  return {
    hop: hop.id,
    from: { workload: hop.from, name: nameOf(hop.from, 'client') },
    to: { workload: hop.to, name: nameOf(hop.to, 'server') },
    ...more,
  }
}

/** What SVIDs and hops that fail have in common. Also of workloads that nobody calls: their SVID ends all the same. */
export function causesOf(
  all: readonly Rotating[],
  agents: ReadonlyMap<string, ForecastAgent>,
  authorities: readonly ForecastAuthority[],
  failures: readonly Failing[],
): readonly ForecastCause[] {
  const ofSvids = Map.groupBy(
    all.filter((each) => causeOf(each, agents) !== null),
    (each) => causeOf(each, agents) ?? '',
  )
  const hopsOf = (key: string): readonly Failing[] => failures.filter(({ cause }) => cause === key)
  const causes = [...ofSvids].map(([key, ending]): ForecastCause => {
    const [first] = ending
    const agent = first?.parent === null || first === undefined ? undefined : agents.get(first.parent)
    const kind = key.startsWith('agent/') ? 'agent' : key.startsWith('entry/') ? 'entry' : 'workload'
    return {
      key,
      kind,
      ...wordsOf(kind, ending, agent),
      restsOn: [
        ...new Map(ending.flatMap(({ rotation }) => rotation.restsOn).map((each) => [each.factId, each])).values(),
      ],
      failsAt: Math.min(...ending.flatMap(({ failsAt }) => failsAt ?? [])),
      workloads: ending.map(({ workload }) => workload.id),
      hops: hopsOf(key).map(({ hop }) => hop),
    }
  })
  const ofAuthorities = authorities.flatMap((authority): readonly ForecastCause[] => {
    const key = `authority/${authority.trustDomain}/${authority.key}`
    const hops = hopsOf(key)
    const [first] = hops
    if (first === undefined) return []
    return [
      {
        key,
        kind: 'authority',
        name: authority.key,
        reason: tell('authority-unknown-to-some', {
          authority: authority.key,
          state: authority.state,
          missing: authority.missing.total,
          of: authority.of,
        }),
        restsOn: authority.restsOn,
        failsAt: first.failsAt,
        workloads: [...new Set(hops.map(({ workload }) => workload))],
        hops: hops.map(({ hop }) => hop),
      },
    ]
  })
  return [...causes, ...ofAuthorities].toSorted(
    (one, other) => one.failsAt - other.failsAt || (one.key < other.key ? -1 : 1),
  )
}

function wordsOf(
  kind: ForecastCause['kind'],
  ending: readonly Rotating[],
  agent: ForecastAgent | undefined,
): Pick<ForecastCause, 'name' | 'reason'> {
  const owner = ending[0]?.workload.name ?? ''
  if (kind === 'entry') return { name: owner, reason: tell('entry-is-gone', { owner }) }
  if (kind === 'workload' || agent === undefined) {
    return { name: owner, reason: tell('only-this-not-renewed', { owner, agent: agent?.name ?? null }) }
  }
  const { name, state, lastIssued } = agent
  const workloads = ending.length
  return {
    name,
    reason:
      state === 'silent'
        ? tell('agent-renews-nothing', {
            agent: name,
            workloads,
            lastIssued: lastIssued.known ? lastIssued.value : null,
          })
        : tell('agent-cannot-renew', { agent: name, workloads, state }),
  }
}
