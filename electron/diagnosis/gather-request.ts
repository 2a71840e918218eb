import type { RequestAsked } from '../../shared/contract/diagnosis.ts'
import type { EvidenceSource } from '../../shared/domain/diagnosis/model.ts'
import type {
  CaseAccess,
  CaseDecision,
  CaseIntegrity,
  CaseSource,
  RequestCase,
} from '../../shared/domain/diagnosis/request-case.ts'
import { restedOn } from '../../shared/domain/diagnosis/rested-on.ts'
import { sourceKinds } from '../../shared/domain/model/fact.ts'
import type { Workload } from '../../shared/domain/model/graph.ts'
import { Failure } from '../core/failure.ts'
import type { StoredAccess, StoredDecision, StoredIntegrity, StoredRecord } from '../core/log-store.ts'
import { bundleOf } from './bundle-of.ts'
import { type Ends, endsIn, loggedWorkloads, ofKind } from './ends-of.ts'
import { findAround, findRecords, findSameTrace, type RecordsOf } from './find-records.ts'
import type { DiagnosisParts, Evaluated, Reading } from './parts.ts'

/** A re-evaluation that takes longer is left out, and that is said. Milliseconds. */
const evaluatedWithinMs = 2000

/** Everything that is held of one request. Rejects with a `Failure`: `invalid` for a line that cannot be read. */
export async function gatherRequest(
  parts: DiagnosisParts,
  environment: string | null,
  asked: RequestAsked,
): Promise<RequestCase> {
  const pasted = asked.by === 'line' ? pastedLine(parts, asked.line) : null
  const reading = environment === null ? null : await parts.reading(environment)
  const found = reading === null ? nothingHeld : await recordsOf(reading, asked, pasted, parts.clock.now())
  const stored = found.records
  const endsOf: (line: StoredAccess) => Ends =
    reading === null ? () => ({ caller: null, callee: null }) : endsIn(reading)
  const details = await detailsOf(parts, reading, stored)
  const accesses = ofRecord(stored, 'envoy-access').map((line) =>
    accessOf(line, endsOf(line), details.access(line), sourceOf(line)),
  )
  if (pasted !== null && asked.by === 'line' && !stored.some((record) => isSame(record, pasted))) {
    const taken = parts.records.accessDetails(asked.line)
    accesses.push(accessOf(pasted, endsOf(pasted), taken, { kind: 'pasted' }))
  }
  const decisions = ofRecord(stored, 'opa-decisions').map((decision) =>
    decisionOf(decision, details.decision(decision)),
  )
  const evaluated = await evaluatedAgain(parts, environment, asked, decisions)
  const onTrace = await sameTrace(reading, asked, stored)
  const vault = reading === null ? { vault: [], vaultUntold: [] } : vaultDenials(reading, accesses)
  return {
    asked: asked.by === 'line' ? { by: 'line', id: pasted?.requestId ?? 'the pasted line' } : asked,
    accesses: accesses.toSorted((one, other) => one.at - other.at),
    decisions: decisions.map((decision) =>
      decision === evaluated.of
        ? { ...decision, masked: [...new Set([...decision.masked, ...evaluated.masked])] }
        : decision,
    ),
    integrity: ofRecord(stored, 'integrity-events').map(integrityOf),
    ...vault,
    graph: reading?.graph ?? null,
    now: parts.clock.now(),
    sources: sourcesOf(reading),
    evaluation: evaluated.evaluation,
    whyNotEvaluated: evaluated.whyNot,
    bundle: reading === null ? null : bundleOf(reading, evaluated.of, evaluated.live),
    logged: reading === null ? null : loggedWorkloads(reading),
    sameTrace: ofRecord(onTrace.records, 'envoy-access').map((line) => ({
      ...endsOf(line),
      direction: line.direction,
      details: line.details,
    })),
    isWhole: { records: found.isWhole, trace: onTrace.isWhole },
    facts: reading === null ? new Map() : restedOn(reading.graph, reading.facts),
  }
}

const nothingHeld: RecordsOf = { records: [], isWhole: true }

function pastedLine({ records, clock }: DiagnosisParts, line: string): StoredAccess {
  const read = records.line(line, clock.now())
  if (read.outcome === 'read') return read.access
  throw new Failure(
    'invalid',
    'line',
    `The pasted text is not a line of an Envoy’s access log that Everyhop reads: ${read.why}.`,
    'Paste one whole line: JSON, or the default text format of Envoy or Istio; docs/formats/envoy-access-log.md has both.',
  )
}

function recordsOf(
  { store }: Reading,
  asked: RequestAsked,
  pasted: StoredAccess | null,
  now: number,
): Promise<RecordsOf> {
  if (asked.by !== 'line') return findRecords(store, asked, now)
  return pasted === null ? Promise.resolve(nothingHeld) : findAround(store, pasted, now)
}

/** Where each Envoy gives an id of its own, only the trace leads from one hop to the next. */
async function sameTrace(
  reading: Reading | null,
  asked: RequestAsked,
  stored: readonly StoredRecord[],
): Promise<RecordsOf> {
  return reading === null || asked.by === 'trace' ? nothingHeld : findSameTrace(reading.store, stored)
}

/** The line that was pasted is held too, and then it is no longer only somebody's word. */
function isSame(record: StoredRecord, line: StoredAccess): boolean {
  if (record.record !== 'envoy-access' || record.at !== line.at) return false
  const own = ({ direction, requestId, decisionId, status, details, callerSpiffeId, calleeAddress }: StoredAccess) =>
    JSON.stringify([direction, requestId, decisionId, status, details, callerSpiffeId, calleeAddress])
  return own(record) === own(line)
}

type OfRecord<Kind extends StoredRecord['record']> = Extract<StoredRecord, { record: Kind }>

function ofRecord<Kind extends StoredRecord['record']>(records: readonly StoredRecord[], kind: Kind) {
  return records.filter((record): record is OfRecord<Kind> => record.record === kind)
}

type AccessDetails = ReturnType<DiagnosisParts['records']['accessDetails']>
type DecisionDetails = ReturnType<DiagnosisParts['records']['decisionDetails']>

/** What the columns of the store lack, of the records themselves; of one that is gone nothing. */
async function detailsOf({ records }: DiagnosisParts, reading: Reading | null, stored: readonly StoredRecord[]) {
  const texts = new Map<StoredRecord, string>()
  await Promise.all(
    stored.map(async (record) => {
      if (reading === null || (record.record !== 'envoy-access' && record.record !== 'opa-decisions')) return
      const raw = await reading.store.raw(record)
      if (raw.outcome === 'found') texts.set(record, raw.text)
    }),
  )
  return {
    access: (record: StoredAccess): AccessDetails => records.accessDetails(texts.get(record) ?? ''),
    decision: (record: StoredDecision): DecisionDetails => records.decisionDetails(texts.get(record) ?? ''),
  }
}

function sourceOf({ record, source, at, requestId, decisionId }: StoredRecord): EvidenceSource {
  return { kind: 'record', record, source, at, requestId, decisionId }
}

function accessOf(line: StoredAccess, ends: Ends, details: AccessDetails, from: EvidenceSource): CaseAccess {
  const { direction, at, requestId, traceId, decisionId, method, path, status, flags, authorisation, failure } = line
  const { callerSpiffeId, calleeSpiffeId, upstreamHost } = line
  return {
    from,
    direction,
    at,
    requestId,
    traceId,
    decisionId,
    method,
    path,
    status,
    details: line.details,
    flags,
    callerSpiffeId,
    calleeSpiffeId,
    ...ends,
    authorisation,
    failure,
    upstreamHost,
    ...details,
  }
}

function decisionOf(record: StoredDecision, details: DecisionDetails): CaseDecision {
  const { at, outcome, reasons, path, revision, opaInstanceId, callerSpiffeId, calleeSpiffeId, evaluationNs } = record
  return {
    from: sourceOf(record),
    at,
    decisionId: record.decisionId ?? '',
    outcome,
    reasons,
    path,
    revision,
    opaInstanceId,
    callerSpiffeId,
    calleeSpiffeId,
    evaluationMs: evaluationNs === null ? null : evaluationNs / 1e6,
    ...details,
    // An undefined decision is an error without an `error`: the parser says so in its reasons.
    error: details.error ?? (outcome === 'error' ? { code: null, message: reasons[0] ?? null } : null),
  }
}

function integrityOf(record: StoredIntegrity): CaseIntegrity {
  const { at, stage, callerStage, type, outcome, reason } = record
  return { from: sourceOf(record), at, stage, callerStage, type, outcome, reason }
}

/** What Vault refused to the stages that were called; the diagnosis says which of it may be of this request. */
function vaultDenials(
  { graph, facts }: Reading,
  accesses: readonly CaseAccess[],
): Pick<RequestCase, 'vault' | 'vaultUntold'> {
  const called = new Set(accesses.map(({ callee }) => callee))
  const workloads = graph.workloads.filter(({ id }) => called.has(id))
  const firstOf = new Map(ofKind(facts, 'vault-denial').map(({ id, firstAt }) => [id, firstAt]))
  return {
    vault: workloads.flatMap(({ id: holder, leases }) =>
      !leases.known
        ? []
        : leases.value.denials.map(({ fact, lastAt, path, error }) => ({
            from: { kind: 'fact' as const, fact },
            holder,
            firstAt: firstOf.get(fact.factId) ?? lastAt,
            lastAt,
            path,
            error,
          })),
    ),
    vaultUntold: workloads.filter(({ leases }) => !isTold(leases)).map(({ id }) => id),
  }
}

/** Where Vault is read and nothing of the workload is found, nothing was refused it. */
function isTold(leases: Workload['leases']): boolean {
  return leases.known ? !leases.stale : ['no-lease', 'not-applicable'].includes(leases.reason.code)
}

function sourcesOf(reading: Reading | null): readonly CaseSource[] {
  const health = reading?.health ?? []
  // What it holds of this request is not known, whatever is held here.
  const isHistorySilent = reading?.elsewhere?.().some(({ silent }) => silent !== null) ?? false
  return sourceKinds.flatMap((source): readonly CaseSource[] => {
    // What people declare is no source that could tell of a request.
    if (source === 'intent') return []
    const own = health.find((each) => each.source === source)
    if (own === undefined || own.configured === 0) return [{ source, state: 'not-configured' }]
    const read = own.answering > 0 ? [{ source, state: 'read' as const }] : []
    const isSilent = own.answering < own.configured || (source === 'logs' && isHistorySilent)
    return isSilent ? [...read, { source, state: 'silent' }] : read
  })
}

/** Of the decision that was refused, the one that is asked for before others: the rest let the request pass. */
async function evaluatedAgain(
  { evaluate, clock }: DiagnosisParts,
  environment: string | null,
  asked: RequestAsked,
  decisions: readonly CaseDecision[],
): Promise<Evaluated & { readonly of: CaseDecision | null }> {
  const denials = decisions.filter(({ outcome }) => outcome === 'deny')
  const isAsked = ({ decisionId }: CaseDecision): boolean => asked.by === 'decision' && decisionId === asked.id
  const refused = denials.find(isAsked) ?? denials[0]
  if (environment === null || refused === undefined) {
    return { evaluation: null, whyNot: 'no-decision', masked: [], live: null, of: null }
  }
  const stopped = new AbortController()
  const late = new AbortController()
  let live: string | null = null
  const evaluating = evaluate(environment, refused.decisionId, stopped.signal, (revision) => {
    live = revision
  })
  // Whoever comes second is told to stop, and nobody waits for how it ends.
  evaluating.catch(() => {})
  const waiting = clock
    .sleep(evaluatedWithinMs, late.signal)
    .then((): Evaluated => ({ evaluation: null, whyNot: 'late', masked: [], live }))
  waiting.catch(() => {})
  try {
    return { ...(await Promise.race([evaluating, waiting])), of: refused }
  } finally {
    late.abort()
    stopped.abort()
  }
}
