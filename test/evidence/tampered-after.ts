import { buildPack, manifestOf } from '../builders/evidence-pack.ts'
import { envelopeOf, hex, newKeyPair, testKeys } from '../builders/evidence-parts.ts'
import {
  after,
  bytesOf,
  decisions,
  flip,
  flipBit,
  json,
  lines,
  mixedFile,
  sealedFile,
  type Tampering,
  withheldFile,
  zipOf,
} from './tampering.ts'

const envelope = 'signatures/pack.dsse.json'
const forger = newKeyPair()

/** Manifests made again for the files as they are; the signature stays the old one. */
function rebuilt(files: Map<string, Buffer>): void {
  const payload = new Map([...files].filter(([path]) => path.startsWith('data/')))
  files.set('manifest-sha256.txt', manifestOf(payload))
  const tags = [...files].filter(([path]) => !/^(data|signatures)\/|^tagmanifest/.test(path))
  files.set('tagmanifest-sha256.txt', manifestOf(new Map(tags)))
}

/** Done by somebody who does not have the organisation's key. */
export const tamperedAfter: readonly Tampering[] = [
  ...[
    sealedFile,
    withheldFile,
    `${decisions}/meta.json`,
    `${decisions}/sample.ndjson`,
    'data/artefacts/01-policy-definitions/bundles/authz-r42.tar.gz',
    'data/artefacts/01-policy-definitions/activations.csv',
    'data/index.json',
    'data/controls.json',
    'data/custody.ndjson',
    'data/exceptions.csv',
    'data/heads.ndjson',
    'data/redaction.json',
    'data/report.html',
    'data/report.pdf',
    'data/summary.csv',
  ].map((path) => flip(path, ['payload-manifest', 'hash-differs'])),
  ...[
    'README.txt',
    'VERIFY/verify.py',
    'bag-info.txt',
    'bagit.txt',
    'manifest-sha256.txt',
    'trust/device.pub.pem',
    'trust/organisation.pub.pem',
  ].map((path) => flip(path, ['tag-manifest', 'hash-differs'])),
  flip('tagmanifest-sha256.txt', ['statement', 'statement-subject']),
  after(
    'one bit of the signed payload is flipped',
    ['signature', 'signature-wrong'],
    json(envelope, (value) => {
      value['payload'] = flipBit(Buffer.from(String(value['payload']), 'base64'), 200).toString('base64')
    }),
  ),
  after(
    'one bit of the signature is flipped',
    ['signature', 'signature-wrong'],
    json(envelope, (value) => {
      const [signature] = value['signatures'] as { sig: string }[]
      if (signature !== undefined) signature.sig = flipBit(Buffer.from(signature.sig, 'base64'), 40).toString('base64')
    }),
  ),
  after(
    'the signature is empty',
    ['signature', 'envelope-malformed'],
    json(envelope, (value) => {
      value['signatures'] = [{ keyid: '', sig: '' }]
    }),
  ),
  after(
    'the envelope says another type',
    ['signature', 'envelope-type'],
    json(envelope, (value) => {
      value['payloadType'] = 'text/plain'
    }),
  ),
  after(
    'there are two signatures, one of them good',
    ['signature', 'signature-count'],
    json(envelope, (value) => {
      value['signatures'] = [...(value['signatures'] as unknown[]), ...(value['signatures'] as unknown[])]
    }),
  ),
  after(
    'the envelope names another key',
    ['signature', 'envelope-key-id'],
    json(envelope, (value) => {
      const [signature] = value['signatures'] as { keyid: string }[]
      if (signature !== undefined) signature.keyid = forger.fingerprint
    }),
  ),
  after('the envelope is no JSON', ['signature', 'envelope-malformed'], (files) => {
    files.set(envelope, Buffer.from('payload'))
  }),
  after('the envelope is gone', ['signature', 'envelope-missing'], (files) => files.delete(envelope)),
  after('an old signature stands over new manifests', ['statement', 'statement-subject'], (files) => {
    lines(sealedFile, (all) => all.slice(1))(files)
    rebuilt(files)
  }),
  after('an artefact is removed, and the manifests made again', ['statement', 'statement-subject'], (files) => {
    for (const path of files.keys()) if (path.startsWith(decisions)) files.delete(path)
    rebuilt(files)
  }),
  after('the tag manifest is gone', ['statement', 'statement-subject'], (files) => {
    files.delete('tagmanifest-sha256.txt')
  }),
  {
    what: 'a forger signs everything anew with a key of their own, and puts that into the pack',
    finds: ['signature', 'signature-wrong'],
    zip: () => zipOf(buildPack({ signer: forger, index: (index) => (index['operator'] = 'somebody else') })),
  },
  after('a signature of a forger stands beside the old statement', ['signature', 'signature-wrong'], (files) => {
    const old = JSON.parse(bytesOf(files, envelope).toString()) as { payload: string }
    const forged = envelopeOf(Buffer.from(old.payload, 'base64'), forger)
    forged['signatures'] = (forged['signatures'] as object[]).map((each) => ({
      ...each,
      keyid: testKeys().organisation.fingerprint,
    }))
    files.set(envelope, Buffer.from(JSON.stringify(forged)))
  }),
  after('the key in the pack is replaced', ['tag-manifest', 'hash-differs'], (files) => {
    files.set('trust/organisation.pub.pem', Buffer.from(forger.publicPem))
  }),
  after(
    'a line is deleted',
    ['artefacts', 'line-count'],
    lines(sealedFile, (all) => all.toSpliced(3, 1)),
  ),
  after(
    'a line is added',
    ['artefacts', 'line-count'],
    lines(sealedFile, (all) => [...all, '{"made":"up"}']),
  ),
  after(
    'two lines change places',
    ['artefacts', 'merkle-root'],
    lines(mixedFile, ([one = '', two = '', ...rest]) => {
      return [two, one, ...rest]
    }),
  ),
  after(
    'a line is doubled',
    ['artefacts', 'line-count'],
    lines(sealedFile, ([one = '', ...rest]) => [one, one, ...rest]),
  ),
  after('a file is removed', ['file-set', 'file-missing'], (files) => files.delete(sealedFile)),
  after('a meta.json is removed', ['artefacts', 'named-file-missing'], (files) =>
    files.delete(`${decisions}/meta.json`),
  ),
  after('the index is removed', ['file-set', 'file-missing'], (files) => files.delete('data/index.json')),
  after('the heads are removed', ['chain', 'chain-ends'], (files) => files.delete('data/heads.ndjson')),
  after('withheld leaves are removed', ['seals', 'sealed-size'], (files) => files.delete(withheldFile)),
  after('the manifest is removed', ['file-set', 'file-missing'], (files) => files.delete('manifest-sha256.txt')),
  after('the README is removed', ['file-set', 'file-missing'], (files) => files.delete('README.txt')),
  after('an empty file is added to the payload', ['file-set', 'file-extra'], (files) => {
    files.set('data/readme.txt', Buffer.alloc(0))
  }),
  after('a file is added beside the payload', ['file-set', 'file-extra'], (files) => {
    files.set('notes.txt', Buffer.from('trust me'))
  }),
  after('another signature is added', ['file-set', 'file-extra'], (files) => {
    files.set('signatures/other.dsse.json', bytesOf(files, envelope))
  }),
  after('a file is renamed', ['file-set', 'file-extra'], (files) => {
    files.set(`${decisions}/renamed.ndjson`, bytesOf(files, sealedFile))
    files.delete(sealedFile)
  }),
  after('it asks for more from elsewhere', ['file-set', 'fetch'], (files) => {
    files.set('fetch.txt', Buffer.from('https://example.org/x 1 data/x\n'))
  }),
  after('two files of the same length change places', ['payload-manifest', 'hash-differs'], (files) => {
    const report = bytesOf(files, 'data/report.html')
    files.set('data/report.pdf', report)
  }),
  after(
    'the last head is cut off',
    ['chain', 'chain-ends'],
    lines('data/heads.ndjson', (all) => all.slice(0, -1)),
  ),
  after('a sealed line and its hash in the manifest change', ['tag-manifest', 'hash-differs'], (files) => {
    lines(sealedFile, ([, ...rest]) => ['{"decision_id":"00000000","result":true}', ...rest])(files)
    const manifest = bytesOf(files, 'manifest-sha256.txt').toString()
    const hash = hex(bytesOf(files, sealedFile))
    files.set(
      'manifest-sha256.txt',
      Buffer.from(manifest.replace(new RegExp(`.{64}  ${sealedFile}`), `${hash}  ${sealedFile}`)),
    )
  }),
]
