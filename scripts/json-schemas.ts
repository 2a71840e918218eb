import { join } from 'node:path'
import { z } from 'zod'
import { policyDocument } from '../shared/contract/policy-document.ts'
import { environmentSchema } from '../shared/domain/model/environment.ts'
import { intentSchema } from '../shared/domain/model/intent.ts'
import { root } from './run-tool.ts'

/** The shipped JSON Schemas of the files that people write, and of documents that scripts read, from our own schemas. Path and text of each. */
export function jsonSchemas(): readonly { readonly path: string; readonly text: string }[] {
  const folder = join(root, 'docs', 'formats')
  return [
    { path: join(folder, 'environment.schema.json'), text: textOf(environmentSchema, 'Everyhop environment') },
    { path: join(folder, 'policy.schema.json'), text: textOf(policyDocument, 'Everyhop policy documents') },
    { path: join(folder, 'intent.schema.json'), text: textOf(intentSchema, 'Everyhop intent') },
  ]
}

function textOf(schema: z.ZodType, title: string): string {
  return `${JSON.stringify({ ...z.toJSONSchema(schema, { io: 'input' }), title }, null, 2)}\n`
}
