import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import type { SealedLine, SealedStream } from '../../electron/core/seals.ts'
import type {
  Artefact,
  ArtefactWriter,
  Collected,
  EvidenceSources,
  TakenLine,
} from '../../electron/evidence/artefact.ts'
import type { PackRequest, StatementSigner } from '../../electron/evidence/pack/request.ts'
import { createMerkleTree, leafHash } from '../../shared/domain/evidence/merkle.ts'
import type { ArtefactId, Population } from '../../shared/domain/evidence/model.ts'
import type { SealedHead } from '../../shared/domain/evidence/seals.ts'
import { canonicalJson } from '../../shared/lib/canonical-json.ts'

/** A period of an hour, and packs made right after it. */
export const packPeriod = { from: Date.UTC(2026, 9, 1, 10), to: Date.UTC(2026, 9, 1, 11) }

export const wholePopulation: Population = {
  count: 3,
  method: 'test.counted',
  control: null,
  dropped: {},
  expected: 1,
  reporting: 1,
  gaps: [],
}

export function newKey(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return { privatePem: privateKey, publicPem: publicKey }
}

export function signerOf({ privatePem, publicPem }: ReturnType<typeof newKey>): StatementSigner {
  return {
    kind: 'file',
    name: 'org.pem',
    publicKey: publicPem,
    sign: async (bytes) => sign('sha256', bytes, createPrivateKey(privatePem)),
  }
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export function fingerprint(publicPem: string): string {
  return hexOf(sha256(createPublicKey(publicPem).export({ type: 'spki', format: 'der' })))
}

/** Heads over lines, each list one head of one stream, as the format says they are made. */
export function sealedLines(
  device: ReturnType<typeof newKey>,
  stream: SealedStream,
  heads: readonly (readonly string[])[],
): { readonly heads: readonly SealedHead[]; readonly lines: readonly (readonly SealedLine[])[] } {
  const made: SealedHead[] = []
  const lines = heads.map((texts, at): readonly SealedLine[] => {
    const number = at + 1
    const tree = createMerkleTree(sha256)
    const sealed = texts.map((text, index): SealedLine => {
      const leaf = leafHash(sha256, Buffer.from(text))
      tree.add(leaf)
      const time = packPeriod.from + at * 60_000 + index
      return {
        head: number,
        index,
        leaf: hexOf(leaf),
        line: text,
        changed: false,
        source: 'opa',
        at: time,
        receivedAt: time,
      }
    })
    const before = made.at(-1)
    const unsigned = {
      number,
      from: packPeriod.from + at * 60_000,
      to: packPeriod.from + (at + 1) * 60_000,
      sealedAt: packPeriod.from + (at + 1) * 60_000,
      streams: [{ stream, size: texts.length, root: hexOf(tree.root()) }],
      masking: 'mask-1',
      previous: before === undefined ? '0'.repeat(64) : hexOf(sha256(Buffer.from(canonicalJson(before)))),
      key: fingerprint(device.publicPem),
    }
    const text = `everyhop-head-v1\n${canonicalJson(unsigned)}`
    const signature = sign('sha256', Buffer.from(text), createPrivateKey(device.privatePem)).toString('base64')
    made.push({ ...unsigned, signature })
    return sealed
  })
  return { heads: made, lines }
}

/** An artefact that writes what a test says. */
export function artefactOf(
  id: ArtefactId,
  collect: (to: ArtefactWriter, signal: AbortSignal) => Promise<Partial<Collected> | undefined>,
): Artefact {
  return {
    id,
    governance: false,
    plan: () => Promise.reject(new Error('not asked for here')),
    async collect(_, __, to, signal) {
      const given = await collect(to, signal)
      return {
        sources: [{ source: 'opa', instance: 'opa-1', asked: 'all decisions' }],
        population: wholePopulation,
        result: { state: 'operated', reason: { code: 'result.operated', params: { count: 3 } } },
        limitations: [],
        ...given,
      }
    },
  }
}

export function takeAll(
  lines: readonly SealedLine[],
  isException: (line: SealedLine) => boolean = () => false,
): TakenLine[] {
  return lines.map((line) => ({ line, take: 'line', isException: isException(line) }))
}

/** A request for a pack of these artefacts, in which everything else is in order. */
export function packRequest(
  artefacts: readonly Artefact[],
  more: Partial<PackRequest> & Pick<PackRequest, 'signer' | 'deviceKey'>,
): PackRequest {
  let now = packPeriod.to
  return {
    packId: 'EP-2026-0001',
    period: packPeriod,
    artefacts,
    leftOut: [],
    purpose: null,
    sample: 5,
    nonce: { value: 'nonce', isOurs: false },
    operator: 'ada',
    console: 'everyhop 0.1.0',
    trustDomains: ['prod.example'],
    sources: { environment: 'prod-eu' } as EvidenceSources,
    heads: [],
    areSealsKept: true,
    watchGaps: [],
    masking: 'mask-1',
    previousPack: null,
    auditor: { readme: 'Read this.\n', verifier: 'print("verify")\n' },
    now: () => {
      now += 1
      return now
    },
    ...more,
  }
}
