import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMerkleTree, inclusionProof, leafHash, rootOfProof } from './merkle.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'))

/** Leaves and roots that implementations of Certificate Transparency are tested with. */
const reference = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const leaves = reference.map((line) => leafHash(sha256, Buffer.from(line, 'hex')))

function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const tree = createMerkleTree(sha256)
  for (const hash of hashes) tree.add(hash)
  expect(tree.size).toBe(hashes.length)
  return tree.root()
}

test.each([
  [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  [5, '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
])('the root of the first %d reference leaves of Certificate Transparency is theirs', (size, root) => {
  expect(hex(rootOf(leaves.slice(0, size)))).toBe(root)
})

test('the path of the first of eight reference leaves is that of Certificate Transparency', () => {
  expect(inclusionProof(sha256, leaves, 0).map(hex)).toEqual([
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ])
})

/** The definition of RFC 6962, 2.1, word for word. */
function definition(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes
  if (only === undefined) return sha256(new Uint8Array(0))
  if (hashes.length === 1) return only
  let split = 1
  while (split * 2 < hashes.length) split *= 2
  return sha256(Buffer.concat([Buffer.of(1), definition(hashes.slice(0, split)), definition(hashes.slice(split))]))
}

const someLeaves = fc
  .array(fc.uint8Array({ maxLength: 4 }), { minLength: 1, maxLength: 70 })
  .map((lines) => lines.map((line) => leafHash(sha256, line)))

test('a streamed root is that of the definition, and asking for it on the way changes nothing', () => {
  fc.assert(
    fc.property(someLeaves, (hashes) => {
      const tree = createMerkleTree(sha256)
      for (const hash of hashes) {
        tree.add(hash)
        tree.root()
      }
      expect(hex(tree.root())).toBe(hex(definition(hashes)))
    }),
  )
})

test('every leaf has a path to the root, and to no root of another leaf, place, size or path', () => {
  fc.assert(
    fc.property(someLeaves, fc.nat(), fc.nat(), (hashes, seed, other) => {
      const index = seed % hashes.length
      const size = hashes.length
      const [leaf = new Uint8Array()] = hashes.slice(index)
      const root = hex(rootOf(hashes))
      const proof = inclusionProof(sha256, hashes, index)
      expect(proof.length).toBeLessThanOrEqual(Math.ceil(Math.log2(Math.max(size, 2))))
      expect(hex(rootOfProof(sha256, { leaf, index, size }, proof))).toBe(root)

      const changed = leaf.slice()
      changed[other % 32] = (changed[other % 32] ?? 0) ^ (1 << (other % 8))
      expect(hex(rootOfProof(sha256, { leaf: changed, index, size }, proof))).not.toBe(root)
      expect(rootOfProof(sha256, { leaf, index, size }, [...proof, leaf])).toBeNull()
      if (proof.length > 0) expect(rootOfProof(sha256, { leaf, index, size }, proof.slice(1))).toBeNull()
    }),
  )
})

test('what is no leaf of a tree has no path', () => {
  const [leaf = new Uint8Array()] = leaves
  expect(() => inclusionProof(sha256, leaves, 8)).toThrow('no leaf 8')
  expect(() => inclusionProof(sha256, [], 0)).toThrow('no leaf 0')
  expect(rootOfProof(sha256, { leaf, index: 8, size: 8 }, [])).toBeNull()
  expect(rootOfProof(sha256, { leaf, index: 0, size: 2 }, [leaf.slice(1)])).toBeNull()
  expect(() => createMerkleTree(sha256).add(leaf.slice(1))).toThrow('32 bytes')
})
