import type { NoIdentityDiagnosis } from '../domain/diagnosis/no-identity/model.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { confidenceLabels } from './diagnosis.ts'
import { formatMoment } from './durations.ts'
import { inertBlock, inertCode, inertText } from './markdown.ts'
import { reasonSentence } from './reasons.ts'

/** Why a workload has no identity, as Markdown for a ticket. Names and labels stay text in it. */
export function identityNote(diagnosis: NoIdentityDiagnosis, now: EpochMs): string {
  const { subject, verdict, candidates, correction, open } = diagnosis
  const certainty =
    verdict.cause === 'unknown'
      ? []
      : [`Confidence: ${confidenceLabels[verdict.confidence]}. ${inertText(reasonSentence(verdict.because))}`]
  const near = candidates.map(({ kind, name, criteria }) => {
    const unmet = criteria.filter(({ state }) => state !== 'met')
    const lacks = unmet.map(
      ({ want, have, state }) =>
        `wants ${inertCode(want)}, has ${have === null ? (state === 'unknown' ? 'not known' : 'nothing') : inertCode(have)}`,
    )
    return `- ${kind} ${inertCode(name)}${lacks.length === 0 ? '' : `: ${lacks.join('; ')}`}`
  })
  return `${[
    `## Identity of ${inertText(subject.name)}`,
    `As of ${formatMoment(now)}.`,
    `**${inertText(reasonSentence(verdict.reason))}**`,
    ...certainty,
    ...(near.length === 0 ? [] : ['### What comes near', near.join('\n')]),
    ...(correction === null ? [] : ['### What would fit', inertBlock(correction.text)]),
    ...(open.length === 0
      ? []
      : ['### Still open', open.map(({ reason }) => `- ${inertText(reasonSentence(reason))}`).join('\n')]),
  ].join('\n\n')}\n`
}
