import { createTally } from '../../../shared/domain/evidence/growth.ts'
import { artefactOf, limitation, type Making, timeText } from './artefact-of.ts'
import { logEmitters, madeOfLog } from './log-population.ts'
import { walkSealed } from './sealed-lines.ts'

/** Outcomes of docs/formats/integrity-event.md that are not good. */
const violations: ReadonlySet<string> = new Set(['failed', 'missing', 'lost'])
/** Events of the history that are read for unexpected calls. */
const mostEvents = 100_000
/** A change is written down so much later than it happened, on a busy machine. Milliseconds. */
const justMs = 60_000

/** Every verification that stages made of each other, and calls that nobody intends or that name another than they come from. */
export const pipelineIntegrity = artefactOf('pipeline-integrity', true, async (making) => {
  const { sources, period, to } = making
  const emitters = logEmitters(sources, period, 'integrity-events')
  const tally = createTally<{
    callerStage: string
    stage: string
    type: string
    outcome: string
    reason: string | null
  }>()
  let notUnderstood = 0
  const walked = await walkSealed(making, 'integrity-events', ({ line }) => {
    const event = sources.understand('integrity-events', line)
    if (event?.record !== 'integrity-events') {
      notUnderstood += 1
      return 'line'
    }
    const { callerStage, stage, type, outcome, reason } = event
    tally.add({ callerStage, stage, type, outcome, reason })
    return violations.has(outcome) ? 'exception' : 'line'
  })
  for (const counted of tally.lines()) {
    await to.line('counts', { ...counted })
    await to.row(
      'counts',
      ['caller stage', 'stage', 'type', 'outcome', 'reason', 'events'],
      [counted.callerStage, counted.stage, counted.type, counted.outcome, counted.reason, counted.count],
    )
  }
  const { events, complete } = sources.history.events(period, mostEvents)
  const told = new Set<string>()
  for (const { number, at, learntAt, change } of events) {
    const what = unexpected(change.aspect, change.to, change.direction)
    if (what === null) continue
    const record = {
      what,
      hop: change.element.id,
      name: change.name,
      from: change.from,
      to: change.to,
      at: timeText(at),
      learntAt: timeText(learntAt),
      historyEvent: number,
    }
    await to.line('unexpected-hops', record, true)
    told.add(change.element.id)
  }
  await writeOfGraphs(making, told)
  const end = sources.history.state().to
  return {
    ...madeOfLog('integrity-events', period, emitters, walked, {
      method: 'method.sealed-lines',
      count: walked.taken + walked.gone + walked.changed,
      limitations: [
        limitation('integrity-as-stages-tell'),
        limitation('integrity-no-control'),
        ...(end !== null && period.to > end - justMs ? [limitation('events-come-later')] : []),
        ...(complete ? [] : [limitation('events-cut', { events: mostEvents })]),
        ...(notUnderstood > 0 ? [limitation('lines-not-understood', { lines: notUnderstood })] : []),
      ],
    }),
    ...(making.isPlan ? { records: walked.taken } : {}),
  }
})

/**
 * Calls that went against intent.yaml already when the period began, of which no change tells; and at its end, of which the change is
 * perhaps not written down yet.
 */
async function writeOfGraphs({ sources, period, to, isPlan }: Making, told: Set<string>): Promise<void> {
  if (isPlan) return
  for (const at of [period.from, Math.min(period.to, sources.history.state().to ?? period.to)]) {
    const graph = await sources.graphAt(at)
    const names = new Map((graph?.workloads ?? []).map(({ id, name }) => [id, name]))
    for (const { id, from, to: callee, deviation } of graph?.hops ?? []) {
      if (deviation === null || told.has(id)) continue
      told.add(id)
      const record = {
        what: 'unexpected-call',
        hop: id,
        name: `${names.get(from) ?? from} → ${names.get(callee) ?? callee}`,
        from: null,
        to: deviation.code,
        at: null,
        learntAt: timeText(at),
        historyEvent: null,
      }
      await to.line('unexpected-hops', record, true)
    }
  }
}

/** A call that intent.yaml does not lead to, a stage that was passed by included; or a sender that says to be another. */
function unexpected(aspect: string, to: string | null, direction: string): string | null {
  if (aspect === 'deviation' && to !== null && direction === 'worse') return 'unexpected-call'
  return aspect === 'identityClaim' && to === 'contradicted' ? 'contradicted-identity' : null
}
