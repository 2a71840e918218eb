import type { Forecast, ForecastAgent, ForecastIdentity } from '../../../../shared/domain/diagnosis/forecast/model.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { authorityLabels } from '../../../../shared/words/diagnosis-forecast.ts'
import { formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { shortSentence } from '../short.ts'
import { type Place, type Scale, scaleOf } from './scale.ts'

export type ValidityTone = 'ok' | 'warn' | 'fail' | 'unknown'

/** One line of the drawing: from when to when it holds, and in words what that means. */
export interface ValidityRow {
  readonly key: string
  readonly kind: 'authority' | 'leaf' | 'agent'
  readonly label: string
  readonly tone: ValidityTone
  /** null: its dates are not known, and nothing is drawn. */
  readonly bar: ReturnType<Scale['bar']>
  /** Of an agent: from when on nothing came of it, up to now. */
  readonly silent: { readonly from: Place; readonly to: Place } | null
  readonly words: string
}

export interface Validity {
  readonly rows: readonly ValidityRow[]
  readonly ticks: Scale['ticks']
  readonly now: { readonly at: Place; readonly text: string }
  /** The first that fails after now; null: none is known to. */
  readonly next: { readonly at: Place; readonly text: string } | null
}

/** Bars of the SVIDs of some workloads, the authorities that signed them and the agents that deliver them. Null: no date is known. */
export function validityOf(forecast: Forecast, of: ReadonlySet<string>): Validity | null {
  const { at: now } = forecast
  const identities = forecast.identities.filter(({ workload }) => of.has(workload)).slice(0, mostLeaves)
  const dates = identities
    .flatMap(({ svid, failsAt }) => [...(svid.known ? [svid.value.notBefore, svid.value.notAfter] : []), failsAt])
    .filter((date) => date !== null)
  if (dates.length === 0) return null
  const scale = scaleOf(Math.min(now, ...dates), Math.max(now, ...dates))
  const signing = new Set(identities.flatMap(({ authority }) => (authority === null ? [] : [authority])))
  const agents = new Map(identities.flatMap(({ agent }) => (agent === null ? [] : [[agent.id, agent] as const])))
  const failing = identities.map(({ failsAt }) => failsAt).filter((at) => at !== null && at > now)
  const next = failing.reduce((soonest, at) => (soonest === null || (at !== null && at < soonest) ? at : soonest), null)
  return {
    rows: [
      ...forecast.authorities.filter(({ key }) => signing.has(key)).map((each) => authorityRow(each, now, scale)),
      ...identities.map((each) => leafRow(each, now, scale)),
      ...[...agents.values()].map((each) => agentRow(each, now, scale)),
    ],
    ticks: scale.ticks,
    now: { at: scale.place(now), text: `now ${formatClock(now)}` },
    next: next === null ? null : { at: scale.place(next), text: `next to fail ${formatClock(next, now)}` },
  }
}

const mostLeaves = 12

function authorityRow(
  { key, trustDomain, state, notBefore, notAfter }: Forecast['authorities'][number],
  now: EpochMs,
  scale: Scale,
): ValidityRow {
  const isOver = notAfter !== null && notAfter <= now
  const ends =
    notAfter === null ? 'its end is not known' : `${isOver ? 'ended' : 'valid to'} ${formatClock(notAfter, now)}`
  return {
    key: `authority/${key}`,
    kind: 'authority',
    label: `Authority ${key.slice(0, 8)}… of ${trustDomain}`,
    tone: isOver || state === 'tainted' || state === 'revoked' ? 'fail' : notAfter === null ? 'unknown' : 'ok',
    bar: scale.bar(notBefore, notAfter),
    silent: null,
    words: `${authorityLabels[state]}, ${ends}`,
  }
}

const rotations: Readonly<
  Record<ForecastIdentity['rotation']['state'], { readonly tone: ValidityTone; readonly words: string }>
> = {
  'on-course': { tone: 'ok', words: '' },
  overdue: { tone: 'warn', words: ', its renewal is overdue' },
  stopped: { tone: 'warn', words: ', it will not be renewed' },
  expired: { tone: 'fail', words: ', not replaced' },
  unknown: { tone: 'unknown', words: ', whether it is renewed is not known' },
}

function leafRow(
  { workload, name, svid, rotation, failsAt }: ForecastIdentity,
  now: EpochMs,
  scale: Scale,
): ValidityRow {
  const dates = svid.known ? svid.value : { notBefore: null, notAfter: null }
  const end = dates.notAfter ?? failsAt
  const until =
    end === null ? 'its dates are not known' : `${end <= now ? 'expired' : 'valid to'} ${formatClock(end, now)}`
  const { tone, words } = rotations[rotation.state]
  return {
    key: `leaf/${workload}`,
    kind: 'leaf',
    label: `SVID of ${name}`,
    tone,
    bar: scale.bar(dates.notBefore, dates.notAfter),
    silent: null,
    words: `${until}${words}`,
  }
}

function agentRow(
  { id, name, state, lastIssued, svidNotAfter }: ForecastAgent,
  now: EpochMs,
  scale: Scale,
): ValidityRow {
  const last = lastIssued.known ? lastIssued.value : null
  const own = svidNotAfter.known ? ` ${formatClock(svidNotAfter.value, now)}` : ''
  const words: Readonly<Record<ForecastAgent['state'], string>> = {
    renewing: `renews${own === '' ? '' : `, its own SVID is valid to${own}`}`,
    silent: 'silent',
    expired: `its own SVID expired${own}`,
    banned: 'banned',
    gone: 'SPIRE does not list it any more',
    unknown: 'how it fares is not known',
  }
  const silentSince = state === 'renewing' ? null : last
  const since =
    silentSince === null
      ? ''
      : `, last delivered ${formatClock(silentSince, now)}, ${formatDuration(now - silentSince)} ago`
  return {
    key: `agent/${id}`,
    kind: 'agent',
    label: `Agent ${shortSentence(name, now)}`,
    tone: state === 'renewing' ? 'ok' : state === 'unknown' ? 'unknown' : 'fail',
    bar: last === null ? null : scale.bar(null, silentSince ?? now),
    silent: silentSince === null ? null : { from: scale.place(silentSince), to: scale.place(now) },
    words: `${words[state]}${since}`,
  }
}
