import { z } from 'zod'
import { createTally } from '../../../shared/domain/evidence/growth.ts'
import type { Population } from '../../../shared/domain/evidence/model.ts'
import {
  type IssuedSvid,
  issuanceDeviation,
  issuanceKind,
  knownEntries,
  type SeenSvid,
  svidsWithoutIssuance,
} from '../../../shared/domain/evidence/svid-issuance.ts'
import type { Certificate } from '../../../shared/domain/model/envoy-facts.ts'
import { artefactOf, controlTotal, limitation, type Making, timeText } from './artefact-of.ts'
import { factSpans } from './fact-spans.ts'
import { gapsOf, isWatched, logEmitters, madeOfLog } from './log-population.ts'
import { walkSealed } from './sealed-lines.ts'

/** Seconds since 1970, or a time; SPIRE writes either, by method. */
const ending = z.object({ expires_at: z.union([z.number(), z.string()]).optional().catch(undefined) })

/** Every audited call of the SPIRE servers, what was issued to whom, and SVIDs in use of which no line tells the issuance. */
export const svidIssuance = artefactOf('svid-issuance', true, async (making) => {
  const { sources, period, to } = making
  const emitters = logEmitters(sources, period, 'spire-audit')
  const unread = gapsOf(
    sources,
    period,
    ({ source, what }) => source === 'spire' && /^(connection|registration-entries|server|identity)$/.test(what),
  )
  const entrySpans = factSpans(sources.history, period, 'registration-entry')
  const recordedFrom = sources.history.state().from
  const entries = knownEntries(entrySpans, (at) => {
    const isRead = !unread.some(({ from, to: end }) => from <= at && (end === null || at < end))
    return entrySpans.length > 0 && recordedFrom !== null && at >= recordedFrom && isRead && isWatched(unread, at)
  })
  const tally = createTally<{
    service: string
    method: string
    kind: string
    status: string
    deviation: string | null
  }>()
  const issued: IssuedSvid[] = []
  let notUnderstood = 0
  let unjudged = 0

  const walked = await walkSealed(making, 'spire-audit', ({ line }) => {
    const call = sources.understand('spire-audit', line)
    if (call?.record !== 'spire-audit') {
      notUnderstood += 1
      return 'line'
    }
    const kind = issuanceKind(call.method)
    const deviation = issuanceDeviation(call, entries)
    tally.add({ service: call.service, method: call.method, kind, status: call.status, deviation })
    const { subjectSpiffeId, at } = call
    if (subjectSpiffeId !== null && call.status === 'success' && (kind === 'issuance' || kind === 'mint')) {
      issued.push({ spiffeId: subjectSpiffeId, at, expiresAt: endOf(line) })
      if (kind === 'issuance' && entries.had(subjectSpiffeId, at) === null) unjudged += 1
    }
    return deviation === null ? 'line' : 'exception'
  })
  for (const counted of tally.lines()) {
    await to.line('counts', { ...counted })
    await to.row(
      'counts',
      ['service', 'method', 'kind', 'status', 'deviation', 'calls'],
      [counted.service, counted.method, counted.kind, counted.status, counted.deviation, counted.count],
    )
  }
  const seen = seenSvids(making)
  const count = walked.taken + walked.gone + walked.changed
  const control = making.isPlan || seen.length === 0 ? null : await compare(making, seen, issued, count)
  return {
    ...madeOfLog('spire-audit', period, emitters, walked, {
      method: 'method.sealed-lines',
      count,
      control,
      limitations: [
        limitation('spire-audit-off-by-default'),
        limitation('spire-no-serial'),
        limitation('spire-each-server-its-own'),
        ...(seen.length === 0 ? [limitation('no-svids-seen')] : []),
        ...(unjudged > 0 ? [limitation('entries-unknown', { calls: unjudged })] : []),
        ...(notUnderstood > 0 ? [limitation('lines-not-understood', { lines: notUnderstood })] : []),
      ],
    }),
    ...(making.isPlan ? { records: walked.taken } : {}),
  }
})

/** SVIDs that Envoys had and that became valid in the period: those of before were issued before. */
function seenSvids({ sources, period }: Making): readonly SeenSvid[] {
  const seen = new Map<string, { svid: Certificate & { readonly spiffeId: string }; readonly envoys: Set<string> }>()
  const take = (envoy: string, certificate: Certificate | null): void => {
    if (certificate === null || certificate.spiffeId === null) return
    if (certificate.notBefore < period.from || certificate.notBefore >= period.to) return
    const key = `${certificate.spiffeId}\n${certificate.serial}`
    const before = seen.get(key)
    if (before === undefined) {
      seen.set(key, { svid: { ...certificate, spiffeId: certificate.spiffeId }, envoys: new Set([envoy]) })
    } else before.envoys.add(envoy)
  }
  for (const { fact } of factSpans(sources.history, period, 'envoy-certificate')) take(fact.envoy, fact.certificate)
  for (const { fact } of factSpans(sources.history, period, 'envoy-secret')) take(fact.envoy, fact.certificate)
  return [...seen.values()].map(({ svid, envoys }) => ({
    spiffeId: svid.spiffeId,
    serial: svid.serial,
    notBefore: svid.notBefore,
    notAfter: svid.notAfter,
    envoys: [...envoys].toSorted(),
  }))
}

async function compare(
  { to }: Making,
  seen: readonly SeenSvid[],
  issued: readonly IssuedSvid[],
  count: number,
): Promise<Population['control']> {
  const without = svidsWithoutIssuance(seen, issued)
  for (const { spiffeId, serial, notBefore, notAfter, envoys } of without) {
    await to.line(
      'svids-without-issuance',
      { spiffeId, serial, notBefore: timeText(notBefore), notAfter: timeText(notAfter), envoys },
      true,
    )
  }
  return controlTotal('envoy', seen.length, without.length, count)
}

function endOf(line: string): number | null {
  try {
    const { expires_at: end } = ending.parse(JSON.parse(line))
    if (typeof end === 'number') return end * 1000
    const at = Date.parse(end ?? '')
    return Number.isNaN(at) ? null : at
  } catch {
    return null
  }
}
