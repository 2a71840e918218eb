import { expect, test } from 'vitest'
import { type SavedTest, testFileOf, withTest } from './saved-test.ts'

const saved: SavedTest = {
  decisionPath: 'pipeline/authz/result',
  input: { attributes: { source: {} } },
  expected: 'allow',
  result: { allowed: true },
  masked: [],
  about: 'gateway to prompt-firewall, POST /v1/inspections',
}

test('a simulation becomes a Rego test in a file beside the rule', () => {
  expect(testFileOf(saved.decisionPath)).toBe('pipeline/authz_simulated_test.rego')
  const { text, name } = withTest('', saved)
  expect(name).toBe('test_gateway_to_prompt_firewall_post_v1_inspections_is_allowed')
  expect(text).toBe(
    [
      'package pipeline.authz_simulated_test',
      '',
      '# Saved from a simulation: gateway to prompt-firewall, POST /v1/inspections.',
      `${name} if {`,
      '\tresult := data.pipeline.authz.result with input as {',
      '\t\t"attributes": {',
      '\t\t\t"source": {}',
      '\t\t}',
      '\t}',
      '\tresult.allowed == true',
      '}',
      '',
    ].join('\n'),
  )
})

test('a second test of the same name gets a number, and the first stays', () => {
  const once = withTest('', saved)
  const twice = withTest(once.text, saved)
  expect(twice.text.startsWith(once.text)).toBe(true)
  expect(twice.name).toBe(`${once.name}_2`)
})

test('a boolean rule, an undefined one and names that are no plain words are written as Rego has them', () => {
  const boolean = withTest('', { ...saved, result: false, expected: 'deny', decisionPath: 'my-team/allow' }).text
  expect(boolean).toContain('data["my-team"].allow with input')
  expect(boolean).toContain('result == false')
  expect(boolean).toContain('package my_team_simulated_test')
  expect(withTest('', { ...saved, expected: 'undefined' }).text).toContain('not data.pipeline.authz.result with input')
  expect(withTest('', { ...saved, masked: ['/input/a'] }).text).toContain('# Masked when it was recorded: /input/a.')
})
