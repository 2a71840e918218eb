import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifyPack } from '../../electron/evidence/verify/index.ts'
import { buildPack, type Files } from '../builders/evidence-pack.ts'
import { hex, testKeys } from '../builders/evidence-parts.ts'
import { verifyWithPython } from '../builders/python-verifier.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'
import { regularZip } from '../builders/zip.ts'
import { flipBit } from '../evidence/tampering.ts'

/**
 * One flipped bit anywhere in the ZIP. What may be flipped without being noticed are times, the system that made an entry, permissions,
 * the number of its disk and extra fields that say times again: none of it is in what is unpacked. Every tenth bit of the headers
 * was tried once by hand, with unzip and Python as judges of what is unpacked.
 */
test('one flipped bit is found by both, unless exactly the same files are unpacked', async () => {
  const folder = await temporaryFolder()
  const { root, files } = buildPack()
  const zip = await regularZip(root, files)
  const key = join(folder, 'key.pem')
  const { publicPem } = testKeys().organisation
  await writeFile(key, publicPem)
  const directory = zip.readUInt32LE(zip.length - 6)
  // Most of a ZIP is data, whose checksums speak for themselves: half of the bits are of headers.
  const anywhere = fc.sample(fc.nat(zip.length * 8 - 1), { numRuns: 60, seed: 20261123 })
  const headers = fc.sample(fc.integer({ min: directory * 8, max: zip.length * 8 - 1 }), {
    numRuns: 60,
    seed: 20261123,
  })
  const flips = [...new Set([...anywhere, ...headers])].map((bit) => {
    const file = join(folder, `${bit}.zip`)
    return { bit, file, key, previous: null, zip: flipBit(zip, Math.floor(bit / 8), bit % 8) }
  })
  for (const flip of flips) await writeFile(flip.file, flip.zip)
  const python = verifyWithPython(flips)
  const accepted: string[] = []
  const codes: number[] = []
  for (const { file } of flips) {
    const { exitCode } = await verifyPack({ file, key: publicPem, previous: null }, new AbortController().signal)
    codes.push(exitCode)
    if (exitCode !== 1) accepted.push(file)
  }
  expect((await python).map(({ exitCode }) => exitCode)).toEqual(codes)
  // Some are of the first kind, or nothing was shown.
  expect(accepted.length).toBeGreaterThan(0)
  expect(accepted.length).toBeLessThan(flips.length / 2)
  const expected = contentsOf(root, files)
  for (const contents of await unpacked(accepted)) expect(contents).toBe(expected)
}, 120_000)

function contentsOf(root: string, files: Files): string {
  const lines = [...files].map(([path, bytes]) => `${root}/${path} ${hex(bytes)}`)
  return lines.toSorted((one, other) => (one < other ? -1 : 1)).join('\n')
}

/** By a program that is neither of the verifiers. */
async function unpacked(zips: readonly string[]): Promise<readonly string[]> {
  const program = `
import hashlib, json, sys, zipfile
found = []
for name in sys.argv[1:]:
    with zipfile.ZipFile(name) as pack:
        lines = [entry.filename + ' ' + hashlib.sha256(pack.read(entry)).hexdigest() for entry in pack.infolist()]
    found.append('\\n'.join(sorted(lines)))
print(json.dumps(found))
`
  const { stdout } = await promisify(execFile)('python3', ['-c', program, ...zips], { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout) as readonly string[]
}
