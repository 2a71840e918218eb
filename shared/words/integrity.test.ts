import { describe, expect, it } from 'vitest'
import type { IntegrityView } from '../domain/model/graph.ts'
import { signatureCounts, userIdentityCounts } from './integrity.ts'

const quiet: IntegrityView = {
  windowSeconds: 60,
  verified: 0,
  failed: 0,
  missing: 0,
  userIdentity: { verified: 0, exchanged: 0, lost: 0, failed: 0 },
  lastFailure: null,
}

describe('what stages verified of each other', () => {
  it('is nothing when nothing was checked, and not a zero of what is good', () => {
    expect(signatureCounts(quiet)).toEqual([])
    expect(userIdentityCounts(quiet)).toEqual([])
  })

  it('begins with what went wrong', () => {
    expect(signatureCounts({ ...quiet, verified: 1204, missing: 2, failed: 1 })).toEqual([
      { text: '1 failed', good: false },
      { text: '2 missing', good: false },
      { text: '1,204 verified', good: true },
    ])
    const userIdentity = { verified: 3, exchanged: 4, lost: 5, failed: 6 }
    expect(userIdentityCounts({ ...quiet, userIdentity }).map((part) => part.text)).toEqual([
      '5 lost',
      '6 failed',
      '3 verified',
      '4 exchanged',
    ])
  })
})
