import { z } from 'zod'
import { graphDocument } from '../../shared/contract/document.ts'
import { type Command, exitCodes } from './command.ts'
import { jsonText } from './text.ts'

/** JSON Schema (2020-12) of what `graph show --json` prints. */
export function graphSchema(): unknown {
  return { title: 'Everyhop trust graph', ...z.toJSONSchema(graphDocument, { target: 'draft-2020-12' }) }
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
