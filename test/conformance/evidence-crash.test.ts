import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createEvidenceHandlers } from '../../electron/evidence/maker.ts'
import { verifyPack } from '../../electron/evidence/verify/verify-pack.ts'
import { makerParts } from '../builders/evidence-maker.ts'
import { newKey } from '../builders/pack-parts.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'

const program = join(import.meta.dirname, 'evidence-pack-child.test-process.ts')

/** Makes packs in a process of its own, and kills it so long after the `begun`-th was begun. Resolves with the packs it said were sealed. */
async function killedWhileMaking(folder: string, begun: number, afterMs: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let said = ''
  let seen = 0
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    said += text
    const count = said.split('begun\n').length - 1
    if (count >= begun && seen < begun) setTimeout(() => child.kill('SIGKILL'), afterMs)
    seen = count
  })
  await ended
  // One that ended by itself would leave nothing to put in order.
  expect(child.signalCode).toBe('SIGKILL')
  return [...said.matchAll(/^sealed (\S+)$/gm)].map(([, id = '']) => id)
}

test('killed at any moment, there is never half a pack, none that was sealed is lost, and the next start is clean', async () => {
  const folder = await temporaryFolder()
  const elsewhere = join(folder, 'elsewhere')
  mkdirSync(elsewhere)
  const keys = { organisation: newKey(), device: newKey() }
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys))
  const sealed: string[] = []
  for (const [begun, afterMs] of [
    [1, 40],
    [3, 110],
    [2, 190],
  ] as const) {
    sealed.push(...(await killedWhileMaking(folder, begun, afterMs)))
  }
  // Whatever has the name of a pack is one, whole.
  const packs = join(folder, 'evidence')
  const zips = [packs, elsewhere].flatMap((place) =>
    readdirSync(place)
      .filter((name) => name.endsWith('.zip'))
      .map((name) => join(place, name)),
  )
  for (const file of zips) {
    const result = await verifyPack(
      { file, key: keys.organisation.publicPem, previous: null },
      new AbortController().signal,
    )
    expect([file, result.exitCode]).toEqual([file, 0])
  }
  const parts = await makerParts(folder, keys)
  const listed = await createEvidenceHandlers(parts).packs({ environment: 'prod-eu' })
  await parts.closeJournal()
  expect(listed.map(({ packId }) => packId)).toEqual(expect.arrayContaining(sealed))
  // What is on the list is there, and what is there is on the list: no number was given twice.
  expect(listed.map(({ file }) => file).toSorted()).toEqual(zips.toSorted())
  expect(new Set(listed.map(({ packId }) => packId)).size).toBe(listed.length)
  for (const { file, sha256 } of listed)
    expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(sha256)
  const left = [packs, elsewhere]
    .flatMap((place) => readdirSync(place))
    .filter((name) => /partial|making|next/.test(name))
  expect(left).toEqual([])
})
