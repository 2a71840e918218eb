import { parseArgs } from 'node:util'
import type { RefusalGroup, RefusalGroups } from '../../shared/domain/diagnosis/refusals/model.ts'
import { endName, refusalKindLabels, refusalWhy } from '../../shared/words/diagnosis-refusals.ts'
import { countOf, formatMoment } from '../../shared/words/durations.ts'
import { notAskedSentences } from '../../shared/words/refused.ts'
import { type Command, UsageError } from './command.ts'
import { commonHelp, commonOptions, numberOf, onLogs } from './logs.ts'
import { columns, jsonText, plainText } from './text.ts'

export const diagnoseRefusals: Command = {
  name: 'diagnose refusals',
  usage: `everyhop diagnose refusals --env <name> [--minutes <number>] [--limit <number>] [--at <time>] [--json]

What was refused lately, by whom and why, in groups of requests that were refused alike: by the policy, for want of a decision,
by another filter of Envoy, by the service itself, or by a Vault. "everyhop diagnose request <id>" says more of one request.

${commonHelp}
  --minutes <number>  how far back (default 15)
  --limit <number>    at most so many groups (default 100)
  --at <time>         before that time: -2h, "2h ago", 2026-11-21T03:12:07Z

Exit code 3: shown, but some logs could not be read.`,
  summary: 'what was refused lately, by whom and why',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: {
        ...commonOptions,
        limit: { type: 'string', default: '100' },
        minutes: { type: 'string', default: '15' },
        at: { type: 'string' },
      },
      allowPositionals: true,
    })
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is too much`)
    const limit = numberOf('--limit', values.limit, 1, 1000)
    const minutes = numberOf('--minutes', values.minutes, 0.1, 525_600)
    return onLogs(values, output, signal, async (client, environment, _clock, at) => {
      const answer = await client.diagnosis.refusals({ environment, at, minutes, limit }, { signal })
      output.out(values.json ? `${jsonText(answer)}\n` : refusalsText(answer, minutes))
      if (!answer.complete) output.err(`everyhop: there are more groups than ${limit}\n`)
    })
  },
}

/** The groups as a table; where there are none, since when that is known; and of whose records that is. */
export function refusalsText(answer: RefusalGroups, minutes: number): string {
  const elsewhere = notAskedSentences(answer.notAsked).map((sentence) => `${plainText(sentence)}\n`)
  return [groupsText(answer, minutes), ...elsewhere].join('')
}

function groupsText({ groups, total, from, heldSince }: RefusalGroups, minutes: number): string {
  const span = `in the last ${countOf(minutes, 'minute')}`
  if (groups.length > 0) {
    const head = ['COUNT', 'LATEST', 'FROM', 'TO', 'REFUSED BY', 'STATUS', 'WHY', 'REQUEST']
    return `${countOf(total, 'refused request')} ${span}\n${columns([head, ...groups.map(rowOf)])}`
  }
  if (heldSince === null) return `No log record is held: whether anything was refused ${span} is not known.\n`
  const since = heldSince > from ? `; nothing older than ${formatMoment(heldSince)} is held` : ''
  return `No refused request is held ${span}${since}.\n`
}

function rowOf(group: RefusalGroup): readonly string[] {
  const { count, latest, from, to, kind, status } = group
  return [
    String(count),
    formatMoment(latest.at),
    endName(from),
    endName(to),
    refusalKindLabels[kind],
    status === null ? 'not known' : String(status),
    refusalWhy(group),
    latest.requestId ?? latest.decisionId ?? '-',
  ]
}
