import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLineFiles } from './line-files.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-lines-'))
})
afterEach(() => rm(folder, { recursive: true }))

const files = createLineFiles()
const small = createLineFiles({ packed: 2000, unpacked: 5000, line: 1000 })

async function linesOf(path: string, of = files): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of of.read(path)) lines.push(line)
  return lines
}

describe('a file of lines', () => {
  it('has the lines that were written, and nothing is left beside it', async () => {
    const path = join(folder, 'one')
    const lines = ['{"a":1}', '', 'ü 漢', 'x'.repeat(700_000)]
    const { bytes } = await files.write(path, lines)
    expect(await linesOf(path)).toEqual(lines)
    expect((await readFile(path)).length).toBe(bytes)
    expect(await readdir(folder)).toEqual(['one'])
  })

  it('is never written over another', async () => {
    const path = join(folder, 'one')
    await writeFile(path, 'somebody else’s')
    await expect(files.write(path, ['mine'])).rejects.toMatchObject({ code: 'exists' })
    expect(await readFile(path, 'utf8')).toBe('somebody else’s')
    expect(await readdir(folder)).toEqual(['one'])
  })

  it('of which the lines could not be made does not come to be', async () => {
    function* failing(): Generator<string> {
      yield 'x'.repeat(600_000)
      throw new Error('no more')
    }
    await expect(files.write(join(folder, 'one'), failing())).rejects.toThrow('no more')
    await expect(files.write(join(folder, 'none', 'one'), [])).rejects.toMatchObject({ code: 'not-found' })
    const large = small.write(join(folder, 'one'), ['x'.repeat(300_000)])
    await expect(large, 'what would not be read again').rejects.toMatchObject({ code: 'too-large' })
    expect(await readdir(folder)).toEqual([])
  })

  it('that was changed, cut or continued is damaged, wherever', async () => {
    const path = join(folder, 'one')
    await files.write(path, ['first line', 'second line'])
    const packed = await readFile(path)
    const text = gunzipSync(packed).toString()
    const others: readonly (readonly [string, Buffer])[] = [
      ['cut', packed.subarray(0, packed.length - 12)],
      ['half', packed.subarray(0, packed.length >> 1)],
      ['flipped', Buffer.from(packed.map((byte, at) => (at === packed.length - 20 ? byte ^ 1 : byte)))],
      ['other', gzipSync(text.replace('second', 'seconf'))],
      ['shorter', gzipSync(text.replace('second line\n', ''))],
      ['longer', gzipSync(`${text}third line\n`)],
      ['endless', gzipSync(text.slice(0, -1))],
      ['empty', gzipSync('')],
      ['nothing', Buffer.alloc(0)],
      ['text', Buffer.from('first line\n')],
    ]
    for (const [name, bytes] of others) {
      await writeFile(join(folder, name), bytes)
      await expect(linesOf(join(folder, name)), name).rejects.toMatchObject({
        name: 'LineFileFailure',
        code: 'damaged',
      })
    }
  })

  it('that is not there, no file, too large, or a bomb is refused by name', async () => {
    await expect(linesOf(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(linesOf(folder)).rejects.toMatchObject({ code: 'damaged' })
    const bomb = join(folder, 'bomb')
    await writeFile(bomb, gzipSync(Buffer.alloc(1_000_000, 'x\n')))
    await expect(linesOf(bomb, small)).rejects.toMatchObject({ code: 'too-large' })
    await writeFile(bomb, gzipSync('x'.repeat(3000)))
    await expect(linesOf(bomb, small)).rejects.toMatchObject({ code: 'too-large' })
    await writeFile(bomb, Buffer.alloc(3000))
    await expect(linesOf(bomb, small)).rejects.toMatchObject({ code: 'too-large' })
  })
})
