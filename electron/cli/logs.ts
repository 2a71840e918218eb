import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { FoundLine, RefusedLine, SearchedElsewhere } from '../../shared/contract/logs.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { countOf, formatMoment } from '../../shared/words/durations.ts'
import { blindSpots, emptySentence, reasonsOf, whoRefused } from '../../shared/words/refused.ts'
import { sourceHealthSentence } from '../../shared/words/sources.ts'
import { recordKinds } from '../core/log-store.ts'
import type { Clock } from '../core/ports.ts'
import type { ServiceClient } from '../service/in-process.ts'
import { momentOf } from './asking-the-past.ts'
import { type Command, exitCodes, type Output, UsageError } from './command.ts'
import { liveHelp, withService } from './connection.ts'
import { readOnce } from './read-once.ts'
import { columns, jsonText, plainText } from './text.ts'

/** What all commands on logs take. */
export const commonOptions = {
  env: { type: 'string' },
  json: { type: 'boolean' },
  data: { type: 'string' },
  wait: { type: 'string', default: '20' },
  live: { type: 'boolean', default: false },
} as const

export const commonHelp = `  --env <name>      the environment; "everyhop env list" shows them
  --json            the answer as JSON
  --data <folder>   the records that "everyhop serve --data <folder>" keeps there
  --wait <seconds>  how long to wait for logs that have not been read (default 20)
${liveHelp}`

export const logsRefused: Command = {
  name: 'logs refused',
  usage: `everyhop logs refused --env <name> [--limit <number>] [--minutes <number>] [--at <time>] [--json]

The latest requests that authorisation refused, with the decision that refused them. Reads the newest lines of every log of
the environment first; a running "everyhop serve" knows more.

${commonHelp}
  --limit <number>    at most so many (default 50)
  --minutes <number>  how far back (default 60)
  --at <time>         before that time: -2h, "2h ago", 2026-11-21T03:12:07Z

Exit code 3: shown, but some logs could not be read.`,
  summary: 'the latest requests that were refused, and why',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: {
        ...commonOptions,
        limit: { type: 'string', default: '50' },
        minutes: { type: 'string', default: '60' },
        at: { type: 'string' },
      },
      allowPositionals: true,
    })
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is too much`)
    const limit = numberOf('--limit', values.limit, 1, 1000)
    const minutes = numberOf('--minutes', values.minutes, 0.1, 525_600)
    return onLogs(values, output, signal, async (client, environment, clock, at) => {
      const answer = await client.logs.refused({ environment, at, limit, minutes }, { signal })
      if (values.json) output.out(`${jsonText(answer)}\n`)
      else if (answer.requests.length > 0) output.out(tableOf(answer.requests))
      else output.out(`${emptySentence(answer, minutes)}\n`)
      if (!answer.complete) output.err(`everyhop: there are more than ${limit}\n`)
      // What the sources themselves say of their health comes at the end, for all commands on logs.
      for (const text of blindSpots(answer, null, clock.now())) output.err(`everyhop: ${plainText(text)}\n`)
    })
  },
}

export const logsFind: Command = {
  name: 'logs find',
  usage: `everyhop logs find <id> --env <name> [--by request|trace|decision] [--json]
everyhop logs find --record <kind> --env <name> [--minutes <number>] [--text <words>] [--limit <number>] [--json]

Every log record that has an id: of a request (x-request-id), of a trace, or of a decision. Without --by all three are tried.
With --record the latest records of one kind, such as audit lines of Kubernetes, which have no such id.

${commonHelp}
  --record <kind>     ${recordKinds.join(', ')}
  --minutes <number>  how far back (default 60)
  --text <words>      only records that have it in one of their columns
  --limit <number>    at most so many (default 100)

Exit code 1: no record has it. 3: some logs could not be read.`,
  summary: 'the log records of one request, trace or decision, or the latest of one kind',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: {
        ...commonOptions,
        by: { type: 'string' },
        record: { type: 'string' },
        minutes: { type: 'string', default: '60' },
        text: { type: 'string' },
        limit: { type: 'string', default: '100' },
      },
      allowPositionals: true,
    })
    if (values.record !== undefined && positionals.length === 0) return findOfKind(values, output, signal)
    const [id, ...more] = positionals
    if (id === undefined || more.length > 0) throw new UsageError('say which id, such as: logs find <id> --env lab')
    const kinds = (['request', 'trace', 'decision'] as const).filter(
      (by) => values.by === undefined || values.by === by,
    )
    if (kinds.length === 0) throw new UsageError('--by takes request, trace or decision')
    let isFound = false
    const code = await onLogs(values, output, signal, async (client, environment) => {
      const answers = await Promise.all(kinds.map((by) => client.logs.find({ environment, by, id }, { signal })))
      const records = answers.flatMap((answer) => answer.records).toSorted((one, other) => one.at - other.at)
      isFound = records.length > 0
      if (values.json) output.out(`${jsonText({ records, complete: answers.every(({ complete }) => complete) })}\n`)
      else for (const record of records) output.out(`${recordText(record)}\n`)
      for (const text of elsewhereTexts(answers.flatMap(({ elsewhere }) => elsewhere))) {
        output.err(`everyhop: ${plainText(text)}\n`)
      }
      if (!isFound) output.err(`everyhop: no record that is held has the id ${plainText(id)}\n`)
    })
    return isFound ? code : exitCodes.failed
  },
}

async function findOfKind(
  values: Parameters<typeof onLogs>[0] & {
    readonly record?: string | undefined
    readonly minutes: string
    readonly text?: string | undefined
    readonly limit: string
    readonly json?: boolean | undefined
  },
  output: Output,
  signal: AbortSignal,
): ReturnType<Command['run']> {
  const record = recordKindOf(values.record)
  const minutes = numberOf('--minutes', values.minutes, 0.1, 525_600)
  const limit = numberOf('--limit', values.limit, 1, 1000)
  const { text } = values
  let isFound = false
  const code = await onLogs(values, output, signal, async (client, environment) => {
    const asked = { environment, record, minutes, limit, ...(text === undefined ? {} : { text }) }
    const answer = await client.logs.records(asked, { signal })
    isFound = answer.records.length > 0
    if (values.json) output.out(`${jsonText(answer)}\n`)
    else for (const found of answer.records) output.out(`${recordText(found)}\n`)
    if (!answer.complete) output.err(`everyhop: there are more than ${limit}\n`)
    if (!isFound) output.err(`everyhop: no such record of the last ${minutes} minutes is held\n`)
    for (const { source, accepted, refused, sampleRefused } of answer.intake.filter((one) => one.refused > 0)) {
      const last = sampleRefused === null ? '' : `; the last: ${sampleRefused.why}: ${sampleRefused.text}`
      output.err(
        `everyhop: ${plainText(`${source}: ${refused} of ${refused + accepted} records were refused${last}`)}\n`,
      )
    }
  })
  return isFound ? code : exitCodes.failed
}

/** Throws `UsageError`. */
export function recordKindOf(text: string | undefined): (typeof recordKinds)[number] {
  const kind = recordKinds.find((one) => one === text)
  if (kind === undefined) throw new UsageError(`--record takes one of ${recordKinds.join(', ')}`)
  return kind
}

/** Reads the logs once, then does the work; what could not be read is said and makes exit code 3. */
export async function onLogs(
  values: {
    readonly env?: string | undefined
    readonly data?: string | undefined
    readonly wait: string
    readonly live: boolean
    readonly at?: string | undefined
  },
  output: Output,
  signal: AbortSignal,
  work: (client: ServiceClient, environment: string, clock: Clock, at: EpochMs | null) => Promise<void>,
): ReturnType<Command['run']> {
  const environment = values.env
  if (environment === undefined) throw new UsageError('say which environment with --env <name>')
  const wait = numberOf('--wait', values.wait, 0, 3600)
  const { at, choice } = await momentOf(values)
  return withService(
    async (client, clock) => {
      if (at === null) await readOnce(client, environment, wait * 1000, clock, signal)
      await work(client, environment, clock, at)
      // How the logs stand now says nothing of then.
      if (at !== null) return exitCodes.done
      const health = await client.environments.health({ environment }, { signal })
      const logs = health.filter(({ source }) => source === 'logs')
      const unread = logs.filter(({ answering, configured }) => answering < configured)
      for (const one of unread) output.err(`everyhop: ${plainText(sourceHealthSentence(one, clock.now()))}\n`)
      if (logs.length === 0) output.err(`everyhop: ${plainText(environment)} has no logs that could be read\n`)
      return unread.length > 0 || logs.length === 0 ? exitCodes.gaps : exitCodes.done
    },
    { ...choice, ...(values.data === undefined ? {} : { data: resolve(values.data) }), environment },
  )
}

function tableOf(requests: readonly RefusedLine[]): string {
  const head = ['TIME', 'CALLER', 'CALLEE', 'STATUS', 'REFUSED BY', 'REASONS', 'DECISION', 'REQUEST']
  const title = `${countOf(requests.length, 'refused request')}\n`
  return title + columns([head, ...requests.map(rowOf)])
}

function rowOf(request: RefusedLine): readonly string[] {
  const { at, callerSpiffeId, calleeSpiffeId, callerAddress, access, decisionId, requestId } = request
  return [
    formatMoment(at),
    callerSpiffeId ?? callerAddress ?? 'not known',
    calleeSpiffeId ?? 'not known',
    access?.status?.toString() ?? 'not known',
    whoRefused(request).short,
    reasonsOf(request),
    decisionId ?? '–',
    requestId ?? '–',
  ]
}

/** How far other keepers of logs were looked through, and which did not answer: what they hold is then unknown. */
function elsewhereTexts(elsewhere: readonly SearchedElsewhere[]): readonly string[] {
  const texts = elsewhere.map(({ source, from, to, silent }) =>
    silent === null
      ? `${source} was looked through from ${formatMoment(from)} to ${formatMoment(to)}`
      : `${source} did not answer, and what it holds is not known: ${silent}`,
  )
  return [...new Set(texts)]
}

function recordText({ at, record, source, text }: FoundLine): string {
  return plainText(`${formatMoment(at)}  ${record} of ${source}  ${text ?? 'no longer held'}`)
}

export function numberOf(option: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (!(number >= least && number <= most)) throw new UsageError(`${option} takes a number, ${least} to ${most}`)
  return number
}
