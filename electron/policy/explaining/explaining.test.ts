import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { decidingExpression } from './blame.ts'
import { bundleData } from './bundle-data.ts'
import { framesOf, packagesOf } from './frames.ts'
import { withValueInText } from './json-edit.ts'
import { lookedAt } from './looked.ts'
import { ruleTraceOf } from './rule-trace.ts'
import { mostEvents, traceEvents } from './trace-events.ts'

/** Recorded of a real OPA, without the events and members that are not read. */
const recording = z.object({
  rego: z.record(z.string(), z.string()),
  data: z.unknown(),
  input: z.unknown(),
  explanation: z.array(z.unknown()),
})
const recorded = (name: string) =>
  recording.parse(JSON.parse(readFileSync(new URL(`./traces/${name}.json`, import.meta.url), 'utf8')))
const encoder = new TextEncoder()

function explain(
  name: string,
  options: { readonly said?: unknown; readonly masked?: readonly string[]; readonly events?: unknown } = {},
) {
  const { rego, data, input, explanation } = recorded(name)
  const texts = new Map(Object.entries(rego))
  const packages = packagesOf(texts)
  const frames = framesOf(traceEvents(options.events ?? explanation), packages)
  const said = options.said === undefined ? null : JSON.stringify(options.said)
  const deciding = decidingExpression(frames, 'app/authz/allow', said)
  if (deciding === null) return null
  const known = bundleData(new Map([['data.json', encoder.encode(JSON.stringify(data))]]))
  const told = {
    texts,
    packages,
    data: known,
    input,
    masked: options.masked ?? [],
    revision: 'r1',
    isRevisionThatDecided: true,
  }
  const looked = lookedAt(deciding, frames, told)
  return { rule: ruleTraceOf(deciding, frames, told, looked.sought), looked }
}
const valuesIn = (explained: ReturnType<typeof explain>) => explained?.rule.lines.flatMap(({ values }) => values) ?? []

describe('the expression that decided', () => {
  test('is of the rule that got furthest the first that failed, also within every', () => {
    const explained = explain('allowed-callers')
    expect(explained?.rule).toMatchObject({ row: 11, decidedBy: 'failed', name: 'app/authz/allow', alternatives: 0 })
    expect(valuesIn(explained)).toEqual([
      { name: 'part', json: '"z"', masked: false },
      { name: 'data.parts', json: '["p"]', masked: false },
    ])
    expect(explained?.looked.sought).toEqual({ kind: 'element', at: ['parts'], value: 'z' })
  })

  test('is of a policy of refusals what the refusal rests on, the one that OPA named then', () => {
    const named = explain('refusals', { said: { reasons: ['nobody may call'] } })
    expect(named?.rule).toMatchObject({
      name: 'app/authz/calls',
      decidedBy: 'failed',
      alternatives: 0,
      lookedFor: { at: 'data.calls', json: '"b"' },
    })
    const other = explain('refusals', { said: { reasons: ['too secret'] } })
    expect(other?.rule).toMatchObject({ name: 'app/authz/deny', decidedBy: 'held', row: 9, alternatives: 0 })
  })

  test('is said to be one of several where nothing tells which', () => {
    expect(explain('refusals')?.rule.alternatives).toBe(1)
  })

  test('shows nothing of what the record masks', () => {
    const explained = explain('refusals', { said: ['nobody may call'], masked: ['/input/caller'] })
    expect(valuesIn(explained)).toContainEqual({ name: 'input.caller', json: '', masked: true })
    expect(valuesIn(explained).filter(({ name, json }) => name === 'input.caller' && json !== '')).toEqual([])
    expect(explained?.looked.input).toEqual([{ path: ['caller'], masked: true }])
  })
})

describe('a trace that is not as it ought to be', () => {
  test('whatever is missing of it, nothing throws', () => {
    const { explanation } = recorded('refusals')
    fc.assert(
      fc.property(fc.subarray(explanation), fc.array(fc.jsonValue(), { maxLength: 5 }), (left, strange) => {
        expect(() => explain('refusals', { events: [...left, ...strange] })).not.toThrow()
      }),
      { numRuns: 60 },
    )
  })

  test('and however long it is, it is read only so far', () => {
    const event = { Op: 'Enter', QueryID: 1, ParentID: 1, Node: [], Location: { file: '', row: 1 } }
    expect(traceEvents(Array.from({ length: mostEvents + 10 }, () => event))).toHaveLength(mostEvents)
  })
})

describe('a value set in the text of a data file', () => {
  test('changes nothing else, whatever is there', () => {
    const names = fc.stringMatching(/^[a-z_"\\]{1,6}$/)
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.dictionary(names, fc.jsonValue())),
        names,
        names,
        fc.jsonValue(),
        (data, one, other, value) => {
          const text = withValueInText(JSON.stringify(data), 'json', [one, other], value)
          const inner: Record<string, unknown> = Object.hasOwn(data, one) ? (data[one] ?? {}) : {}
          const wanted = { ...data, [one]: { ...inner, [other]: value } }
          expect(JSON.parse(text ?? 'null')).toEqual(JSON.parse(JSON.stringify(wanted)))
        },
      ),
      { numRuns: 100 },
    )
  })

  test('keeps the digits of numbers and the comments of YAML', () => {
    expect(withValueInText('{"n": 1.0000000000000000001}', 'json', ['m'], 1)).toContain('1.0000000000000000001')
    expect(withValueInText('# why\na:\n  - x\n', 'yaml', ['a'], ['x', 'y'])).toBe('# why\na:\n  - x\n  - y\n')
    expect(withValueInText('{"a": 1}', 'json', ['a', 'b'], 1)).toBeNull()
    expect(withValueInText('{', 'json', ['a'], 1)).toBeNull()
  })
})
