import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyPack } from '../../../electron/evidence/verify/verify-pack.ts'
import { newKey } from '../../builders/pack-parts.ts'
import { killedWhileSealing, nothingAcknowledged, problemsOf } from '../../builders/sealed-folder.ts'

/**
 * `npm run soak -- [kills]`: ends processes with SIGKILL at random moments, 200 times unless told otherwise, four of five while they
 * take in and seal, one while it makes packs; after every twenty it looks at everything that was acknowledged. Ends with 1 and
 * says what is wrong. The seed of the moments is printed; `SOAK_SEED` sets it.
 */
const kills = Number(process.argv[2] ?? 200)
const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000)
const betweenLooks = 20
const packProgram = join(import.meta.dirname, '..', '..', 'conformance', 'evidence-pack-child.test-process.ts')

if (!Number.isInteger(kills) || kills < 1) throw new Error('npm run soak -- <kills>')

const folder = await mkdtemp(join(tmpdir(), 'everyhop-soak-'))
const packs = join(folder, 'packs')
mkdirSync(join(packs, 'elsewhere'), { recursive: true })
const keys = { organisation: newKey(), device: newKey() }
writeFileSync(join(packs, 'keys.json'), JSON.stringify(keys))
const acknowledged = nothingAcknowledged()
const sealedPacks = new Set<string>()
const random = randomOf(seed)
const began = performance.now()
let problems: readonly string[] = []

console.log(`soak: ${kills} kills, seed ${seed}`)
for (let kill = 1; kill <= kills && problems.length === 0; kill += 1) {
  if (kill % 5 === 0) await killedWhilePacking(Math.floor(random() * 1500))
  else await killedWhileSealing(folder, kill, Math.floor(random() * 600), acknowledged)
  if (kill % betweenLooks !== 0 && kill !== kills) continue
  problems = [...(await problemsOf(folder, acknowledged)), ...(await problemsOfPacks())]
  const seconds = Math.round((performance.now() - began) / 1000)
  const { ids, heads } = acknowledged
  console.log(
    `${kill} kills, ${seconds} s: ${ids.size} records and ${heads.size} heads acknowledged, ${sealedPacks.size} packs`,
  )
}
for (const problem of problems.slice(0, 20)) console.error(problem)
if (problems.length === 0) await rm(folder, { recursive: true, force: true })
else console.error(`${problems.length} problems; everything is kept in ${folder}, seed ${seed}`)
process.exitCode = problems.length === 0 ? 0 : 1

async function killedWhilePacking(afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [packProgram, packs], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8')
  for await (const chunk of child.stdout) {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
    text += String(chunk)
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  if (child.signalCode !== 'SIGKILL') throw new Error(`the maker of packs ended by itself with ${child.exitCode}`)
  for (const [, id = ''] of text.matchAll(/^sealed (\S+)$/gm)) sealedPacks.add(id)
}

/** Whatever has the name of a pack is one, whole; and there are at least as many as were said to be sealed. */
async function problemsOfPacks(): Promise<readonly string[]> {
  const found: string[] = []
  let count = 0
  for (const place of [join(packs, 'evidence'), join(packs, 'elsewhere')]) {
    if (!existsSync(place)) continue
    for (const name of readdirSync(place).filter((each) => each.endsWith('.zip'))) {
      count += 1
      const input = { file: join(place, name), key: keys.organisation.publicPem, previous: null }
      const { integrity, exitCode } = await verifyPack(input, new AbortController().signal)
      if (exitCode !== 0) found.push(`${name} is ${integrity}`)
    }
  }
  if (count < sealedPacks.size) found.push(`${sealedPacks.size} packs were sealed, and ${count} are there`)
  return found
}

/** Numbers from 0 to 1 that a seed gives again (mulberry32). */
function randomOf(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
