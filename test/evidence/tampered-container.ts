import { buildPack, type Files } from '../builders/evidence-pack.ts'
import { type RawEntry, rawEntries, rawZip } from '../builders/zip.ts'
import { bytesOf, sealedFile, type Tampering } from './tampering.ts'

const root = 'EP-2026-0007'

/** The ZIP itself, byte by byte; what it holds is signed and true. */
function container(
  what: string,
  code: string,
  change: (entries: RawEntry[], files: Files) => readonly RawEntry[],
  options: Parameters<typeof rawZip>[1] = {},
): Tampering {
  return {
    what,
    finds: ['container', code],
    zip() {
      const { files } = buildPack()
      return rawZip(change(rawEntries(root, files), files), options)
    },
  }
}

function bytes(what: string, code: string, change: (zip: Buffer) => Buffer): Tampering {
  return { what, finds: ['container', code], zip: () => change(rawZip(rawEntries(root, buildPack().files))) }
}

/** One entry of the pack otherwise. */
function one(path: string, change: Partial<RawEntry>): (entries: RawEntry[]) => RawEntry[] {
  return (entries) => entries.map((entry) => (entry.name === `${root}/${path}` ? { ...entry, ...change } : entry))
}

const add = (entry: RawEntry): ((entries: RawEntry[]) => RawEntry[]) => {
  return (entries) => [...entries, entry]
}
const small = Buffer.from('x')
/** Info-ZIP's Unicode path. */
const otherName = Buffer.concat([Buffer.from([0x75, 0x70, 8, 0, 1, 0, 0, 0, 0]), Buffer.from('abc')])
const zeros = Buffer.alloc(24 * 1024 * 1024)

export const tamperedContainers: readonly Tampering[] = [
  container('a file is a symbolic link', 'entry-kind', one(sealedFile, { mode: 0o120777 })),
  container('a file is a device', 'entry-kind', one(sealedFile, { mode: 0o020666 })),
  container(
    'there is an entry for a folder',
    'entry-kind',
    add({ name: `${root}/data/`, bytes: Buffer.alloc(0), stored: true }),
  ),
  ...[
    `${root}/../../etc/passwd`,
    '../escape.txt',
    '/etc/passwd',
    `${root}/data/..`,
    `${root}//data/x`,
    `${root}/data\\x`,
    'C:/windows/x',
    `${root}/data/c:x`,
    `${root}/data/Upper.json`,
    `${root}/data/sp ace`,
    `${root}/data/\u00e9`,
    `${root}/data/nul\0.txt`,
    `${root}/.hidden`,
    `${root}/data/${'a'.repeat(150)}`,
    'no-folder.txt',
  ].map((name) =>
    container(`a path is ${JSON.stringify(name.slice(0, 40))}`, 'entry-path', add({ name, bytes: small })),
  ),
  container('a file stands where a folder is', 'entry-path', add({ name: `${root}/data`, bytes: small })),
  container('there are two root folders', 'roots', add({ name: 'EP-2026-0008/data/x', bytes: small })),
  container('there is nothing in it', 'roots', () => []),
  container('a file is there twice', 'entry-twice', (entries) => [...entries, ...entries.slice(0, 1)]),
  container(
    'a file is there twice, with other contents',
    'entry-twice',
    add({ name: `${root}/${sealedFile}`, bytes: small }),
  ),
  container('two names differ only in case', 'entry-case', add({ name: `${root}/readme.txt`, bytes: small })),
  container('an entry is encrypted', 'entry-encrypted', one(sealedFile, { flags: 1 })),
  container('an entry is compressed in another way', 'entry-method', one(sealedFile, { method: 12 })),
  container(
    'a file outside the payload is too large',
    'entry-size',
    one('README.txt', { bytes: zeros, stored: false }),
  ),
  container('a document is declared larger than may be held', 'entry-size', one('data/index.json', { size: 2 ** 31 })),
  container(
    'the local header has another name',
    'entry-header',
    one(sealedFile, { localName: `${root}/${sealedFile.replace('11', '13')}` }),
  ),
  container(
    'an entry lies over another',
    'entry-overlap',
    add({ name: `${root}/data/x`, bytes: small, overlaps: true }),
  ),
  container('bytes lie between two entries', 'data-around', one(sealedFile, { padding: Buffer.from('hidden') })),
  container('the ZIP has a comment', 'data-around', (entries) => entries, { comment: 'trust me' }),
  container('the directory counts fewer entries', 'directory-malformed', (entries) => entries, { count: 5 }),
  container('the directory counts more entries', 'directory-malformed', (entries) => entries, { count: 500 }),
  container('an entry asks for a later version', 'entry-header', one(sealedFile, { version: 63 })),
  container('a second name, which some programs take', 'entry-header', one(sealedFile, { extra: otherName })),
  container('an extra field has no end', 'directory-malformed', one(sealedFile, { extra: Buffer.from([1, 0, 99, 0]) })),
  bytes('bytes are put before it', 'data-around', (zip) => Buffer.concat([Buffer.from('#!/bin/sh\n'), zip])),
  bytes('bytes are put behind it', 'data-around', (zip) => Buffer.concat([zip, Buffer.from('more')])),
  bytes('two packs lie one behind the other', 'data-around', (zip) => Buffer.concat([zip, zip])),
  bytes('its end is cut off', 'not-a-zip', (zip) => zip.subarray(0, Math.floor(zip.length / 2))),
  bytes('its last byte is cut off', 'data-around', (zip) => zip.subarray(0, -1)),
  bytes('it is empty', 'not-a-zip', () => Buffer.alloc(0)),
  bytes('it is a text', 'not-a-zip', () => Buffer.from('this is not a ZIP, however long it may be\n')),
  bytes('it is only an end', 'roots', (zip) => {
    const end = Buffer.from(zip.subarray(-22))
    end.fill(0, 4)
    return end
  }),
]

/** ZIPs whose table of contents is regular, and whose files are not what it says. */
export const tamperedEntries: readonly Tampering[] = [
  {
    what: 'a bomb is added, and says how large it is',
    finds: ['payload-manifest', 'payload-oxum'],
    zip: () => rawZip(add({ name: `${root}/data/bomb.ndjson`, bytes: zeros })(rawEntries(root, buildPack().files))),
  },
  {
    what: 'a file is a bomb that says it is small',
    finds: ['payload-manifest', 'entry-corrupt'],
    zip() {
      const { files } = buildPack()
      const size = bytesOf(files, sealedFile).length
      return rawZip(one(sealedFile, { bytes: zeros, stored: false, size })(rawEntries(root, files)))
    },
  },
  {
    what: 'the envelope is a bomb that says it is small',
    finds: ['signature', 'entry-corrupt'],
    zip: () =>
      rawZip(
        one('signatures/pack.dsse.json', { bytes: zeros, stored: false, size: 900 })(
          rawEntries(root, buildPack().files),
        ),
      ),
  },
  {
    what: 'a file is smaller than it says',
    finds: ['payload-manifest', 'entry-corrupt'],
    zip() {
      const { files } = buildPack()
      const size = bytesOf(files, sealedFile).length
      return rawZip(one(sealedFile, { bytes: small, stored: false, size })(rawEntries(root, files)))
    },
  },
  {
    what: 'the checksum of a file is another',
    finds: ['payload-manifest', 'entry-corrupt'],
    zip: () => rawZip(one(sealedFile, { crc: 7 })(rawEntries(root, buildPack().files))),
  },
  {
    what: 'a file is not deflated as it says',
    finds: ['payload-manifest', 'entry-corrupt'],
    zip: () => rawZip(one(sealedFile, { method: 8, stored: true })(rawEntries(root, buildPack().files))),
  },
]
