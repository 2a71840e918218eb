import { expect, test } from 'vitest'
import { killedWhileSealing, nothingAcknowledged, problemsOf } from '../builders/sealed-folder.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'

test('killed at any moment of intake and sealing, no head is lost, and every record is sealed once', {
  timeout: 120_000,
}, async () => {
  const folder = await temporaryFolder()
  const acknowledged = nothingAcknowledged()
  for (const [round, afterMs] of [60, 190, 390].entries()) {
    await killedWhileSealing(folder, round, afterMs, acknowledged)
  }
  expect(acknowledged.ids.size).toBeGreaterThan(0)
  expect(await problemsOf(folder, acknowledged)).toEqual([])
})
