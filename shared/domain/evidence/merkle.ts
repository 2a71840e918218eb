/**
 * Merkle trees of RFC 6962, 2.1: leaf = H(0x00 ‖ line), node = H(0x01 ‖ left ‖ right), the tree of no leaves is H of nothing.
 * SHA-256 is given, because this code knows no platform: it must not keep the bytes it is given, which are used again.
 */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** Bytes of a hash. */
const hashBytes = 32

export interface MerkleTree {
  readonly size: number
  /** `leaf` is a leaf hash, 32 bytes. */
  add(leaf: Uint8Array): void
  /** Of what was added until now; more can be added after. */
  root(): Uint8Array
}

/** Hash of one line: its exact bytes, without the line break. */
export function leafHash(sha256: Sha256, line: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(line.length + 1)
  bytes.set(line, 1)
  return sha256(bytes)
}

/** A root of any number of leaves while they pass by: it keeps one hash for each level. */
export function createMerkleTree(sha256: Sha256): MerkleTree {
  const node = nodeHasher(sha256)
  /** By level: the root of a whole subtree of 2^level leaves that waits for its right neighbour. */
  const waiting: (Uint8Array | null)[] = []
  let size = 0
  return {
    get size() {
      return size
    },
    add(leaf) {
      if (leaf.length !== hashBytes) throw new RangeError(`a leaf hash has ${hashBytes} bytes, not ${leaf.length}`)
      let whole: Uint8Array = leaf
      let level = 0
      for (;;) {
        const left = waiting[level] ?? null
        if (left === null) break
        whole = node(left, whole)
        waiting[level] = null
        level += 1
      }
      waiting[level] = whole
      size += 1
    },
    root() {
      let right: Uint8Array | null = null
      for (const left of waiting) {
        if (left !== null) right = right === null ? left : node(left, right)
      }
      return right ?? sha256(new Uint8Array(0))
    },
  }
}

/** Audit path of RFC 6962, 2.1.1: the hashes beside the way from a leaf to the root, from below. Throws a RangeError. */
export function inclusionProof(sha256: Sha256, leaves: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
    throw new RangeError(`a tree of ${leaves.length} leaves has no leaf ${index}`)
  }
  const path: Uint8Array[] = []
  let from = 0
  let to = leaves.length
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    const isLeft = index < middle
    path.push(rootOf(sha256, leaves, isLeft ? middle : from, isLeft ? to : middle))
    if (isLeft) to = middle
    else from = middle
  }
  return path.toReversed()
}

/** The root that a proof leads to; null: it has another length than that of a leaf at this place. RFC 9162, 2.1.3.2. */
export function rootOfProof(
  sha256: Sha256,
  { leaf, index, size }: { readonly leaf: Uint8Array; readonly index: number; readonly size: number },
  proof: readonly Uint8Array[],
): Uint8Array | null {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return null
  const node = nodeHasher(sha256)
  let at = index
  let last = size - 1
  let root = leaf
  for (const beside of proof) {
    if (last === 0 || beside.length !== hashBytes) return null
    if (at % 2 === 1 || at === last) {
      root = node(beside, root)
      // A level at which it has no neighbour on its right is skipped.
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2)
        last = Math.floor(last / 2)
      }
    } else {
      root = node(root, beside)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? root : null
}

/** The largest power of two below `size`. */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

function rootOf(sha256: Sha256, leaves: readonly Uint8Array[], from: number, to: number): Uint8Array {
  const tree = createMerkleTree(sha256)
  for (let at = from; at < to; at += 1) {
    const leaf = leaves[at]
    if (leaf !== undefined) tree.add(leaf)
  }
  return tree.root()
}

/** One buffer for all nodes of a tree. */
function nodeHasher(sha256: Sha256): (left: Uint8Array, right: Uint8Array) => Uint8Array {
  const bytes = new Uint8Array(1 + 2 * hashBytes)
  bytes[0] = 1
  return (left, right) => {
    bytes.set(left, 1)
    bytes.set(right, 1 + hashBytes)
    return sha256(bytes)
  }
}
