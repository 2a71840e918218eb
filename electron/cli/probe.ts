import type { ProbeInput } from '../../shared/contract/diagnosis.ts'
import type { HandshakeProbe } from '../../shared/domain/diagnosis/handshake/probe.ts'
import { handshakeRowLabels, handshakeRowStates } from '../../shared/words/diagnosis.ts'
import { formatMoment } from '../../shared/words/durations.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import type { ServiceClient } from '../service/in-process.ts'
import { UsageError } from './command.ts'
import { columns, plainText } from './text.ts'

/** What is allowed for the moment is the probe: change mode is off again afterwards, unless somebody had turned it on. */
export async function probed(
  client: ServiceClient,
  input: ProbeInput,
  typed: string | null,
  signal: AbortSignal,
): Promise<HandshakeProbe> {
  const { environment } = input
  const mode = await client.changes.mode({ environment }, { signal })
  if (mode.production && typed !== environment) {
    throw new UsageError(`${environment} is production: say --confirm ${environment} as well`)
  }
  if (mode.until === null) await client.changes.enable({ environment, minutes: 1, typed }, { signal })
  try {
    return await client.diagnosis.probe(input, { signal })
  } finally {
    if (mode.until === null) await client.changes.disable({ environment })
  }
}

export function probeText(probe: HandshakeProbe): string {
  const { at, target, presentedAs, reason, literal, chain, findings } = probe
  const head = [
    ['Where', `${target}, ${formatMoment(at)}`],
    ['Presented', presentedAs ?? 'no client certificate'],
    ['Outcome', reasonSentence(reason), ...(literal === null ? [] : [`“${literal}”`])],
    ...chain.map(({ spiffeId, serial, notAfter }, place) => [
      place === 0 ? 'Leaf' : 'Above it',
      spiffeId ?? 'no SPIFFE ID',
      `serial ${serial ?? 'not known'}`,
      notAfter === null ? '' : `to ${formatMoment(notAfter)}`,
    ]),
  ]
  const rows = findings.map(({ row, state, reason: why }) => [
    row === 'leaf' ? 'Presented and loaded' : handshakeRowLabels[row],
    handshakeRowStates[state],
    reasonSentence(why),
  ])
  const lines = `${columns(head)}${columns(rows)}`.split('\n').filter((line) => line !== '')
  return `\n${plainText('Live handshake')}\n${lines.map((line) => `  ${line}\n`).join('')}`
}
