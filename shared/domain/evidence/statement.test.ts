import { expect, test } from 'vitest'
import { type PackPredicate, packStatementText, readPackStatement } from './statement.ts'

const hash = 'a'.repeat(64)
const predicate: PackPredicate = {
  packId: 'EP-2026-0007',
  environment: 'lab',
  period: { from: '2026-11-22T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' },
  createdAt: '2026-11-23T00:05:00.000Z',
  console: 'everyhop 0.1.0',
  operator: 'somebody',
  payloadOxum: '12345.20',
  artefacts: [{ id: 'decisions', records: 2, merkleRoot: hash, state: 'operated' }],
  gaps: 0,
  heads: { count: 1, first: 3, last: 3, lastHash: hash },
  deviceKey: hash,
  previousPack: null,
}

function changed(change: (value: { predicate: Record<string, unknown> } & Record<string, unknown>) => void): string {
  const value = JSON.parse(packStatementText(hash, predicate))
  change(value)
  return JSON.stringify(value)
}

test('a statement is about the tag manifest alone, and is read again as it was written', () => {
  const text = packStatementText(hash, predicate)
  expect(readPackStatement(text)).toEqual({ predicate, tagManifestSha256: hash })
  expect(JSON.parse(text).subject).toEqual([{ name: 'tagmanifest-sha256.txt', digest: { sha256: hash } }])
})

test('members of a later version are passed over', () => {
  const later = changed((value) => {
    value['more'] = 1
    value.predicate['more'] = 2
  })
  expect(readPackStatement(later)).toEqual({ predicate, tagManifestSha256: hash })
})

test.each([
  ['{', 'not-json', ''],
  ['null', 'not-a-statement', ''],
  [changed((value) => void (value['_type'] = 'other')), 'not-a-statement', '_type'],
  [changed((value) => void (value['subject'] = [])), 'not-a-statement', 'subject'],
  [changed((value) => void (value.predicate['gaps'] = -1)), 'not-a-statement', 'predicate.gaps'],
  [changed((value) => void (value.predicate['packId'] = '../x')), 'not-a-statement', 'predicate.packId'],
  [
    changed((value) => void (value['predicateType'] = 'https://example.org/v2')),
    'other-predicate',
    'https://example.org/v2',
  ],
])('what is no statement of a pack is told apart: %#', (text, problem, detail) => {
  expect(readPackStatement(text)).toEqual({ predicate: null, problem, detail })
})
