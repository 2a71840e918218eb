import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { PastPart } from '../../shared/contract/graph.ts'
import type { Hop, TrustGraph, Workload } from '../../shared/domain/model/graph.ts'
import { countOf, formatMoment } from '../../shared/words/durations.ts'
import { filterHelp, filterProblemSentence } from '../../shared/words/filter.ts'
import { recordedWords, watchGapSentence } from '../../shared/words/moments.ts'
import { sourceHealthSentence } from '../../shared/words/sources.ts'
import type { ServiceClient } from '../service/in-process.ts'
import { momentOf } from './asking-the-past.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { liveHelp, withService } from './connection.ts'
import { documentOf } from './document.ts'
import { mermaidOf } from './graph-mermaid.ts'
import { tableOf } from './graph-table.ts'
import { momentHelp } from './moment.ts'
import { readOnce } from './read-once.ts'
import { jsonPieces, plainText } from './text.ts'

const usage = `everyhop graph show --env <name> [--json | --mermaid | --table] [--filter <words>] [--at <time>] [--wait <seconds>] [--live]
everyhop graph show --snapshot <file> [--json | --mermaid | --table] [--filter <words>]

Shows the trust graph of the Everyhop that runs; when none does, after reading every source of the environment once. With --at
the graph as it was then, of what was recorded; with --snapshot that of a file which "everyhop graph save" or the window wrote.

  --env <name>      the environment; "everyhop env list" shows them. playground: the demonstration pipeline, started for the
                    moment when none runs
  --table           text for a terminal (the default)
  --json            a document; "everyhop schema graph" describes it
  --mermaid         a Mermaid flowchart
  --filter <words>  only what matches; all words must hold:
${filterHelp.map(({ example, meaning }) => `                      ${example.padEnd(18)} ${meaning}`).join('\n')}
  --at <time>       what was known then
  --snapshot <file> of a file: no server is asked anything
  --wait <seconds>  how long to wait for sources that have not answered (default 20)
${liveHelp}

${momentHelp}
Exit code 3: shown, but something could not be read, or nobody watched then.`

export const graphShow: Command = {
  name: 'graph show',
  usage,
  summary: 'the trust graph: workloads, hops, and what is not known',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: {
        env: { type: 'string' },
        json: { type: 'boolean' },
        mermaid: { type: 'boolean' },
        table: { type: 'boolean' },
        filter: { type: 'string', default: '' },
        at: { type: 'string' },
        snapshot: { type: 'string' },
        wait: { type: 'string', default: '20' },
        live: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    })
    const { env, snapshot, filter } = values
    if (snapshot !== undefined && (env !== undefined || values.at !== undefined || values.live)) {
      throw new UsageError('--snapshot is of one environment and one time: leave --env, --at and --live')
    }
    if (env === undefined && snapshot === undefined) throw new UsageError('say which environment with --env <name>')
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is too much`)
    if ([values.json, values.mermaid, values.table].filter(Boolean).length > 1) {
      throw new UsageError('choose one of --json, --mermaid and --table')
    }
    const wait = Number(values.wait)
    if (!(wait >= 0 && wait <= 3600)) throw new UsageError('--wait takes seconds, 0 to 3600')
    const form = values.json ? 'json' : values.mermaid ? 'mermaid' : 'table'
    const { at, choice } = await momentOf(values)

    return withService(
      async (client, clock) => {
        const opened = snapshot === undefined ? null : await client.history.openSnapshot({ file: resolve(snapshot) })
        const environment = opened?.environment ?? env ?? ''
        const isPast = opened !== null || at !== null
        const silent = isPast ? [] : await readOnce(client, environment, wait * 1000, clock, signal)
        const asked = await client.graph.document({ environment, at, filter }, { signal })
        if (asked.filterProblem !== null) throw new UsageError(filterProblemSentence(asked.filterProblem))
        const graph = opened === null ? asked : { ...asked, environment: opened.of }
        for (const piece of printed(graph, filter.trim(), form)) output.out(piece)
        for (const health of silent) {
          output.err(`everyhop: after ${wait} s: ${plainText(sourceHealthSentence(health, clock.now()))}\n`)
        }
        for (const sentence of pastSentences(graph.past, clock.now())) output.err(`everyhop: ${sentence}\n`)
        if (graph.gaps.length > 0) {
          output.err(`everyhop: ${countOf(graph.gaps.length, 'gap')}: something could not be read\n`)
        }
        const isWhole = graph.gaps.length === 0 && silent.length === 0 && (graph.past?.gap ?? null) === null
        return isWhole ? exitCodes.done : exitCodes.gaps
      },
      snapshot === undefined ? { ...choice, environment: env ?? '' } : { live: true },
    )
  },
}

type Asked = Awaited<ReturnType<ServiceClient['graph']['document']>>

function* printed(graph: Asked, filter: string, form: 'json' | 'mermaid' | 'table'): Generator<string> {
  const selection = { filter, ...inLanes(graph) }
  if (form === 'json') {
    yield* jsonPieces(documentOf(graph, selection))
    yield '\n'
  } else yield form === 'mermaid' ? mermaidOf(graph, selection) : tableOf(graph, selection)
}

/** What a reader of the past has to know of it. */
function pastSentences(past: PastPart | null, now: number): readonly string[] {
  if (past === null) return []
  if (past.gap === null) return [`${formatMoment(past.at)}: ${recordedWords(past)}`]
  return [
    `nobody watched at ${formatMoment(past.at)}: nothing of this is known to have been so`,
    watchGapSentence(past.gap, now),
  ]
}

/** As the window places them: by zone, then by stage; hops by their callers. */
function inLanes(graph: TrustGraph): { readonly workloads: readonly Workload[]; readonly hops: readonly Hop[] } {
  const zones = new Map(graph.zones.map(({ id, order }) => [id, order]))
  const zoneOf = (workload: Workload): number => zones.get(workload.zone) ?? Number.MAX_SAFE_INTEGER
  const workloads = graph.workloads.toSorted((one, other) => {
    return zoneOf(one) - zoneOf(other) || one.stage.order - other.stage.order || (one.id < other.id ? -1 : 1)
  })
  const places = new Map(workloads.map(({ id }, place) => [id, place]))
  const placeOf = (id: string): number => places.get(id) ?? Number.MAX_SAFE_INTEGER
  const hops = graph.hops.toSorted((one, other) => {
    return placeOf(one.from) - placeOf(other.from) || placeOf(one.to) - placeOf(other.to)
  })
  return { workloads, hops }
}
