import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { jsonSchemas } from '../../scripts/json-schemas.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { intentSchema } from '../../shared/domain/model/intent.ts'
import { root } from './sources.ts'

test('the shipped JSON Schemas are those of the program (npm run gen)', () => {
  for (const { path, text } of jsonSchemas()) {
    expect(JSON.parse(readFileSync(path, 'utf8')), path).toEqual(JSON.parse(text))
  }
})

test('the examples in the guides are read without a complaint', () => {
  for (const [guide, schema] of [
    ['connect.md', environmentSchema],
    ['kubernetes.md', environmentSchema],
    ['intent.md', intentSchema],
  ] as const) {
    const text = readFileSync(join(root, 'docs', 'guides', guide), 'utf8')
    const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1]
    expect(schema.safeParse(parse(example ?? '')).error, guide).toBeUndefined()
  }
})
