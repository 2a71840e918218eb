import { describe, expect, test } from 'vitest'
import { type FaultExpectations, faults } from '../../faults/index.ts'
import { handshakeRules } from './handshake/rules/index.ts'
import { identityRules } from './no-identity/rules/index.ts'
import { requestRules } from './request/rules/index.ts'

/** The list of faults of each rule, held against the catalogue, whose verdicts playground and lab prove. */
const kinds = [
  ['request', requestRules, ({ verdict }: FaultExpectations) => verdict?.request],
  ['handshake', handshakeRules, ({ verdict }: FaultExpectations) => verdict?.handshake],
  ['missing identity', identityRules, ({ identity }: FaultExpectations) => identity],
] as const

describe.each(kinds)('of a %s', (_of, rules, expected) => {
  const provoking = (cause: string) =>
    faults.filter(({ expects }) => expected(expects)?.some((each) => each === cause) === true).map(({ id }) => id)

  test.each(rules.map((rule) => [rule.id, rule] as const))('%s names the faults whose verdict it is', (_id, rule) => {
    expect(rule.faults.toSorted()).toEqual(provoking(rule.cause).toSorted())
  })

  test('every verdict that a fault has is a cause that a rule gives, or that nothing is refused', () => {
    const causes: readonly string[] = [...rules.map(({ cause }) => cause), 'not-refused', 'not-failing']
    const told = faults.flatMap(({ expects }) => expected(expects) ?? [])
    expect(told.length).toBeGreaterThan(4)
    expect(told.filter((cause) => !causes.includes(cause))).toEqual([])
  })
})
