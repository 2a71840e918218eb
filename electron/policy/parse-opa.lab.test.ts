import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureBinaries } from '../../test/lab/provision/binaries.ts'
import { createParseOpa, type ParseOpa } from './parse-opa.ts'

let opa: string
let parser: ParseOpa
const never = new AbortController().signal

beforeAll(async () => {
  opa = (await ensureBinaries(['opa-envoy'], { log: console.log }))['opa-envoy'].path
  parser = createParseOpa()
})
afterAll(() => parser.close())

test('what does not parse is said with its place; functions of other modules are none of its business', async () => {
  expect(await parser.problems(opa, 'a/b.rego', 'package a.b\n\nx if {\n', never)).toEqual([
    expect.objectContaining({ code: 'rego_parse_error', path: 'a/b.rego', row: 4, severity: 'error', by: 'opa' }),
  ])
  expect(await parser.problems(opa, 'a/b.rego', 'package a.b\n\nx if data.lib.missing(1)\n', never)).toEqual([])
  expect(await parser.problems(opa, 'a/b.rego', 'package a.b\n\nx if missing(1)\n', never)).toEqual([])
})

test('each way of not parsing is one, an empty text too', async () => {
  for (const text of ['package a\nx := {\n', 'package a\nallow { true }\n', 'pakage a\n', 'package a\nx = "\n', '']) {
    const found = await parser.problems(opa, 'a.rego', text, never)
    expect(found?.map(({ code }) => code)).toContain('rego_parse_error')
  }
})

test('a program that is no OPA leaves the answer to the command', async () => {
  const other = createParseOpa()
  expect(await other.problems('/bin/true', 'a.rego', 'package a\n', never)).toBeNull()
  await other.close()
})
