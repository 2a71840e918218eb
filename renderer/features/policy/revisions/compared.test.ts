import { expect, test } from 'vitest'
import type { DraftSummary } from '../../../../shared/contract/policy.ts'
import type { BundleRevision } from '../../../../shared/domain/model/policy.ts'
import { comparables, firstComparison } from './compared.ts'

const revision = (name: string, more: Partial<BundleRevision> = {}): BundleRevision => ({
  revision: name,
  digest: name,
  publishedAt: null,
  author: null,
  bytes: 1,
  signature: { state: 'missing' },
  held: 'store',
  activeOn: [],
  rollsBackTo: null,
  ...more,
})
const draft: DraftSummary = {
  id: 'd1',
  environment: 'lab',
  bundle: 'pipeline',
  basedOn: { revision: 'r2', digest: 'r2' },
  revision: 'r3',
  files: [],
  changed: [],
  savedAt: 0,
  leftOut: [],
  overtakenBy: null,
}
const live = { revision: 'r2', digest: 'r2' }

test('what is live is compared with the draft, and without one with what was before', () => {
  const list = [revision('r2'), revision('r1')]
  expect(firstComparison(comparables(list, live, draft), live)).toEqual({ from: 'r2 r2', to: 'draft d1' })
  expect(firstComparison(comparables(list, live, null), live)).toEqual({ from: 'r1 r1', to: 'r2 r2' })
  expect(firstComparison([], null)).toEqual({ from: null, to: null })
})

test('revisions whose bytes nobody has cannot be compared', () => {
  const all = comparables([revision('r2'), revision('r0', { held: 'seen', digest: null })], live, null)
  expect(all.map(({ label }) => label)).toEqual(['r2 (live)'])
})

test('two revisions of one name are told apart by their digests', () => {
  const all = comparables([revision('r2'), revision('r1', { digest: 'aaaaaaaaaa' }), revision('r1')], live, null)
  expect(all.map(({ label }) => label)).toEqual(['r2 (live)', 'r1 aaaaaaa', 'r1 r1'])
})
