import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { decisionHeads, makerParts } from '../../test/builders/evidence-maker.ts'
import { newKey, packPeriod } from '../../test/builders/pack-parts.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { prepare } from './preparing.ts'

const dayMs = 86_400_000

test('heads that were sealed in the period hold its records, also after a clock that was far ahead had stepped back', async () => {
  const keys = { organisation: newKey(), device: newKey() }
  const [head] = decisionHeads(keys.device, 4).heads
  if (head === undefined) throw new Error('there are two heads')
  const ahead = packPeriod.to + 3 * dayMs
  const heads = [
    // Long before it, and just before it, when a writer's clock may have been ahead.
    { ...head, number: 1, from: 0, to: packPeriod.from - 3_600_000, sealedAt: packPeriod.from - 3_600_000 },
    { ...head, number: 2, from: 0, to: packPeriod.from - 10_000, sealedAt: packPeriod.from - 10_000 },
    { ...head, number: 3, from: packPeriod.from, to: ahead, sealedAt: ahead },
    // Sealed in the period, by a clock that had been put right.
    { ...head, number: 4, from: ahead, to: ahead, sealedAt: packPeriod.to - 1000 },
    // Sealed long after it.
    { ...head, number: 5, from: ahead, to: ahead + dayMs, sealedAt: ahead + dayMs },
  ]
  const parts = await makerParts(join(await temporaryFolder(), 'packs'), keys, { heads })
  onTestFinished(() => parts.closeJournal())
  const held = await parts.sourcesOf('prod-eu')
  const prepared = await prepare(parts, held, { period: packPeriod, artefacts: ['decisions'] })
  expect(prepared.sources.heads).toEqual([2, 3, 4])
  expect(prepared.sources.areLater).toBe(true)
  expect(prepared.heads.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5])
  // Leaves that are gone are told: without a word the records of that head would not have been.
  const seals = {
    ...held.sources.seals,
    leafless: async (asked: readonly number[]) => asked.filter((one) => one === 3),
  }
  const without = await prepare(
    parts,
    { ...held, sources: { ...held.sources, seals } },
    { period: packPeriod, artefacts: ['decisions'] },
  )
  expect(without.sources.heads).toEqual([2, 4])
  expect(without.sources.leafless.map(({ number }) => number)).toEqual([3])
})
