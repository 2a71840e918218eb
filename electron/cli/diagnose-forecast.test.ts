import { expect, test } from 'vitest'
import { forecastOf } from '../../shared/domain/diagnosis/forecast/forecast.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import { builtAt, scope, spireAgent } from '../../test/builders/facts.ts'
import { build, pipeline } from '../../test/builders/small-graph.ts'
import { forecastText } from './diagnose-forecast.ts'

const textOf = (scopes: readonly ScopeState[]): string =>
  forecastText(forecastOf({ graph: build(scopes), scopes, now: builtAt }))

test('the sentence comes first, then why, the hops with when they fail, and each SVID', () => {
  const banned = scope('spire/spire/agents', [spireAgent('node-a', { banned: true })])
  const text = textOf(pipeline.scopes.map((state) => (state.scope === banned.scope ? banned : state)))
  const [first = ''] = text.split('\n')
  expect(first).toBe('If nothing changes, the next hop fails at 2026-11-22 12:09:00 UTC: model-server → tool-runtime.')
  for (const title of ['Why', 'Hops', 'SVIDs', 'Not known']) expect(text).toContain(`\n${title}\n`)
  expect(text).toMatch(/node-a {2}.*banned.*3 workloads/)
  expect(text).toMatch(/tool-runtime +stopped +node-a/)
})

test('of a pipeline in good order nothing is said to fail, and what is not known is said', () => {
  const text = textOf(pipeline.scopes)
  expect(text.split('\n', 1)[0]).toBe('Nothing is known that would make a hop fail by itself.')
  expect(text).not.toContain('\nHops\n')
  expect(text).toContain('does not tell its authorities now')
})
