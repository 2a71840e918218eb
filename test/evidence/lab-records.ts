import { readFile } from 'node:fs/promises'
import type { Period } from '../../shared/domain/evidence/model.ts'
import type { Lab } from '../lab/lab.ts'
import type { LabPlan } from '../lab/plan.ts'
import { spireFiles } from '../lab/spire/config.ts'

/**
 * What the lab's own logs say of a period, counted here from the files, never through Everyhop: what evidence is held against.
 * Lines are parsed as loosely as can be, so that nothing is shared with the intake that is tested.
 */
export interface LabRecords {
  readonly decisions: number
  readonly denied: number
  readonly vaultLines: number
  /** Requests, not lines. */
  readonly vaultDenied: number
  readonly spireLines: number
  readonly integrityEvents: number
  readonly integrityFailed: number
  /** Requests that would run something, and those of them that admission refused or noted. */
  readonly reviews: number
  readonly violations: number
}

type Json = Readonly<Record<string, unknown>>

export async function labRecords(lab: Pick<Lab, 'plan' | 'cluster' | 'vault'>, period: Period): Promise<LabRecords> {
  const decisions = await decisionsOf(lab.plan, period)
  const vault = lab.vault === null ? [] : await linesOf(lab.vault.files.auditLog, ({ time }) => time, period)
  const spire = (await linesOf(spireFiles(lab.plan).serverLog, ({ time }) => time, period)).filter(
    ({ type }) => type === 'audit',
  )
  const integrity = await linesOf(
    lab.plan.files.integrityLog,
    ({ time, at, timestamp }) => time ?? at ?? timestamp,
    period,
  )
  const audit = lab.cluster === null ? { reviews: 0, violations: 0 } : await auditOf(lab.cluster.files.auditLog, period)
  const deniedRequests = vault
    .filter(
      ({ type, error }) => type === 'response' && typeof error === 'string' && error.includes('permission denied'),
    )
    .map(({ request }) => objectOf(request)['id'])
  return {
    decisions: decisions.length,
    denied: decisions.filter(({ result }) => objectOf(result)['allowed'] === false).length,
    vaultLines: vault.length,
    vaultDenied: new Set(deniedRequests).size,
    spireLines: spire.length,
    integrityEvents: integrity.length,
    integrityFailed: integrity.filter(({ outcome }) => outcome === 'failed').length,
    ...audit,
  }
}

/** Decisions that the access logs of a period name, and that no OPA has handed over yet. */
export async function decisionsNotTold(plan: LabPlan, period: Period): Promise<readonly unknown[]> {
  const ever = await decisionsOf(plan, { from: 0, to: Number.POSITIVE_INFINITY })
  const told = new Set(ever.map((decision) => decision['decision_id']))
  const accesses = await Promise.all(plan.stages.map(({ accessLog }) => linesOf(accessLog, ({ ts }) => ts, period)))
  return accesses
    .flat()
    .flatMap(({ direction, decision_id: id }) =>
      direction !== 'inbound' || typeof id !== 'string' || told.has(id) ? [] : [id],
    )
}

async function decisionsOf(plan: LabPlan, period: Period): Promise<readonly Json[]> {
  const all = await Promise.all(
    plan.opas.map(({ decisionLog }) => linesOf(decisionLog, (each) => each['timestamp'], period)),
  )
  return all.flat()
}

async function auditOf(file: string, period: Period): Promise<Pick<LabRecords, 'reviews' | 'violations'>> {
  const events = await linesOf(file, ({ requestReceivedTimestamp }) => requestReceivedTimestamp, period)
  const reviews = events.filter((event) => {
    const { resource, subresource } = objectOf(event['objectRef'])
    const isPod = resource === 'pods' && (subresource === undefined || subresource === 'ephemeralcontainers')
    const isWorkload = ['deployments', 'replicasets', 'daemonsets', 'statefulsets', 'jobs', 'cronjobs'].includes(
      `${resource}`,
    )
    return (
      ['create', 'update', 'patch'].includes(`${event['verb']}`) && (isPod || (isWorkload && subresource === undefined))
    )
  })
  const violations = reviews.filter((event) => {
    const notes = Object.keys(objectOf(event['annotations']))
    const { code } = objectOf(event['responseStatus'])
    return code === 422 || notes.some((note) => note.includes('validation_failure'))
  })
  return { reviews: reviews.length, violations: violations.length }
}

async function linesOf(file: string, timeOf: (line: Json) => unknown, { from, to }: Period): Promise<readonly Json[]> {
  const text = await readFile(file, 'utf8')
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = objectOf(JSON.parse(line))
      const time = timeOf(parsed)
      const at = typeof time === 'number' ? time : Date.parse(`${String(time)}`)
      return at >= from && at < to ? [parsed] : []
    } catch {
      return []
    }
  })
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
