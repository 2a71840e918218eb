import { expect, test } from 'vitest'
import { pathOfQuery } from './opa-evaluate.ts'
import { serverEvents, traceOf } from './opa-explanation.ts'

const variable = (value: string) => ({ type: 'var', value })
const reference = (...members: readonly string[]) => ({
  type: 'ref',
  value: members.map((value, at) => (at === 0 ? variable(value) : { type: 'string', value })),
})
const equal = (one: unknown, other: unknown) => ({ index: 0, terms: [reference('eq'), one, other] })
const files = ['pipeline/authz.rego', 'other/folder/deep/authz.rego', 'other/place/deep/authz.rego']

function events(...given: readonly { readonly op: string; readonly node?: unknown; readonly locals?: unknown }[]) {
  return serverEvents.parse(
    given.map(({ op, node = null, locals = null }) => ({ op, query_id: 1, parent_id: 0, type: 'expr', node, locals })),
  )
}

test('a local variable gets the name of the source from the line that shows it', () => {
  const node = equal(variable('__local3__'), reference('input', 'attributes', 'not', 'b c', 'caller'))
  const locals = [{ key: variable('__local3__'), value: { type: 'string', value: 'a' } }]
  const line = 'pipeline/authz.rego:7     | | Eval caller = input.attributes["not"]["b c"].caller'
  expect(traceOf(events({ op: 'eval', node, locals }), [line], files)).toMatchObject([
    {
      Op: 'eval',
      Location: { file: 'pipeline/authz.rego', row: 7 },
      Locals: [{ name: '__local3__', type: 'string', value: 'a' }],
      LocalMetadata: { __local3__: { name: 'caller' } },
    },
  ])
})

test('a line with other words than its event teaches no names', () => {
  const node = equal(variable('__local3__'), reference('input', 'caller'))
  const [found] =
    traceOf(events({ op: 'eval', node }), ['pipeline/authz.rego:7 | Eval caller = input.callee'], files) ?? []
  expect(found?.LocalMetadata).toEqual({})
})

test('two evaluations that differ are not taken for one', () => {
  const line = 'pipeline/authz.rego:7 | Eval x'
  expect(traceOf(events({ op: 'fail' }), [line], files)).toBeNull()
  expect(traceOf(events({ op: 'eval' }), [line, line], files)).toBeNull()
  expect(traceOf(events({ op: 'eval' }), [line], files)).toHaveLength(1)
})

test('a place that OPA has shortened is taken only when one file alone is meant', () => {
  const at = (place: string) => traceOf(events({ op: 'eval' }), [`${place}:7 | Eval x`], files)
  expect(at('other/f...deep/authz.rego')).toMatchObject([{ Location: { file: 'other/folder/deep/authz.rego' } }])
  expect(at('other/...deep/authz.rego')).toBeNull()
  expect(at('gone.rego')).toBeNull()
})

test('only a reference into data is asked of a server; what could call out is left to the command', () => {
  expect(pathOfQuery('data.pipeline.authz["allow-all"]')).toBe('pipeline/authz/allow-all')
  for (const query of [
    'data',
    'data.a.b with input as 1',
    'http.send({})',
    'data.a[http.send({})]',
    'data.f(1)',
    'data.a["b/c"]',
  ]) {
    expect(pathOfQuery(query)).toBeNull()
  }
})
