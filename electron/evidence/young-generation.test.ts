import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** A process that ran other tests has a young generation that may have grown already. */
const program = join(import.meta.dirname, '..', '..', 'test', 'builders', 'young-generation.test-process.ts')

test('the young generation does not grow while somebody holds it, and does again after', () => {
  const told: unknown = JSON.parse(execFileSync(process.execPath, [program], { encoding: 'utf8' }))
  expect(told).toEqual({ held: false, heldByOne: false, afterwards: true })
})
