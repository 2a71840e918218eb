import type { HandshakeDiagnosis, HandshakeSide } from '../domain/diagnosis/model.ts'
import type { EpochMs } from '../domain/model/time.ts'
import {
  causeLabel,
  confidenceLabels,
  evidenceSourceText,
  handshakeRowLabels,
  handshakeRowStates,
} from './diagnosis.ts'
import { formatMoment } from './durations.ts'
import { inertBlock, inertCode, inertText } from './markdown.ts'
import { reasonSentence } from './reasons.ts'

/** A handshake's diagnosis as Markdown for a ticket. Text of logs and names stays text in it. */
export function handshakeNote(diagnosis: HandshakeDiagnosis, now: EpochMs): string {
  const { client, server, verdict, failingSince, attempts, ruledOut, open, next } = diagnosis
  const { cause, reason, confidence, because } = verdict
  const certainty =
    cause === 'unknown' ? [] : [`Confidence: ${confidenceLabels[confidence]}. ${inertText(reasonSentence(because))}`]
  return `${[
    `## Handshake ${inertText(client.name)} → ${inertText(server.name)}`,
    `As of ${formatMoment(now)}.`,
    `**${inertText(reasonSentence(reason))}**`,
    ...certainty,
    ...(failingSince === null ? [] : [`Failing since ${formatMoment(failingSince)}.`]),
    ...(attempts === null ? [] : [`Failed attempts in the window: ${attempts}.`]),
    ...sidePart('Client', client),
    ...sidePart('Server', server),
    ...listPart(
      'Ruled out',
      ruledOut.map((each) => `${causeLabel(each.cause)}: ${inertText(reasonSentence(each.reason))}`),
    ),
    ...listPart(
      'Still open',
      open.map((each) => inertText(reasonSentence(each.reason))),
    ),
    ...listPart(
      'Next',
      next.map(
        (each) =>
          `${inertText(reasonSentence(each.reason))}${each.command === null ? '' : ` ${inertCode(each.command)}`}`,
      ),
    ),
  ].join('\n\n')}\n`
}

function sidePart(role: string, { name, rows, says }: HandshakeSide): readonly string[] {
  const lines = rows.map(({ row, state, reason, evidence }) => {
    const sources = [...new Set(evidence.map(({ from }) => evidenceSourceText(from)))]
    const from = sources.length === 0 ? '' : ` (${sources.map(inertText).join('; ')})`
    return `- ${handshakeRowLabels[row]}, ${handshakeRowStates[state]}: ${inertText(reasonSentence(reason))}${from}`
  })
  const said = says === null ? [] : [`It logged at ${formatMoment(says.at)}:`, inertBlock(says.literal)]
  return [`### ${role}: ${inertText(name)}`, lines.join('\n'), ...said]
}

function listPart(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`### ${title}`, lines.map((line) => `- ${line}`).join('\n')]
}
