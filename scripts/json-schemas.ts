import { join } from 'node:path'
import { z } from 'zod'
import { environmentSchema } from '../shared/domain/model/environment.ts'
import { intentSchema } from '../shared/domain/model/intent.ts'
import { root } from './run-tool.ts'

/** The shipped JSON Schemas of the files that people write, from the schemas that read them. Path and text of each. */
export function jsonSchemas(): readonly { readonly path: string; readonly text: string }[] {
  const folder = join(root, 'docs', 'formats')
  return [
    { path: join(folder, 'environment.schema.json'), text: textOf(environmentSchema, 'Everyhop environment') },
    { path: join(folder, 'intent.schema.json'), text: textOf(intentSchema, 'Everyhop intent') },
  ]
}

function textOf(schema: z.ZodType, title: string): string {
  return `${JSON.stringify({ ...z.toJSONSchema(schema, { io: 'input' }), title }, null, 2)}\n`
}
