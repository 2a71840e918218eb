import { mergedGaps } from '../../../shared/domain/evidence/gaps.ts'
import { createTally } from '../../../shared/domain/evidence/growth.ts'
import type { EvidenceGap } from '../../../shared/domain/evidence/model.ts'
import { noChanges } from '../../core/journal.ts'
import { artefactOf, limitation } from './artefact-of.ts'
import { journalLine } from './journal-lines.ts'
import { walkSealed } from './sealed-lines.ts'

/** What the journal writes when something did not go as it should. */
const deviating: ReadonlySet<string> = new Set(['policy.lost-update', 'journal.torn', 'journal.unfinished'])

/** Everything that was changed through Everyhop, word for word from its journal. Entries of other environments are only leaves. */
export const actions = artefactOf('actions', false, async (making) => {
  const { sources, period, to } = making
  const tally = createTally<{ action: string; phase: string; actor: string }>()
  let damaged = 0
  const walked = await walkSealed(making, 'journal', (line) => {
    const entry = journalLine(line)
    if (entry === null) {
      damaged += 1
      return 'leaf'
    }
    // Entries without an environment are about the journal itself.
    if (entry.environment !== sources.environment && entry.environment !== '') return 'leaf'
    if (noChanges.has(entry.action)) return 'leaf'
    tally.add({ action: entry.action, phase: entry.phase, actor: entry.actor })
    return entry.phase === 'failed' || deviating.has(entry.action) ? 'exception' : 'line'
  })
  for (const { action, phase, actor, count } of tally.lines()) {
    await to.row('counts', ['action', 'phase', 'actor', 'entries'], [action, phase, actor, count])
  }
  const check = await sources.journal.verify()
  const gaps: EvidenceGap[] = [...mergedGaps(walked.lost)]
  if (!check.intact) {
    gaps.push({
      source: 'everyhop/journal',
      from: period.from,
      to: period.to,
      why: 'refused',
      detail: check.problem === null ? '' : `${check.problem.number}: ${check.problem.message}`,
    })
  }
  return {
    asked: [{ source: 'everyhop', instance: 'journal', asked: `entries of ${sources.environment}` }],
    population: {
      count: walked.taken + walked.gone + walked.changed,
      method: making.isPlan ? 'method.estimated' : 'method.journal',
      control: null,
      dropped: {
        ...(walked.gone > 0 ? { 'everyhop.retention': walked.gone } : {}),
        ...(walked.changed > 0 ? { 'everyhop.changed-after-sealing': walked.changed } : {}),
        ...(damaged > 0 ? { 'everyhop.journal-damaged': damaged } : {}),
      },
      expected: 1,
      reporting: check.intact ? 1 : 0,
      gaps,
    },
    limitations: [
      limitation('only-through-everyhop'),
      limitation('actor-is-account'),
      ...(walked.changed > 0 ? [limitation('lines-changed', { lines: walked.changed })] : []),
    ],
    notEvaluated: null,
    ...(making.isPlan ? { records: null } : {}),
  }
})
