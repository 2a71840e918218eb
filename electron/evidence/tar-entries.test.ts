import { gunzipSync } from 'node:zlib'
import { packTar, type TarEntry } from 'modern-tar'
import { describe, expect, test } from 'vitest'
import { tarArchive } from '../../test/builders/tar-archive.ts'
import { tarFiles } from './tar-entries.ts'

const wanted = ['.manifest', '.signatures.json']

async function found(tar: Uint8Array): Promise<readonly (readonly [string, string])[]> {
  return (await tarFiles(tar, wanted)).map(({ name, data }) => [name, Buffer.from(data).toString()])
}

function file(name: string, body: string, more: Partial<TarEntry['header']> = {}): TarEntry {
  return { header: { name, size: Buffer.byteLength(body), type: 'file', ...more }, body }
}

describe('files of an archive', () => {
  test('are those that were asked for, however OPA or tar write their names', async () => {
    const tar = await packTar([
      file('/.manifest', '{}'),
      file('/policy.rego', 'package a'),
      file('./.signatures.json', '[]'),
    ])
    expect(await found(tar)).toEqual([
      ['.manifest', '{}'],
      ['.signatures.json', '[]'],
    ])
    expect(await found(gunzipSync(tarArchive({ '/.manifest': '' })))).toEqual([['.manifest', '']])
  })

  test('are not those of a folder, also where it stands apart from the name, and no links', async () => {
    const deep = `${'deep/'.repeat(25)}.manifest`
    expect(deep.length).toBeGreaterThan(100)
    const link: TarEntry = { header: { name: '.manifest', size: 0, type: 'symlink', linkname: '/etc/passwd' } }
    expect(
      await found(await packTar([file(deep, '{"revision":"inner"}'), file('other/.manifest', '{}'), link])),
    ).toEqual([])
  })

  test.each([
    ['what is none', () => Buffer.from('x'.repeat(2000))],
    ['one that is cut in a file', (tar: Buffer) => tar.subarray(0, 512 + 100)],
    ['one that is cut in a header', (tar: Buffer) => tar.subarray(0, 100)],
    ['a header that was changed', (tar: Buffer) => changed(tar, 0, 'X')],
    ['a size beyond the end', (tar: Buffer) => changed(tar, 124, '77777777777')],
  ])('%s is refused', async (_, broken) => {
    const tar = Buffer.from(await packTar([file('.manifest', 'x'.repeat(600))]))
    await expect(tarFiles(broken(tar), wanted)).rejects.toThrow()
  })
})

function changed(tar: Buffer, at: number, text: string): Buffer {
  tar.write(text, at)
  return tar
}
