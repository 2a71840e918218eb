import { gzipSync } from 'node:zlib'
import { openLogStore } from '../../electron/logs/stores/open-log-store.ts'
import { decisions, retention } from './log-store-parts.ts'

/** Takes in uploads of ten decisions until it is killed, and says of each that it was acknowledged. */
const folder = process.argv[2]
if (folder === undefined) throw new Error('a folder is needed')
const store = await openLogStore({ folder, retention })
for (let upload = 0; ; upload += 4) {
  const group = [upload, upload + 1, upload + 2, upload + 3]
  await Promise.all(
    group.map(async (number) => {
      const plain = decisions(number * 10, 10)
      const result = await store.append({ ...plain, encoding: 'gzip', bytes: gzipSync(plain.bytes) })
      if (result.outcome === 'stored') process.stdout.write(`${number}\n`)
    }),
  )
}
