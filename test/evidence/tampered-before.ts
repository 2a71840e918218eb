import type { ArtefactId } from '../../shared/domain/evidence/model.ts'
import { buildPack, decisionLines } from '../builders/evidence-pack.ts'
import { hex, newKeyPair, signedHead, testKeys } from '../builders/evidence-parts.ts'
import {
  before,
  bytesOf,
  decisions,
  json,
  lines,
  mixedFile,
  sealedFile,
  type Tampering,
  withheldFile,
  zipOf,
} from './tampering.ts'

type Json = Record<string, unknown>
const member = (value: Json, name: string): Json => value[name] as Json
const otherDevice = newKeyPair()
const headsFile = 'data/heads.ndjson'

/** A change of `meta.json` of one artefact. */
function meta(id: ArtefactId, change: (meta: Json) => void) {
  return (value: Json, of: ArtefactId): void => {
    if (of === id) change(value)
  }
}

/** policy-definitions says that it operated, whatever its population says. */
function operatedThough(what: string, population: Json): Tampering {
  return before(`an artefact operated though ${what}`, ['artefacts', 'state-rule'], {
    meta: meta('policy-definitions', (value) => Object.assign(member(value, 'population'), population)),
    predicate: (predicate) => (predicate['gaps'] = population['gaps'] === undefined ? 0 : 1),
  })
}

/** The same change of every head, signed again by `device`. */
function resigned(line: string, device = testKeys().device, change: (head: Json) => void = () => {}): string {
  const { signature: _, ...head } = JSON.parse(line) as Json
  change(head)
  return signedHead(head, device)
}

const gap = { source: 'opa', from: 1, to: 2, why: 'silent', detail: '' }

/** Done by whoever makes packs, and signed with the organisation's key: only what the pack says of itself gives it away. */
export const tamperedBefore: readonly Tampering[] = [
  operatedThough('it has a gap', { gaps: [gap] }),
  operatedThough('not all reported', { reporting: 2 }),
  operatedThough('nobody knows who reported', { reporting: null }),
  operatedThough('records were dropped', { dropped: { rate: 3 } }),
  operatedThough('another source counted more', { control: { value: 5, source: 'envoy', difference: 3 } }),
  operatedThough('nobody knows how many there were', { count: null }),
  operatedThough('nothing was seen, and nobody is known to have told', { count: 0, expected: null, reporting: null }),
  before('an artefact operated though it has exceptions', ['artefacts', 'state-rule'], {
    meta: meta('decisions', (value) => (member(value, 'result')['state'] = 'operated')),
  }),
  before('an artefact with exceptions was not evaluated', ['artefacts', 'state-rule'], {
    meta: meta('decisions', (value) => (member(value, 'result')['state'] = 'not-evaluated')),
  }),
  before('counts say more than there are lines, everywhere alike', ['artefacts', 'figure-differs'], {
    meta: meta('decisions', (value) => {
      value['records'] = Number(value['records']) + 1
      member(value, 'merkle')['size'] = value['records']
    }),
  }),
  before('a file has another number of lines than it says', ['artefacts', 'line-count'], {
    meta: meta('decisions', (value) => {
      const [file] = value['files'] as Json[]
      if (file !== undefined) file['lines'] = 21
    }),
  }),
  before('another Merkle root is stated everywhere', ['artefacts', 'merkle-root'], {
    meta: meta('policy-definitions', (value) => (member(value, 'merkle')['root'] = hex(Buffer.from('other')))),
  }),
  before('the difference from a control total is made small', ['artefacts', 'figure-differs'], {
    meta: meta('decisions', (value) => {
      member(value, 'population')['control'] = { value: 99, source: 'envoy', difference: 0 }
    }),
  }),
  before('a difference from a control total is below zero', ['artefacts', 'figure-differs'], {
    meta: meta('decisions', (value) => {
      member(value, 'population')['control'] = { value: 3, source: 'envoy', difference: -30 }
    }),
  }),
  before('the index says fewer exceptions than the artefact', ['artefacts', 'figure-differs'], {
    index: (index) => {
      for (const artefact of index['artefacts'] as Json[]) artefact['exceptions'] = 0
    },
  }),
  before('a gap is left out of the index', ['artefacts', 'figure-differs'], {
    gaps: true,
    index: (index) => {
      for (const artefact of index['artefacts'] as Json[]) artefact['gaps'] = 0
    },
  }),
  before('the statement does not count the gaps', ['artefacts', 'index-differs'], {
    gaps: true,
    predicate: (predicate) => (predicate['gaps'] = 0),
  }),
  before('the statement says another state', ['artefacts', 'index-differs'], {
    predicate: (predicate) => {
      const [artefact] = predicate['artefacts'] as Json[]
      if (artefact !== undefined) artefact['state'] = 'exception'
    },
  }),
  before('index and statement name different people', ['artefacts', 'index-differs'], {
    predicate: (predicate) => (predicate['operator'] = 'somebody else'),
  }),
  before('an artefact is of another period', ['artefacts', 'figure-differs'], {
    meta: meta('decisions', (value) => (member(value, 'period')['to'] = '2026-11-24T00:00:00.000Z')),
  }),
  before('sidecars of two artefacts are swapped', ['artefacts', 'figure-differs'], {
    payload(files) {
      const one = 'data/artefacts/01-policy-definitions/meta.json'
      const other = `${decisions}/meta.json`
      const [first, second] = [bytesOf(files, one), bytesOf(files, other)]
      files.set(one, second).set(other, first)
    },
  }),
  before('an artefact stands in the folder of another', ['artefacts', 'artefact-folder'], {
    index: (index) => {
      const [artefact] = index['artefacts'] as Json[]
      if (artefact !== undefined) artefact['folder'] = '02-svid-issuance'
    },
  }),
  before('lines lie in a file that nothing names', ['artefacts', 'file-unnamed'], {
    payload: (files) => files.set(`${decisions}/more.ndjson`, Buffer.from('{}\n')),
  }),
  before('an artefact lies there that the index does not name', ['artefacts', 'file-unnamed'], {
    payload: (files) => files.set('data/artefacts/09-diagnoses/meta.json', Buffer.from('{}')),
  }),
  before('one file is named twice', ['artefacts', 'file-named-twice'], {
    meta: meta('policy-definitions', (value) => {
      const [file] = value['files'] as Json[]
      value['files'] = [file, file]
    }),
  }),
  before('a file that is named is not there', ['artefacts', 'named-file-missing'], {
    payload: (files) => files.delete(mixedFile),
  }),
  before('the last line has no end', ['artefacts', 'line-malformed'], {
    payload: (files) => files.set(sealedFile, bytesOf(files, sealedFile).subarray(0, -1)),
  }),
  before('there is an empty line', ['artefacts', 'line-malformed'], {
    payload: lines(sealedFile, (all) => all.with(2, '')),
  }),
  before('a line is longer than a line may be', ['artefacts', 'line-too-long'], {
    payload: lines(mixedFile, (all) => [...all, `{"a":"${'x'.repeat(1024 * 1024)}"}`]),
  }),
  before('what was sealed is changed before it is packed', ['seals', 'sealed-root'], {
    head: (head) => {
      const [stream] = head['streams'] as Json[]
      if (head['number'] === 11 && stream !== undefined) stream['root'] = hex(Buffer.from('as it was'))
    },
  }),
  before('a sealed line is left out, and not named as withheld', ['seals', 'sealed-size'], {
    head: (head) => {
      const [stream] = head['streams'] as Json[]
      if (head['number'] === 11 && stream !== undefined) stream['size'] = 21
    },
  }),
  before('a withheld leaf is taken out', ['seals', 'withheld-malformed'], {
    payload: lines(withheldFile, (all) => all.slice(1)),
  }),
  before('withheld leaves are in disorder', ['seals', 'withheld-malformed'], {
    payload: lines(withheldFile, (all) => all.toReversed()),
  }),
  before('a withheld leaf lies where there is no place', ['seals', 'withheld-malformed'], {
    payload: lines(withheldFile, (all) => [...all, `{"i":9999,"leaf":"${'0'.repeat(64)}"}`]),
  }),
  before('a file names a head that is not in the pack', ['seals', 'sealed-head-unknown'], {
    meta: meta('decisions', (value) => {
      for (const file of value['files'] as Json[]) member(file, 'sealed')['head'] = 99
    }),
  }),
  before('the chain of heads is cut at its end', ['chain', 'chain-ends'], {
    payload: lines(headsFile, (all) => all.slice(0, -1)),
  }),
  before('the chain of heads is cut at its beginning', ['chain', 'chain-ends'], {
    payload: lines(headsFile, (all) => all.slice(1)),
  }),
  before('a head is taken out of the chain', ['chain', 'head-number'], {
    heads: (all) => all.toSpliced(1, 1),
  }),
  before('a head is changed and signed again', ['chain', 'head-previous'], {
    heads: (all) =>
      all.with(
        1,
        resigned(all[1] ?? '', testKeys().device, (head) => (head['masking'] = 'none')),
      ),
  }),
  before('a head is signed by another device', ['chain', 'head-signature'], {
    heads: (all) => all.with(2, resigned(all[2] ?? '', otherDevice)),
  }),
  before('a head names another device', ['chain', 'head-key'], {
    heads: (all) =>
      all.with(
        2,
        resigned(all[2] ?? '', otherDevice, (head) => (head['key'] = otherDevice.fingerprint)),
      ),
  }),
  before('a head is written otherwise than it was signed', ['chain', 'head-malformed'], {
    heads: (all) => all.with(2, JSON.stringify(JSON.parse(all[2] ?? ''), null, 1).replaceAll('\n', ' ')),
  }),
  before('there are heads of which the statement says nothing', ['chain', 'chain-ends'], {
    index: (index) => (index['heads'] = null),
    predicate: (predicate) => (predicate['heads'] = null),
  }),
  before('the sample has another line than was drawn', ['sample', 'sample-lines'], {
    payload: lines(`${decisions}/sample.ndjson`, (all) =>
      all.with(0, decisionLines(1)[0] === all[0] ? '{}' : (decisionLines(1)[0] ?? '')),
    ),
  }),
  before('the maker of the pack chose the sample', ['sample', 'sample-drawn'], {
    meta: meta('decisions', (value) => (member(value, 'sample')['indexes'] = [0, 1, 2, 3, 4])),
  }),
  before('more was to be drawn than there is', ['sample', 'sample-drawn'], {
    meta: meta('decisions', (value) => (member(value, 'sample')['count'] = 900)),
  }),
  before('the seed of the sample is not that of root and nonce', ['sample', 'sample-seed'], {
    meta: meta('decisions', (value) => (member(value, 'sample')['nonce'] = 'chosen by the maker')),
  }),
  before('the sample is gone', ['artefacts', 'named-file-missing'], {
    payload: (files) => files.delete(`${decisions}/sample.ndjson`),
  }),
  before('the summary has other figures', ['artefacts', 'summary-differs'], {
    payload: lines('data/summary.csv', (all) => all.map((line) => line.replace(/exception,\d+,2/, 'exception,99,2'))),
  }),
  before('the summary is no table', ['artefacts', 'table-malformed'], {
    payload: lines('data/summary.csv', (all) => [...all, 'a,b']),
  }),
  before('an exception is not listed', ['artefacts', 'exception-count'], {
    payload: lines('data/exceptions.csv', (all) => all.slice(0, -1)),
  }),
  before('an exception points at no line', ['artefacts', 'exception-row'], {
    payload: lines('data/exceptions.csv', (all) =>
      all.map((line) => line.replace('000012.ndjson,2', '000012.ndjson,2000')),
    ),
  }),
  before('the list of exceptions has a quote without an end', ['artefacts', 'table-malformed'], {
    payload: lines('data/exceptions.csv', (all) => [...all, 'decisions,"x']),
  }),
  before(
    'the index is of a newer Everyhop',
    ['schema', 'schema-newer'],
    {
      index: (index) => (index['schema'] = 'everyhop.evidence.pack/2'),
    },
    { integrity: 'not-verifiable' },
  ),
  before(
    'an artefact is of a newer Everyhop',
    ['schema', 'schema-newer'],
    {
      meta: meta('decisions', (value) => (value['schema'] = 'everyhop.evidence.artefact/12')),
    },
    { integrity: 'not-verifiable' },
  ),
  before(
    'the statement is of a newer Everyhop',
    ['statement', 'statement-newer'],
    {
      statement: (value) => (value['predicateType'] = 'https://everyhop.dev/attestations/evidence-pack/v2'),
    },
    { integrity: 'not-verifiable' },
  ),
  before('the schema is none', ['schema', 'schema-invalid'], { index: (index) => (index['schema'] = 'other/1') }),
  before('the index is no JSON', ['schema', 'schema-invalid'], {
    payload: (files) => files.set('data/index.json', Buffer.from('{')),
  }),
  before('a member of an artefact is missing', ['schema', 'schema-invalid'], {
    payload: json(`${decisions}/meta.json`, (value) => delete value['population']),
  }),
  before('a number is none', ['schema', 'schema-invalid'], {
    payload(files) {
      const path = `${decisions}/meta.json`
      files.set(
        path,
        Buffer.from(
          bytesOf(files, path)
            .toString()
            .replace(/"records":\d+/, '"records":1e999'),
        ),
      )
    },
  }),
  before('the statement is of something else', ['statement', 'statement-malformed'], {
    statement: (value) => (value['predicateType'] = 'https://slsa.dev/provenance/v1'),
  }),
  before('the statement is about another tag manifest', ['statement', 'statement-subject'], {
    statement: (value) =>
      (value['subject'] = [{ name: 'tagmanifest-sha256.txt', digest: { sha256: hex(Buffer.alloc(1)) } }]),
  }),
  before('the statement lacks who made it', ['statement', 'statement-malformed'], {
    predicate: (predicate) => delete predicate['operator'],
  }),
  before('the pack is called otherwise than its folder', ['statement', 'statement-root'], {
    predicate: (predicate) => (predicate['packId'] = 'EP-2026-0008'),
  }),
  before('the bag counts otherwise than the statement', ['tag-manifest', 'bag-info'], {
    tags: lines('bag-info.txt', (all) => all.map((line) => line.replace(/^Payload-Oxum: \d+/, 'Payload-Oxum: 1'))),
  }),
  before('the bag is of another version', ['tag-manifest', 'bag-declaration'], {
    tags: lines('bagit.txt', ([, ...rest]) => ['BagIt-Version: 0.97', ...rest]),
  }),
  before('the copy of the key is of another one', ['tag-manifest', 'trust-copy'], {
    tags: (files) => files.set('trust/organisation.pub.pem', Buffer.from(otherDevice.publicPem)),
  }),
  before('the key of the device is another one', ['tag-manifest', 'trust-copy'], {
    tags: (files) => files.set('trust/device.pub.pem', Buffer.from(otherDevice.publicPem)),
  }),
  before('the manifest is in disorder', ['payload-manifest', 'manifest-malformed'], {
    tags: lines('manifest-sha256.txt', (all) => all.toReversed()),
  }),
  before('the manifest lists a file outside the payload', ['payload-manifest', 'manifest-path'], {
    tags: lines('manifest-sha256.txt', (all) => [...all, `${'0'.repeat(64)}  zeta.txt`]),
  }),
  before('the manifest lists a path that leads out', ['payload-manifest', 'manifest-malformed'], {
    tags: lines('manifest-sha256.txt', (all) => [...all, `${'0'.repeat(64)}  ../zeta.txt`]),
  }),
  before('a file that every pack has is left out', ['file-set', 'file-missing'], {
    payload: (files) => files.delete('data/redaction.json'),
  }),
  ...(
    [
      ['private-key', '-----BEGIN EC PRIVATE KEY-----'],
      ['jwt', `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.${'s'.repeat(40)}`],
      ['vault-token', `hvs.${'A1b2'.repeat(8)}`],
      ['aws-access-key', `AKIA${'Z'.repeat(16)}`],
      ['bearer-token', `bearer ${'a1'.repeat(15)}`],
      ['authorization-header', 'Authorization: Basic dXNlcjpwYXNzd29yZA=='],
      ['kubeconfig-key', `client-key-data: ${'QUJD'.repeat(12)}`],
    ] as const
  ).map(([kind, secret]) =>
    before(`a secret was not masked: ${kind}`, ['secrets', 'secret-found'], {
      payload: (files) =>
        files.set('data/custody.ndjson', Buffer.from(`${JSON.stringify({ detail: `x ${secret} y` })}\n`)),
    }),
  ),
  before(
    'another pack is given as the one before',
    ['previous-pack', 'previous-other'],
    {
      previous: { packId: 'EP-2026-0006', statementSha256: hex(Buffer.from('the true one, withheld')) },
    },
    { previous: () => zipOf(buildPack({ packId: 'EP-2026-0006' })) },
  ),
  before(
    'a pack is given before the first',
    ['previous-pack', 'previous-none-named'],
    {},
    {
      previous: () => zipOf(buildPack({ packId: 'EP-2026-0006' })),
    },
  ),
  before(
    'what is given as the pack before is none',
    ['previous-pack', 'previous-unreadable'],
    {
      previous: { packId: 'EP-2026-0006', statementSha256: hex(Buffer.alloc(0)) },
    },
    { previous: () => Promise.resolve(Buffer.from('PK')) },
  ),
  sealedAnew('the last head of the pack before is another one now', (all) => all),
  sealedAnew('heads do not go on from those of the pack before', (all) => {
    // Only what comes after the pack before: its first head names another one than was handed over.
    return [resigned(all[2] ?? '', testKeys().device, (head) => (head['number'] = 14))]
  }),
]

/** A past that was sealed again after a pack of it was handed over. */
function sealedAnew(what: string, heads: (lines: string[]) => readonly string[]): Tampering {
  const first = buildPack({ packId: 'EP-2026-0006' })
  return before(
    what,
    ['previous-pack', 'previous-heads'],
    { heads, previous: { packId: 'EP-2026-0006', statementSha256: hex(first.statement) } },
    { previous: () => zipOf(first) },
  )
}
