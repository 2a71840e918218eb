import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Command, exitCodes, UsageError } from './command.ts'
import { usualFolder, withService } from './connection.ts'
import { artefactsOf, environmentOf, periodHelp, periodOf, periodOptions } from './evidence-options.ts'
import { packTable, planText } from './evidence-text.ts'
import { jsonText, plainText } from './text.ts'

export const evidencePlan: Command = {
  name: 'evidence plan',
  usage: `everyhop evidence plan --env <name> --last 24h [options]

Says what a pack of this time would hold, and what it would lack, before it is made. Writes nothing.

${periodHelp}

Exit code 3: something will be missing.`,
  summary: 'what a pack would hold and lack, before it is made',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: periodOptions,
      allowPositionals: true,
    })
    if (positionals.length > 0) throw new UsageError(`"${plainText(positionals.join(' '))}" is too much`)
    const environment = environmentOf(values.env)
    const artefacts = artefactsOf(values.artefacts)
    periodOf(values, Date.now())
    const data = values.data === undefined ? await usualFolder() : resolve(values.data)
    return withService(
      async (client, clock) => {
        const period = periodOf(values, clock.now())
        const plan = await client.evidence.plan({ environment, period, artefacts }, { signal })
        output.out(values.json ? `${jsonText(plan)}\n` : planText(plan))
        const isWhole =
          plan.gaps.length === 0 && plan.artefacts.every(({ expected }) => expected.state !== 'insufficient')
        return isWhole ? exitCodes.done : exitCodes.gaps
      },
      { data, environment },
    )
  },
}

export const evidenceList: Command = {
  name: 'evidence list',
  usage: `everyhop evidence list --env <name> [--data <folder>] [--json]

Lists the packs of evidence that were made here of an environment, the latest first.`,
  summary: 'packs of evidence that were made here',
  async run(words, output, signal) {
    const { values } = parseArgs({
      args: [...words],
      options: { env: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean' } },
    })
    const environment = environmentOf(values.env)
    const data = values.data === undefined ? await usualFolder() : resolve(values.data)
    return withService(
      async (client) => {
        const packs = await client.evidence.packs({ environment }, { signal })
        if (values.json) output.out(`${jsonText(packs)}\n`)
        else if (packs.length === 0) output.err(`everyhop: no pack of ${plainText(environment)} was made here\n`)
        else output.out(packTable(packs))
        return exitCodes.done
      },
      { data },
    )
  },
}
