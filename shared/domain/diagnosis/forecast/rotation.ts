import type { EnvoySecretFact } from '../../model/envoy-facts.ts'
import type { CertificateView, FactReference, Known, Workload } from '../../model/graph.ts'
import type { SpireAgentFact } from '../../model/spire-facts.ts'
import type { DurationMs, EpochMs } from '../../model/time.ts'
import type { ForecastIdentity } from './model.ts'
import { tellOfForecast as tell } from './reasons.ts'
import { type ForecastView, reference, spiffeIdOf, spireFor } from './view.ts'

const hour = 3_600_000

/**
 * When SPIRE has renewed an SVID at the latest, while all is well. Its agent renews when half of the lifetime is left
 * (pkg/common/rotationutil of SPIRE 1.15), give or take a tenth of that. With `availability_target`, at least 24 h, of agent.conf
 * it may wait until so much is left of a lifetime that has 12 h more (doc/spire_agent.md); whether that is set, nothing tells.
 */
export function renewsBy(notBefore: EpochMs, notAfter: EpochMs): EpochMs {
  const lifetime = notAfter - notBefore
  const atHalf = Math.round(notAfter - lifetime / 2 + lifetime / 20)
  return lifetime >= 36 * hour ? Math.max(atHalf, notAfter - 24 * hour) : atHalf
}

/** An agent looks every 5 s, and SDS and Envoy take a moment. */
export const deliveryMs: DurationMs = 10_000

/** The SVID in use of one workload, before it is known what its agent does. */
export interface Rotating {
  readonly workload: Workload
  readonly svid: Known<CertificateView>
  readonly rotation: ForecastIdentity['rotation']
  readonly renewsBy: EpochMs | null
  readonly failsAt: EpochMs | null
  readonly authority: string | null
  /** Its agent, as the entries say; null: not known which, or several. */
  readonly parent: string | null
  readonly stoppedBy: 'entry' | 'agent' | null
}

export function rotationOf(view: ForecastView, workload: Workload): Rotating {
  const { loaded, presented } = workload.svid
  const svid = loaded.known ? loaded : presented.known ? presented : loaded
  const authority = svid.known ? authorityOf(view, svid.value, svid.fact) : null
  const parents = parentsOf(view, workload)
  const [parent = null, ...others] = parents ?? []
  const base = {
    workload,
    svid,
    authority,
    parent: others.length === 0 ? parent : null,
    renewsBy: null,
    failsAt: null,
    stoppedBy: null,
  }
  const owner = workload.name
  const unknown = (reason: ForecastIdentity['rotation']['reason']): Rotating => ({
    ...base,
    rotation: { state: 'unknown', reason, restsOn: svid.known ? [svid.fact] : [] },
  })
  if (!svid.known || svid.value.notAfter === null) return unknown(tell('svid-not-known', { owner }))
  if (svid.stale) return unknown(tell('svid-last-known', { owner, readAt: svid.fact.observedAt }))
  const { notAfter } = svid.value
  const { observedAt } = svid.fact
  const { now } = view.of
  const notBefore = svid.value.notBefore ?? begunAt(view, workload, notAfter)
  const due = notBefore === null ? null : renewsBy(notBefore, notAfter)
  const wasOverdue = due !== null && observedAt > due + deliveryMs
  const said = (
    state: ForecastIdentity['rotation']['state'],
    reason: ForecastIdentity['rotation']['reason'],
    more: Partial<Rotating> = {},
    restsOn: readonly FactReference[] = [],
  ): Rotating => ({
    ...base,
    renewsBy: due,
    ...more,
    rotation: { state, reason, restsOn: [svid.fact, ...restsOn] },
  })
  if (notAfter <= now) {
    // What was read before it should have been renewed says nothing of what is there now.
    if (!wasOverdue && observedAt < notAfter) {
      return unknown(tell('svid-perhaps-renewed', { owner, readAt: observedAt, notAfter }))
    }
    return said('expired', tell('svid-ended', { owner, notAfter }), { failsAt: notAfter, ...stopOf() })
  }
  const stop = stopOf()
  if (stop.stoppedBy === 'entry') {
    return said('stopped', tell('svid-will-end-entry-gone', { owner, notAfter }), { ...stop, failsAt: notAfter })
  }
  if (stop.stoppedBy === 'agent') {
    const { agents } = stop
    const [first] = agents
    const reason = tell('svid-will-end-agent', {
      owner,
      notAfter,
      agent: first?.id ?? '',
      state: first?.state ?? 'gone',
    })
    const restsOn = agents.flatMap(({ fact }) => (fact === null ? [] : [reference(fact)]))
    return said('stopped', reason, { stoppedBy: 'agent', failsAt: notAfter }, restsOn)
  }
  if (due === null) return said('unknown', tell('svid-valid-renewal-unknown', { owner, notAfter }))
  if (wasOverdue)
    return said('overdue', tell('svid-overdue', { owner, renewsBy: due, notAfter }), { failsAt: notAfter })
  return said('on-course', tell('svid-on-course', { owner, renewsBy: due, notAfter }))

  function stopOf(): { readonly stoppedBy: Rotating['stoppedBy']; readonly agents: readonly StoppedAgent[] } {
    if (parents === null) return { stoppedBy: null, agents: [] }
    // No entry there means something only of the server that signed what is in use: others may have entries of their own.
    if (parents.length === 0) {
      return { stoppedBy: isSignedHere(view, workload, authority) ? 'entry' : null, agents: [] }
    }
    const stopped = parents.map((each) => stoppedAgent(view, workload, each))
    const agents = stopped.filter((each) => each !== null)
    return { stoppedBy: agents.length === parents.length ? 'agent' : null, agents }
  }
}

export interface StoppedAgent {
  readonly id: string
  readonly state: 'expired' | 'banned' | 'gone'
  readonly fact: SpireAgentFact | null
}

/** An agent that can have nothing signed now; null: it can, or that is not known. */
export function stoppedAgent(view: ForecastView, workload: Workload, id: string): StoppedAgent | null {
  // A node alias is no agent.
  if (!id.includes('/spire/agent/')) return null
  const lists = spireFor(view, spiffeIdOf(workload)).flatMap(({ agents }) => agents ?? [])
  if (lists.length === 0) return null
  const fact = lists.map((agents) => agents.get(id)).find((each) => each !== undefined)
  if (fact === undefined) return { id, state: 'gone', fact: null }
  if (fact.banned) return { id, state: 'banned', fact }
  const isExpired = fact.svidNotAfter !== null && fact.svidNotAfter <= fact.from.observedAt
  return isExpired ? { id, state: 'expired', fact } : null
}

/** Parents of all entries of its SPIFFE ID; empty: there is no entry; null: the entries cannot be read. */
function parentsOf(view: ForecastView, workload: Workload): readonly string[] | null {
  const spiffeId = spiffeIdOf(workload)
  const lists = spireFor(view, spiffeId).flatMap(({ entries }) => entries ?? [])
  if (spiffeId === null || lists.length === 0) return null
  return [...new Set(lists.flatMap((entries) => entries.get(spiffeId) ?? []).map(({ parentId }) => parentId))]
}

function isSignedHere(view: ForecastView, workload: Workload, authority: string | null): boolean {
  if (authority === null) return false
  return spireFor(view, spiffeIdOf(workload)).some(
    ({ authorities, bundle }) =>
      (authorities ?? []).some(({ authorityId }) => authorityId.toLowerCase() === authority) ||
      (bundle?.x509Authorities ?? []).some(({ subjectKeyId }) => subjectKeyId === authority),
  )
}

/** What peers log has no begin: the lifetime is then what the entry asks for. */
function begunAt(view: ForecastView, workload: Workload, notAfter: EpochMs): EpochMs | null {
  const spiffeId = spiffeIdOf(workload)
  if (spiffeId === null) return null
  const entries = spireFor(view, spiffeId).flatMap((spire) => spire.entries?.get(spiffeId) ?? [])
  const [first, ...others] = [...new Set(entries.map(({ x509SvidTtlSeconds }) => x509SvidTtlSeconds))]
  return first === undefined || first === null || others.length > 0 ? null : notAfter - first * 1000
}

/** /certs does not say who signed; the secret with the same serial does. */
function authorityOf(view: ForecastView, { serial }: CertificateView, { factId }: FactReference): string | null {
  const fact = view.facts.get(factId)
  if (fact?.kind === 'envoy-secret') return fact.certificate?.authorityKeyId ?? null
  if (fact?.kind !== 'envoy-certificate' || serial === null) return null
  const same = (each: EnvoySecretFact): boolean => each.certificate?.serial === serial
  return (view.secrets.get(fact.envoy) ?? []).find(same)?.certificate?.authorityKeyId ?? null
}
