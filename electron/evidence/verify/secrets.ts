import { giveBack } from '../../platform/give-back.ts'

/**
 * What looks like a credential, by how it is written: docs/formats/evidence-pack.md, "Secrets". Only what can hardly be anything else, as a
 * pack in which one is found is refused.
 */
const kinds: readonly { readonly kind: string; readonly pattern: RegExp }[] = [
  {
    kind: 'private-key',
    pattern: /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----/,
  },
  {
    kind: 'jwt',
    pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,16384}\.[A-Za-z0-9_-]{16,2048}/,
  },
  {
    kind: 'vault-token',
    pattern: /(?<![A-Za-z0-9_.-])hv[sbr]\.[A-Za-z0-9_-]{24,1024}/,
  },
  {
    kind: 'aws-access-key',
    pattern: /(?<![A-Za-z0-9_])A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9_])/,
  },
  {
    kind: 'bearer-token',
    pattern: /(?<![A-Za-z0-9_])[Bb]earer (?=[A-Za-z._~+/-]{0,4095}[0-9])[A-Za-z0-9._~+/-]{20,4096}/,
  },
  {
    kind: 'authorization-header',
    pattern: /[Aa]uthorization[\\"'\s:=]{1,8}[Bb]asic [A-Za-z0-9+/]{12,4096}/,
  },
  {
    kind: 'kubeconfig-key',
    pattern: /client-key-data["']?:\s{0,4}["']?[A-Za-z0-9+/=]{40,8192}/,
  },
]

/** Without one of these none of them is there: most texts are looked through only for that. */
const sign = /PRIVATE KEY-----|eyJ|hv[sbr]\.|A[KS]IA|[Bb]earer |[Bb]asic |client-key-data/

/** Longer than the longest of them: one that begins in a piece is seen whole with the next. */
const overlap = 24 * 1024

/** Looked through: every text that was written here. Bundles are kept byte for byte; the text of a PDF is compressed. */
export function isSearched(path: string): boolean {
  return path.startsWith('data/') && !path.endsWith('.pdf') && !/^data\/artefacts\/[^/]+\/bundles\//.test(path)
}

export interface SecretSearch {
  add(chunk: Buffer): void
  /** What was found until now; each kind once. */
  readonly found: ReadonlySet<string>
}

/** Looks through a text that comes in pieces, also across their borders. */
export function createSecretSearch(): SecretSearch {
  const found = new Set<string>()
  /** The end of what came before, and behind it the piece: one for all of them. */
  let room = Buffer.alloc(0)
  let kept = 0
  return {
    found,
    add(chunk) {
      const length = kept + chunk.length
      if (room.length < length) {
        const larger = Buffer.allocUnsafe(length + overlap)
        room.copy(larger, 0, 0, kept)
        giveBack(room)
        room = larger
      }
      chunk.copy(room, kept)
      const text = room.toString('latin1', 0, length)
      if (sign.test(text)) {
        for (const { kind, pattern } of kinds) if (!found.has(kind) && pattern.test(text)) found.add(kind)
      }
      const from = Math.max(0, length - overlap)
      room.copyWithin(0, from, length)
      kept = length - from
    },
  }
}
