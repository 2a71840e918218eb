import { parseArgs } from 'node:util'
import type { GraphDifference } from '../../shared/domain/history/model.ts'
import { countOf, formatDuration, formatMoment } from '../../shared/words/durations.ts'
import { changeSentence, directionTitle, notComparableSentence } from '../../shared/words/history-changes.ts'
import { watchGapSentence } from '../../shared/words/moments.ts'
import { momentOf } from './asking-the-past.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { withService } from './connection.ts'
import { momentHelp, parseMoment } from './moment.ts'
import { readOnce } from './read-once.ts'
import { columns, jsonText, plainText } from './text.ts'

const waitMs = 20_000

export const graphDiff: Command = {
  name: 'graph diff',
  usage: `everyhop graph diff --env <name> --from <time> [--to <time>] [--json]

What differs between two recorded times: what got worse, what got better, what else changed and since when; and what cannot be
compared because one of the times lacks it. Without --to: until now.

  --env <name>      the environment; "everyhop env list" shows them
  --json            the answer as JSON

${momentHelp}
Exit code 3: compared, but there are gaps between, or one of the times lacks a source.`,
  summary: 'what got worse, better or changed between two times',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: {
        env: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    })
    const environment = values.env
    if (environment === undefined) throw new UsageError('say which environment with --env <name>')
    if (values.from === undefined) throw new UsageError('say since when with --from <time>')
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is too much`)
    const { at: from, choice } = await momentOf({ at: values.from }, '--from')
    const { systemClock } = await import('../platform/clock.ts')
    const to = values.to === undefined ? null : parseMoment(values.to, systemClock.now(), '--to')
    return withService(
      async (client, clock) => {
        // What is so now is known when everything was read.
        if (to === null) await readOnce(client, environment, waitMs, clock, signal)
        const difference = await client.history.difference({ environment, from, to }, { signal })
        output.out(values.json ? `${jsonText(difference)}\n` : differenceText(difference, environment, clock.now()))
        const isWhole = difference.gaps.length === 0 && difference.notComparable.length === 0
        return isWhole ? exitCodes.done : exitCodes.gaps
      },
      { ...choice, environment },
    )
  },
}

const directions = ['worse', 'better', 'changed'] as const

export function differenceText(difference: GraphDifference, environment: string, now: number): string {
  const { from, to, changes, notComparable, gaps } = difference
  const length = formatDuration(Math.abs(to - from))
  const sections = [
    `${plainText(environment)} from ${formatMoment(from)} to ${formatMoment(to)}: ${countOf(changes.length, 'change')} in ${length}\n`,
  ]
  for (const direction of directions) {
    const own = changes.filter((change) => change.direction === direction)
    if (own.length === 0) continue
    const rows = own.map((change) => [
      `  ${change.name}`,
      changeSentence(change),
      change.at === null ? '' : formatMoment(change.at),
    ])
    sections.push(`${directionTitle(direction)} (${own.length})\n${columns(rows)}`)
  }
  const told = [
    ...notComparable.map((each) => notComparableSentence(each, difference)),
    ...gaps.map((gap) => `nothing was watched: ${watchGapSentence(gap, now)}`),
  ]
  if (told.length > 0) sections.push(`Not comparable\n${told.map((sentence) => `  ${plainText(sentence)}\n`).join('')}`)
  return sections.join('\n')
}
