import { buildPack } from '../builders/evidence-pack.ts'
import { type RawEntry, rawEntries, rawZip } from '../builders/zip.ts'
import { after, before, bytesOf, json, sealedFile, type Tampering } from './tampering.ts'

/** What one program would read and another refuse, or read otherwise: an auditor must not get two verdicts of one pack. */

type Json = Record<string, unknown>
const root = 'EP-2026-0007'
const envelope = 'signatures/pack.dsse.json'

/** The envelope is the one file that no signature covers: another text of it, around a signature that is good. */
function envelopeOtherwise(what: string, change: (text: string) => string | Buffer): Tampering {
  return after(what, ['signature', 'envelope-malformed'], (files) => {
    files.set(envelope, Buffer.from(change(bytesOf(files, envelope).toString('latin1'))))
  })
}

/** More members, before those that count. */
const withMember = (name: string, value: string) => (text: string) => text.replace('{', `{"${name}":${value},`)

/** In index, statement and every meta.json alike: each says the same, and none of it can be. */
function everywhere(what: string, finds: Tampering['finds'], change: (value: Json) => void): Tampering {
  return before(what, finds, { index: change, predicate: change, meta: change })
}

/** ZIP64, twice: programs differ in which of them they take. */
const wideTwice = Buffer.concat(
  [0, 1].map((kind) => {
    const field = Buffer.alloc(4 + 16)
    field.writeUInt16LE(1, 0)
    field.writeUInt16LE(16, 2)
    field.writeBigUInt64LE(BigInt(kind), 4)
    return field
  }),
)

function entry(what: string, finds: Tampering['finds'], path: string, change: Partial<RawEntry>): Tampering {
  return {
    what,
    finds,
    zip: () =>
      rawZip(
        rawEntries(root, buildPack().files).map((each) =>
          each.name === `${root}/${path}` ? { ...each, ...change } : each,
        ),
      ),
  }
}

export const tamperedReadings: readonly Tampering[] = [
  envelopeOtherwise('the envelope has a note that nobody signed', withMember('note', '"checked by the regulator"')),
  envelopeOtherwise('the envelope has a note that is no UTF-8', (text) => {
    return Buffer.from(withMember('note', '"\xff"')(text), 'latin1')
  }),
  envelopeOtherwise('the envelope is nested deeply', withMember('note', `${'['.repeat(50_000)}${']'.repeat(50_000)}`)),
  envelopeOtherwise('the envelope has a number that is too long for some', withMember('note', '1'.repeat(6000))),
  envelopeOtherwise('the envelope has another payload first', withMember('payload', '"e30="')),
  envelopeOtherwise('the envelope has another payload first, by an escape', withMember('p\\u0061yload', '"e30="')),
  envelopeOtherwise('the signature has a note', (text) => text.replace('"sig":', '"note":"x","sig":')),
  envelopeOtherwise('the envelope begins with a byte order mark', (text) => Buffer.from(`\ufeff${text}`)),
  after(
    'the signature is longer than any',
    ['signature', 'envelope-malformed'],
    json(envelope, (value) => {
      const [signature] = value['signatures'] as { sig: string }[]
      if (signature !== undefined) signature.sig = 'AAAA'.repeat(1025)
    }),
  ),
  entry('an extra field comes twice', ['container', 'entry-header'], sealedFile, { extra: wideTwice }),
  entry('an entry is strongly encrypted', ['container', 'directory-malformed'], sealedFile, { flags: 0x40 }),
  entry('a file is deflated to nothing at all', ['payload-manifest', 'entry-corrupt'], 'data/custody.ndjson', {
    bytes: Buffer.alloc(0),
    method: 8,
    stored: true,
  }),
  everywhere('it was made on a day that there is not', ['statement', 'statement-malformed'], (value) => {
    value['createdAt'] = '2026-02-30T00:00:00Z'
  }),
  everywhere('it was made at an hour that there is not', ['statement', 'statement-malformed'], (value) => {
    value['createdAt'] = '2026-02-03T24:00:00Z'
  }),
  everywhere('it was made in digits that some read', ['statement', 'statement-malformed'], (value) => {
    value['createdAt'] = '\u0662026-02-03T00:00:00Z'
  }),
  everywhere('the environment has a name too long', ['statement', 'statement-malformed'], (value) => {
    value['environment'] = 'e'.repeat(201)
  }),
  before('a head has the same stream twice', ['chain', 'head-malformed'], {
    head: (head) => {
      const streams = head['streams'] as Json[]
      head['streams'] = [...streams, ...streams]
    },
  }),
  before('a count is larger than some can hold', ['schema', 'schema-invalid'], {
    payload(files) {
      const path = 'data/artefacts/01-policy-definitions/meta.json'
      const text = bytesOf(files, path)
        .toString()
        .replace('"upload":0', `"upload":-${'9'.repeat(400)}`)
      files.set(path, Buffer.from(text))
    },
  }),
  before('a name means something to a program', ['schema', 'schema-invalid'], {
    payload(files) {
      const path = 'data/artefacts/01-policy-definitions/meta.json'
      const text = bytesOf(files, path).toString().replace('"upload":0', '"__proto__":5')
      files.set(path, Buffer.from(text))
    },
  }),
]
