import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEvidenceHandlers } from '../../electron/evidence/maker.ts'
import { evidenceBuildInput } from '../../shared/contract/evidence.ts'
import { decisionHeads, decisionsArtefact, makerParts } from '../builders/evidence-maker.ts'
import { type newKey, packPeriod } from '../builders/pack-parts.ts'

/** Makes one pack after the other, some of them elsewhere, until it is killed; says when each has begun and when it is sealed. */
const folder = process.argv[2]
if (folder === undefined) throw new Error('a folder is needed')
const keys = JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8')) as Record<
  'organisation' | 'device',
  ReturnType<typeof newKey>
>
const heads = sealedOnce(join(folder, 'sealed.json'))
const parts = await makerParts(folder, keys, { artefacts: [decisionsArtefact(heads)], heads: heads.heads })
const handlers = createEvidenceHandlers(parts)
await handlers.packs({ environment: 'prod-eu' })
for (let number = 0; ; number += 1) {
  process.stdout.write('begun\n')
  const out = number % 2 === 0 ? null : join(folder, 'elsewhere', `${process.pid}-${number}.zip`)
  const input = evidenceBuildInput.parse({ environment: 'prod-eu', period: packPeriod, artefacts: ['decisions'], out })
  for await (const event of handlers.build(input, new AbortController().signal)) {
    if (event.type === 'sealed') process.stdout.write(`sealed ${event.pack.packId}\n`)
  }
}

/** What was sealed stays as it was from start to start: each signature of the same would be another one. */
function sealedOnce(file: string): ReturnType<typeof decisionHeads> {
  if (!existsSync(file)) {
    writeFileSync(`${file}.next`, JSON.stringify(decisionHeads(keys.device, 3000)))
    renameSync(`${file}.next`, file)
  }
  return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof decisionHeads>
}
