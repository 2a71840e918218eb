import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatDuration } from '../../shared/words/durations.ts'
import { recordKinds } from '../core/log-store.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { withService } from './connection.ts'
import { recordKindOf } from './logs.ts'
import { jsonText, plainText } from './text.ts'

/** A long import says that it goes on this often. Milliseconds. */
const tellMs = 5000

export const logsImport: Command = {
  name: 'logs import',
  usage: `everyhop logs import <file> --record <kind> --env <name> [--source <name>] [--data <folder>] [--json]

Takes a file of old log records, one JSON object a line (of an access log also Envoy's text), or one JSON array, packed with gzip
or not, so that commands and the window find them. The file stays where it is and is not copied: its lines are read from there. What
is held already is not taken twice. All of the file is taken or nothing.

  --record <kind>   ${recordKinds.join(', ')}
  --env <name>      the environment that the records belong to
  --source <name>   what the records say where they come from (default: the name of the file)
  --data <folder>   where Everyhop keeps records (default: data in the folder of environments and settings)
  --json            the counts as JSON

Exit code 3: taken, but some lines were refused.`,
  summary: 'takes a file of old log records',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: {
        record: { type: 'string' },
        env: { type: 'string' },
        source: { type: 'string' },
        data: { type: 'string' },
        json: { type: 'boolean' },
      },
      allowPositionals: true,
    })
    const [name, ...more] = positionals
    if (name === undefined || more.length > 0)
      throw new UsageError('say which file, such as: logs import decisions.ndjson --record opa-decisions --env lab')
    const record = recordKindOf(values.record)
    const environment = values.env
    if (environment === undefined) throw new UsageError('say which environment with --env <name>')
    const file = resolve(name)
    const source = values.source ?? sourceOf(file)
    if (!/^[a-zA-Z0-9._-]{1,100}$/.test(source))
      throw new UsageError('--source takes letters, digits, ".", "_" and "-"')
    const size = await stat(file).then(
      (found) => ` (${Math.ceil(found.size / 1000).toLocaleString('en-GB')} kB)`,
      () => '', // the import itself says why
    )
    const { defaultDataFolder } = await import('../service/data-folder.ts')
    const { homeFolder, thisMachine } = await import('../service/home.ts')
    const data = values.data === undefined ? defaultDataFolder(homeFolder(thisMachine())) : resolve(values.data)
    return withService(
      async (client, clock) => {
        const began = clock.now()
        output.err(`everyhop: importing ${plainText(file)}${size} …\n`)
        const telling = setInterval(() => {
          output.err(`everyhop: still importing, ${formatDuration(clock.now() - began)}\n`)
        }, tellMs)
        try {
          const counts = await client.logs.importFile({ environment, file, record, source }, { signal })
          const { accepted, refused, repeated, passedOver, sampleRefused } = counts
          if (values.json) output.out(`${jsonText(counts)}\n`)
          else {
            const parts = `${accepted} taken, ${repeated} held already, ${refused} refused, ${passedOver} of another kind`
            output.out(`${plainText(`${parts}, as ${source}`)}\n`)
          }
          if (sampleRefused !== null)
            output.err(
              `everyhop: the last that was refused: ${plainText(`${sampleRefused.why}: ${sampleRefused.text}`)}\n`,
            )
          return refused > 0 ? exitCodes.gaps : exitCodes.done
        } finally {
          clearInterval(telling)
        }
      },
      { data },
    )
  },
}

/** The file's name as the id of a source: without what such an id cannot have. */
function sourceOf(file: string): string {
  return basename(file)
    .replaceAll(/[^a-zA-Z0-9._-]+/g, '-')
    .slice(0, 100)
}
