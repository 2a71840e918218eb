import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtAt } from '../../../test/builders/facts.ts'
import { smallPipeline } from '../../../test/builders/pipeline.ts'
import { deltaOf, parseFacts, textOfFacts, withDelta, writtenFacts } from './fact-text.ts'
import type { JsonObject } from './patch.ts'

const known = writtenFacts(
  smallPipeline().scopes.flatMap(({ facts }) => facts),
  builtAt,
)
const anyFacts: fc.Arbitrary<readonly JsonObject[]> = fc.array(
  fc.oneof(
    fc.constantFrom(...known),
    fc.record(
      {
        kind: fc.constantFrom('a', 'b'),
        id: fc.string(),
        value: fc.jsonValue() as fc.Arbitrary<JsonObject[string]>,
        inner: fc.record({ one: fc.nat(2), list: fc.array(fc.nat(1), { maxLength: 2 }) }, { noNullPrototype: true }),
      },
      { noNullPrototype: true },
    ),
  ),
  { maxLength: 12 },
)

describe('facts of a part as text', () => {
  it('come back as they were, whatever is among them', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        expect(parseFacts(textOfFacts(facts))).toEqual(JSON.parse(JSON.stringify(facts)))
      }),
    )
  })

  it('of one kind are written by what differs', () => {
    const clusters = known.filter(({ kind }) => kind === 'envoy-traffic-counters')
    expect(clusters.length).toBeGreaterThan(1)
    const written: unknown[] = JSON.parse(textOfFacts(clusters))
    expect(written.map((entry) => Array.isArray(entry))).toEqual(clusters.map((_, place) => place > 0))
  })

  it('and those after a delta are those that it was made of', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom(...known), { maxLength: 12 }),
        fc.uniqueArray(fc.constantFrom(...known), { maxLength: 12 }),
        (before, after) => {
          const found = withDelta(parseFacts(textOfFacts(before)), deltaOf(before, after))
          const byId = (facts: readonly JsonObject[]) => new Map(facts.map((fact) => [fact['id'], fact]))
          expect(byId(found)).toEqual(byId(after))
        },
      ),
    )
  })

  it.each([
    ['a list that is none', '{}'],
    ['a place that is not there', '[[0,[]]]'],
    ['a place that is still to come', '[{"kind":"a"},[2,[]],{"kind":"a"}]'],
    ['a place that is no number', '[{"kind":"a"},["0",[]]]'],
    ['no patch', '[{"kind":"a"},[0]]'],
    ['a patch that is none', '[{"kind":"a"},[0,{}]]'],
    ['a patch of another object', '[{"kind":"a"},[0,[7,1]]]'],
    ['a fact that is none', '[null]'],
    ['half of it', '[{"kind":"a"},[0,[0'],
  ])('are refused where there is %s', (_what, text) => {
    expect(() => parseFacts(text)).toThrow()
  })
})
