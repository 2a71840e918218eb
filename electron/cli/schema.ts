import { z } from 'zod'
import { graphDocument } from '../../shared/contract/document.ts'
import { policyDocument } from '../../shared/contract/policy-document.ts'
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

export const schemaPolicy: Command = {
  name: 'schema policy',
  usage: `everyhop schema policy

Prints the JSON Schema of what "everyhop policy <verb> --json" prints, one document a verb.`,
  summary: 'the JSON Schema of policy <verb> --json',
  async run(_words, output) {
    const schema = z.toJSONSchema(policyDocument, { target: 'draft-2020-12', io: 'input', reused: 'ref' })
    output.out(`${jsonText({ title: 'Everyhop policy', ...schema })}\n`)
    return exitCodes.done
  },
}
