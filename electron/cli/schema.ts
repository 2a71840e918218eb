import { z } from 'zod'
import { graphDocument } from '../../shared/contract/document.ts'
import { type Command, exitCodes } from './command.ts'
import { jsonText } from './text.ts'

/** JSON Schema (2020-12) of what `graph show --json` prints. */
export function graphSchema(): unknown {
  // As input: later versions may add fields, and a reader of today must not refuse those.
  const schema = z.toJSONSchema(graphDocument, { target: 'draft-2020-12', io: 'input', reused: 'ref' })
  return { title: 'Everyhop trust graph', ...schema }
}

export const schemaGraph: Command = {
  name: 'schema graph',
  usage: `everyhop schema graph

Prints the JSON Schema of what "everyhop graph show --json" prints.`,
  summary: 'the JSON Schema of graph show --json',
  async run(_words, output) {
    output.out(`${jsonText(graphSchema())}\n`)
    return exitCodes.done
  },
}
