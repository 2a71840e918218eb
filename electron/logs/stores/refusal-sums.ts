import {
  type RefusalSum,
  type RefusalSumQuery,
  type RefusalSums,
  refusedStatuses,
  type StoredAccess,
  type StoredDecision,
  type StoredRecord,
  type StoredVaultAudit,
} from '../../core/log-store.ts'

/** One refusal as the logs tell it. `request` is what it is counted once by; null: by itself. */
type Refusal = Omit<RefusalSum, 'count' | 'first'> & { readonly request: string | null }

/**
 * The sums of some records; embedded/refusal-query.ts counts alike in SQL, and the conformance suite holds both to the same.
 * @param records of the window and of a minute around it, oldest first: what explains a line may lie just outside.
 */
export function sumsOfRefusals(records: readonly StoredRecord[], { window, limit }: RefusalSumQuery): RefusalSums {
  const isWithin = ({ at }: StoredRecord): boolean => at >= window.from && at <= window.to
  const accesses = records.filter((record): record is StoredAccess => record.record === 'envoy-access')
  const decisions = records.filter(
    (record): record is StoredDecision => record.record === 'opa-decisions' && record.outcome !== 'allow',
  )
  const decisionById = new Map(decisions.map((decision) => [decision.decisionId, decision]))
  const logged = new Set(accesses.map(({ decisionId }) => decisionId).filter((id) => id !== null))
  const lines = accesses.filter(isWithin).flatMap((access) => {
    const decision = access.decisionId === null ? undefined : decisionById.get(access.decisionId)
    return refusalOf(access, decision) ?? []
  })
  const givenUp = new Set(lines.filter(({ kind }) => kind === 'no-decision').map(hopOf))
  const alone = decisions
    .filter((decision) => isWithin(decision) && (decision.decisionId === null || !logged.has(decision.decisionId)))
    .map(refusalByDecision)
    // Envoy did not wait for it: that the decision came later refused nothing.
    .filter((refusal) => hopOf(refusal) === null || !givenUp.has(hopOf(refusal)))
  const decisive = [...lines.filter(({ kind }) => !isHandedOn(kind)), ...alone]
  const told = new Set(decisive.map(({ latest }) => latest.requestId).filter((id) => id !== null))
  const handedOn = lastOfEach(
    lines.filter(({ kind, latest }) => isHandedOn(kind) && (latest.requestId === null || !told.has(latest.requestId))),
  )
  const byVault = records
    .filter((record): record is StoredVaultAudit => record.record === 'vault-audit' && record.outcome === 'denied')
    .filter(isWithin)
    .map(refusalByVault)
  const sums = summed([...decisive, ...handedOn, ...byVault])
  return {
    sums: sums.slice(0, limit),
    total: sums.reduce((total, { count }) => total + count, 0),
    complete: sums.length <= limit,
  }
}

function isHandedOn(kind: RefusalSum['kind']): boolean {
  return kind === 'application' || kind === 'unknown'
}

/** One request at one called side; null: one of both is not known. */
function hopOf({ latest: { requestId }, calleeSpiffeId }: Refusal): string | null {
  return requestId === null || calleeSpiffeId === null ? null : JSON.stringify([requestId, calleeSpiffeId])
}

/** null: not refused. */
function kindOf({ authorisation, status, details, direction }: StoredAccess): RefusalSum['kind'] | null {
  if (authorisation === 'denied') return 'policy'
  if (authorisation === 'error') return 'no-decision'
  if (status === null || !refusedStatuses.includes(status)) return null
  if (details === null) return 'unknown'
  if (!details.startsWith('via_upstream')) return 'filter'
  return direction === 'inbound' ? 'application' : 'unknown'
}

function refusalOf(access: StoredAccess, decision: StoredDecision | undefined): Refusal | null {
  const kind = kindOf(access)
  if (kind === null) return null
  const { at, requestId, traceId, decisionId, source, direction, callerSpiffeId, calleeSpiffeId } = access
  const { callerAddress, calleeAddress, upstreamCluster, status, details } = access
  const refusing = isHandedOn(kind) ? undefined : decision
  return {
    kind,
    source,
    direction,
    callerSpiffeId,
    calleeSpiffeId,
    // Of one caller there may be many addresses.
    callerAddress: callerSpiffeId === null ? callerAddress : null,
    calleeAddress,
    upstreamCluster,
    status,
    details,
    reason: refusing?.reasons[0] ?? null,
    revision: refusing?.revision ?? null,
    latest: { at, requestId, traceId, decisionId },
    request: requestId ?? decisionId,
  }
}

function refusalByDecision(decision: StoredDecision): Refusal {
  const { at, requestId, traceId, decisionId, source, callerSpiffeId, calleeSpiffeId, outcome } = decision
  return {
    ...nothingLogged,
    kind: outcome === 'deny' ? 'policy' : 'no-decision',
    source,
    callerSpiffeId,
    calleeSpiffeId,
    reason: decision.reasons[0] ?? null,
    revision: decision.revision,
    latest: { at, requestId, traceId, decisionId },
    request: requestId ?? decisionId,
  }
}

function refusalByVault({ at, source, subject, remoteAddress, error, requestId }: StoredVaultAudit): Refusal {
  const callerSpiffeId = subject?.startsWith('spiffe://') === true ? subject : null
  return {
    ...nothingLogged,
    kind: 'vault',
    source,
    callerSpiffeId,
    calleeSpiffeId: null,
    callerAddress: callerSpiffeId === null ? remoteAddress : null,
    details: error,
    reason: null,
    revision: null,
    latest: { at, requestId: null, traceId: null, decisionId: null },
    // The question and the answer of one request have one id.
    request: requestId,
  }
}

const nothingLogged = {
  direction: null,
  callerAddress: null,
  calleeAddress: null,
  upstreamCluster: null,
  status: null,
  details: null,
} as const

/** Of the lines of one request the one that began last: the nearest to who refused it. */
function lastOfEach(refusals: readonly Refusal[]): readonly Refusal[] {
  const isInbound = ({ direction }: Refusal): number => (direction === 'inbound' ? 0 : 1)
  const nearest = refusals.toSorted(
    (one, other) =>
      other.latest.at - one.latest.at ||
      isInbound(one) - isInbound(other) ||
      (one.source < other.source ? -1 : one.source > other.source ? 1 : 0),
  )
  const seen = new Set<string>()
  return nearest.filter(({ latest: { requestId } }) => {
    if (requestId === null) return true
    if (seen.has(requestId)) return false
    seen.add(requestId)
    return true
  })
}

function summed(refusals: readonly Refusal[]): readonly RefusalSum[] {
  const groups = Map.groupBy(refusals, ({ latest: _latest, request: _request, ...alike }) => JSON.stringify(alike))
  return [...groups.values()]
    .flatMap((group): readonly RefusalSum[] => {
      const [some] = group
      if (some === undefined) return []
      const { request: _request, ...alike } = some
      const latest = group.reduce((last, each) => (each.latest.at > last.latest.at ? each : last)).latest
      const first = group.reduce((least, each) => Math.min(least, each.latest.at), Infinity)
      const unnamed = group.filter(({ request }) => request === null).length
      const named = new Set(group.map(({ request }) => request).filter((request) => request !== null)).size
      return [{ ...alike, count: named + unnamed, first, latest }]
    })
    .toSorted((one, other) => other.latest.at - one.latest.at)
}
