import { gzipSync } from 'node:zlib'
import { packTar, type TarEntry } from 'modern-tar'
import { expect, test } from 'vitest'
import { readBundle, refusedPath } from './bundle-archive.ts'

async function bundle(entries: TarEntry[]): Promise<Uint8Array> {
  return gzipSync(await packTar(entries))
}

function file(name: string, text: string): TarEntry {
  return { header: { name, size: Buffer.byteLength(text) }, body: text }
}

test('a bundle gives its revision, roots, signature and files', async () => {
  const bytes = await bundle([
    file('/.manifest', '{"revision":"r42","roots":["pipeline"],"rego_version":1}'),
    file('/.signatures.json', '{"signatures":["a.b.c"]}'),
    file('/pipeline/authz.rego', 'package pipeline.authz'),
    file('./data.json', '{}'),
  ])
  const read = await readBundle(bytes)
  expect(read).toMatchObject({ revision: 'r42', roots: ['pipeline'], signature: 'a.b.c', problems: [] })
  expect([...read.files.keys()]).toEqual(['pipeline/authz.rego', 'data.json'])
  expect(read.digest).toMatch(/^[0-9a-f]{64}$/)
})

test('what leads out of it, links, and what is there twice is left out and said', async () => {
  const read = await readBundle(
    await bundle([
      file('../../etc/passwd', 'x'),
      file('/a/../../b.rego', 'x'),
      file('//c.rego', 'x'),
      file('d\u0000.rego', 'x'),
      { header: { name: 'link.rego', size: 0, type: 'symlink', linkname: '/etc/passwd' } },
      { header: { name: 'hard.rego', size: 0, type: 'link', linkname: 'a.rego' } },
      file('a.rego', 'package first'),
      file('/a.rego', 'package second'),
      file('a.rego/b.rego', 'package third'),
    ]),
  )
  expect([...read.files.keys()].filter((path) => refusedPath(path) !== null)).toEqual([])
  expect(read.files.has('link.rego') || read.files.has('hard.rego') || read.files.has('a.rego/b.rego')).toBe(false)
  expect(new TextDecoder().decode(read.files.get('a.rego'))).toBe('package first')
  expect(read.problems.join('\n')).toMatch(/leads out[\s\S]*symlink[\s\S]*link[\s\S]*twice[\s\S]*file and a folder/)
})

test('what is no bundle, is cut off, or blows up is refused in words', async () => {
  const good = await bundle([file('a.rego', 'x'.repeat(5_000))])
  await expect(readBundle(new TextEncoder().encode('<html>'))).rejects.toThrow(/not gzip/)
  await expect(readBundle(good.subarray(0, good.length - 20))).rejects.toThrow(/cannot be unpacked/)
  await expect(readBundle(gzipSync('no tar at all, but long enough to look like one'.repeat(40)))).rejects.toThrow(
    /no whole tar/,
  )
  const limits = { bytes: 1024 ** 2, contentBytes: 64 * 1024, files: 10 }
  await expect(readBundle(gzipSync(Buffer.alloc(10 * 1024 ** 2)), limits)).rejects.toThrow(/unpacks to more than/)
  await expect(readBundle(new Uint8Array(2 * 1024 ** 2), limits)).rejects.toThrow(/larger than 1 MB/)
  const many = Array.from({ length: 11 }, (_none, index) => file(`${index}.rego`, ''))
  await expect(readBundle(await bundle(many), limits)).rejects.toThrow(/more than 10 files/)
})

test('a manifest or signature that is not understood is a problem, not a failure', async () => {
  const read = await readBundle(await bundle([file('.manifest', '{"revision":7}'), file('.signatures.json', '[]')]))
  expect(read).toMatchObject({ revision: '', roots: [], signature: null })
  expect(read.problems).toHaveLength(2)
})
