import { mergedGaps } from '../../../shared/domain/evidence/gaps.ts'
import { createTally } from '../../../shared/domain/evidence/growth.ts'
import { verdictAction } from '../../core/journal.ts'
import { artefactOf, limitation } from './artefact-of.ts'
import { journalLine } from './journal-lines.ts'
import { walkSealed } from './sealed-lines.ts'

/** Verdicts of diagnoses that somebody asked for in the period, as the journal kept them. */
export const diagnoses = artefactOf('diagnoses', false, async (making) => {
  const { sources, to } = making
  const tally = createTally<{ kind: string; cause: string; confidence: string }>()
  const walked = await walkSealed(making, 'journal', (line) => {
    if (!line.line.includes(verdictAction)) return 'leaf'
    const entry = journalLine(line)
    if (entry === null || entry.action !== verdictAction || entry.environment !== sources.environment) return 'leaf'
    const { kind, cause, confidence } = entry.details
    tally.add({ kind: textOf(kind), cause: textOf(cause), confidence: textOf(confidence) })
    return 'line'
  })
  for (const { kind, cause, confidence, count } of tally.lines()) {
    await to.row('counts', ['kind', 'cause', 'confidence', 'verdicts'], [kind, cause, confidence, count])
  }
  const check = await sources.journal.verify()
  return {
    asked: [{ source: 'everyhop', instance: 'journal', asked: verdictAction }],
    population: {
      count: walked.taken,
      method: making.isPlan ? 'method.estimated' : 'method.journal',
      control: null,
      // Whether they were verdicts is not known any more.
      dropped: {
        ...(walked.gone > 0 ? { 'everyhop.retention': walked.gone } : {}),
        ...(walked.changed > 0 ? { 'everyhop.changed-after-sealing': walked.changed } : {}),
      },
      expected: 1,
      reporting: check.intact ? 1 : 0,
      gaps: mergedGaps(walked.lost),
    },
    limitations: [limitation('diagnosed-on-demand')],
    // That nobody asked shows nothing, neither good nor bad.
    notEvaluated: walked.taken + walked.gone + walked.lost.length === 0 ? limitation('result.nobody-asked') : null,
    ...(making.isPlan ? { records: null } : {}),
  }
})

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown'
}
