import { getHeapSpaceStatistics } from 'node:v8'
import { holdYoungGeneration } from '../../electron/evidence/young-generation.ts'

/** Prints whether the young generation of a process of its own grew: while it was held, while one of two still held it, and afterwards. */

function room(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? Number.NaN
}

/** Ends early when the room is as large as this. */
function pass(objects: number, enough: number): void {
  let some: { readonly text: string }[] = []
  for (let number = 0; number < objects; number += 1) {
    some.push({ text: `passes by ${number}` })
    if (some.length < 50_000) continue
    some = []
    if (room() >= enough) return
  }
}

// As large as that of a process which has loaded Everyhop.
pass(60_000_000, 16_000_000)
/** While it is swept there are some pages more; growing doubles it, up to 128 MB. */
const grown = room() * 3

const release = holdYoungGeneration()
const releaseToo = holdYoungGeneration()
pass(3_000_000, grown)
const held = room() >= grown
release()
release()
pass(3_000_000, grown)
const heldByOne = room() >= grown
releaseToo()
pass(60_000_000, grown)
process.stdout.write(JSON.stringify({ held, heldByOne, afterwards: room() >= grown }))
