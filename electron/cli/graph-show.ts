import { parseArgs } from 'node:util'
import type { Hop, TrustGraph, Workload } from '../../shared/domain/model/graph.ts'
import { countOf } from '../../shared/words/durations.ts'
import { filterHelp, filterProblemSentence } from '../../shared/words/filter.ts'
import { sourceHealthSentence } from '../../shared/words/sources.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { liveHelp, withService } from './connection.ts'
import { documentOf } from './document.ts'
import { mermaidOf } from './graph-mermaid.ts'
import { tableOf } from './graph-table.ts'
import { readOnce } from './read-once.ts'
import { jsonPieces, plainText } from './text.ts'

const usage = `everyhop graph show --env <name> [--json | --mermaid | --table] [--filter <words>] [--wait <seconds>] [--live]

Shows the trust graph of the Everyhop that runs; when none does, after reading every source of the environment once.

  --env <name>      the environment; "everyhop env list" shows them. playground: the demonstration pipeline, started for the
                    moment when none runs
  --table           text for a terminal (the default)
  --json            a document; "everyhop schema graph" describes it
  --mermaid         a Mermaid flowchart
  --filter <words>  only what matches; all words must hold:
${filterHelp.map(({ example, meaning }) => `                      ${example.padEnd(18)} ${meaning}`).join('\n')}
  --wait <seconds>  how long to wait for sources that have not answered (default 20)
${liveHelp}

Exit code 3: shown, but something could not be read.`

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
        wait: { type: 'string', default: '20' },
        live: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    })
    const environment = values.env
    if (environment === undefined) throw new UsageError('say which environment with --env <name>')
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is too much`)
    if ([values.json, values.mermaid, values.table].filter(Boolean).length > 1) {
      throw new UsageError('choose one of --json, --mermaid and --table')
    }
    const wait = Number(values.wait)
    if (!(wait >= 0 && wait <= 3600)) throw new UsageError('--wait takes seconds, 0 to 3600')

    return withService(
      async (client, clock) => {
        const silent = await readOnce(client, environment, wait * 1000, clock, signal)
        const graph = await client.graph.document({ environment, filter: values.filter }, { signal })
        if (graph.filterProblem !== null) throw new UsageError(filterProblemSentence(graph.filterProblem))
        const selection = { filter: values.filter.trim(), ...inLanes(graph) }
        if (values.json) {
          for (const piece of jsonPieces(documentOf(graph, selection))) output.out(piece)
          output.out('\n')
        } else output.out(values.mermaid ? mermaidOf(graph, selection) : tableOf(graph, selection))
        for (const health of silent) {
          output.err(`everyhop: after ${wait} s: ${plainText(sourceHealthSentence(health, clock.now()))}\n`)
        }
        if (graph.gaps.length > 0) {
          output.err(`everyhop: ${countOf(graph.gaps.length, 'gap')}: something could not be read\n`)
        }
        return graph.gaps.length > 0 || silent.length > 0 ? exitCodes.gaps : exitCodes.done
      },
      { live: values.live, environment },
    )
  },
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
