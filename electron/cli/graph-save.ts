import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatMoment } from '../../shared/words/durations.ts'
import { momentOf } from './asking-the-past.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { withService } from './connection.ts'
import { momentHelp } from './moment.ts'
import { readOnce } from './read-once.ts'
import { plainText } from './text.ts'

const waitMs = 20_000

export const graphSave: Command = {
  name: 'graph save',
  usage: `everyhop graph save --env <name> [--at <time>] --out <file>

Writes what is known of an environment, or was at a time, into one file: its facts, settings and refused requests. Such a file
opens without any connection: "everyhop graph show --snapshot <file>", or in the window. It holds no secrets, and whatever your
servers told of themselves: give it to whom you would show the graph. No file is written over.

  --env <name>      the environment; "everyhop env list" shows them
  --at <time>       what was known then; without it what is known now
  --out <file>      usually <name>.everyhop-snapshot

${momentHelp}`,
  summary: 'writes what is known of an environment at a time into one file',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { env: { type: 'string' }, at: { type: 'string' }, out: { type: 'string' } },
      allowPositionals: true,
    })
    const { env: environment, out } = values
    if (environment === undefined) throw new UsageError('say which environment with --env <name>')
    if (out === undefined) throw new UsageError('say into which file with --out <file>')
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" is too much`)
    const { at, choice } = await momentOf(values)
    return withService(
      async (client, clock) => {
        if (at === null) await readOnce(client, environment, waitMs, clock, signal)
        const saved = await client.history.saveSnapshot({ environment, at, file: resolve(out) }, { signal })
        const size = `${saved.bytes.toLocaleString('en-GB')} bytes`
        output.out(`${plainText(saved.file)}: ${plainText(environment)} at ${formatMoment(saved.at)}, ${size}\n`)
        return exitCodes.done
      },
      { ...choice, environment },
    )
  },
}
