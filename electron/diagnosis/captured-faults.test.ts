import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Capture } from '../../test/diagnosis/capture.ts'
import { judge, unmetVerdicts } from '../../test/diagnosis/judge.ts'
import { closingLine, confidentlyWrong } from '../../test/diagnosis/matrix.ts'
import { allSources, removals } from '../../test/diagnosis/removals.ts'

/** Small captures of faults of the playground (test/diagnosis/shrink.ts), judged as `npm run bench diagnosis` judges whole ones. */
const folder = join(import.meta.dirname, '..', '..', 'test', 'diagnosis', 'captures')
const captures = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name): Capture => JSON.parse(readFileSync(join(folder, name), 'utf8')))

test('there are captures of refusals and of handshakes', () => {
  expect(captures.length).toBeGreaterThanOrEqual(4)
})

describe.each(captures.map((capture) => [capture.fault, capture] as const))('fault %s', (_fault, capture) => {
  test('leads to its cause, with evidence, and breaks the chain where it is broken', async () => {
    expect(await unmetVerdicts(capture)).toEqual([])
  })

  test.each(removals)('with $id no verdict is wrong for certain', async (removal) => {
    const judged = await judge(capture, removal)
    expect(judged.length).toBeGreaterThan(0)
    expect(confidentlyWrong(judged)).toEqual([])
  })

  test('without any log nothing is said of a request', async () => {
    const [noLogs] = removals.filter(({ id }) => id === 'no logs')
    const judged = noLogs === undefined ? [] : await judge(capture, noLogs)
    const ofRequest = judged.filter(({ of }) => of === 'request')
    expect(ofRequest.map(({ cause, confidence }) => [cause, confidence])).toEqual(
      ofRequest.map(() => ['unknown', 'low']),
    )
  })
})

test('the closing line counts what is confidently wrong, and what is right with all sources', () => {
  const wrong = {
    capture: { fault: 'opa-down', place: 'playground' },
    removal: allSources.id,
    of: 'request',
    expected: ['opa-unreachable'],
    cause: 'policy-denied',
    confidence: 'high',
    outcome: 'wrong',
  } as const
  const right = { ...wrong, cause: 'opa-unreachable', outcome: 'right' } as const
  expect(closingLine([wrong, right, { ...wrong, confidence: 'low', removal: 'no logs' }])).toBe(
    'confidently wrong: 1 of 3; right first cause with all sources: 50%',
  )
})
