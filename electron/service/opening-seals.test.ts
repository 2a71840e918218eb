import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { accessLine, noon, uploadOf } from '../../test/builders/log-records.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { openJournal } from '../actions/journal-file.ts'
import { createMemoryStore } from '../logs/stores/memory-store.ts'
import { openingSeals } from './opening-seals.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }
const signal = new AbortController().signal

async function world() {
  const folder = await temporaryFolder()
  const clock = createManualClock(noon)
  const journal = await openJournal(join(folder, 'policy'), { clock, log, actor: 'ann' })
  onTestFinished(() => journal.close())
  const logs = createMemoryStore({ maxAgeMs: 86_400_000, maxBytes: 1024 ** 2 })
  await logs.append(
    uploadOf('envoy-access', [accessLine({ number: 1 }), accessLine({ number: 2 })], { receivedAt: noon }),
  )
  return { folder, clock, sources: { logs, journal, history: null } }
}

test('environments of a data folder have one device key, and chains of their own', async () => {
  const { folder, clock, sources } = await world()
  const open = openingSeals({ data: { path: folder }, isKept: () => true, clock, log })
  const [dev, prod] = await Promise.all([open('dev', sources), open('prod', sources)])
  expect(await dev.seal(clock.now())).toMatchObject({ number: 1, streams: [{ stream: 'envoy-access', size: 2 }] })
  expect(await prod.seal(clock.now())).toMatchObject({ number: 1 })
  expect(dev.deviceKey).toBe(prod.deviceKey)
  expect(dev.assurance).toBe('file')
  expect((await readdir(join(folder, 'seals'))).toSorted()).toEqual(['dev', 'prod'])
  expect((await stat(join(folder, 'device-key.pem'))).mode & 0o777).toBe(0o600)
  await Promise.all([dev.close(), prod.close()])
  // Another start has the same key, and goes on where the chain ends.
  const again = await openingSeals({ data: { path: folder }, isKept: () => true, clock, log })('dev', sources)
  expect(again.deviceKey).toBe(dev.deviceKey)
  expect(await again.verify()).toEqual({ heads: 1, problem: null })
  expect(await again.seal(clock.now())).toBeNull()
  await again.close()
})

test.each([
  ['an environment that is not kept', true],
  ['no data folder', false],
])('with %s, what is in memory is sealed in memory, and nothing says otherwise later', async (_what, hasData) => {
  const { folder, clock, sources } = await world()
  const open = openingSeals({ data: hasData ? { path: folder } : null, isKept: () => false, clock, log })
  const seals = await open('playground', sources)
  expect(await seals.seal(clock.now())).toMatchObject({ number: 1, from: noon })
  await sources.logs.append(uploadOf('envoy-access', [accessLine({ number: 3 })], { receivedAt: noon }))
  expect(await seals.seal(clock.now())).toMatchObject({ number: 2, streams: [{ size: 1 }] })
  expect(await seals.verify()).toEqual({ heads: 2, problem: null })
  expect(seals.assurance).toBe('memory')
  const found: (string | null)[] = []
  for await (const lines of seals.lines('envoy-access', [1, 2], signal)) found.push(...lines.map(({ line }) => line))
  expect(found).toHaveLength(3)
  expect(found).not.toContain(null)
  expect(await seals.leafless([1, 2])).toEqual([])
  await expect(stat(join(folder, 'seals'))).rejects.toThrow('ENOENT')
  // The journal outlives what is in memory: a chain that it named would then be missing.
  expect(await readFile(join(folder, 'policy', 'journal.ndjson'), 'utf8').catch(() => '')).not.toContain('seal.head')
  await seals.close()
})
