import type { Limitation } from '../domain/evidence/model.ts'
import { countOf } from './durations.ts'

type Params = Limitation['params']

const text = (value: Params[string] | undefined): string => String(value ?? 'unknown')
const several = (value: Params[string] | undefined, singular: string, plural?: string): string =>
  typeof value === 'number' ? countOf(value, singular, plural) : `${text(value)} ${plural ?? `${singular}s`}`

/** What was found, step by step. Names in it are of the pack: quoted as they are. */
export const verifySentences: Readonly<Record<string, (params: Params) => string>> = {
  'not-reached': () => 'Not reached.',
  'more-failures': ({ count }) => `And ${several(count, 'more', 'more')}.`,

  'container-ok': ({ entries }) => `${several(entries, 'regular file')}, nothing else.`,
  unreadable: ({ file, message }) => `${text(file)} cannot be read: ${text(message)}.`,
  'not-a-zip': () => 'It is no ZIP, or only the beginning of one: get it again.',
  'data-around': () => 'There are bytes before, between or behind the files of the ZIP.',
  'directory-malformed': () => 'The table of contents of the ZIP is not regular.',
  'too-many-entries': ({ entries, limit }) => `${several(entries, 'file')}; a pack has at most ${text(limit)}.`,
  'entry-kind': ({ path, kind }) => `${text(path)} is a ${text(kind)}, not a regular file.`,
  'entry-path': ({ path }) => `${text(path)} is not a path that a pack may have.`,
  'entry-twice': ({ path }) => `${text(path)} is there twice.`,
  'entry-case': ({ path, other }) => `${text(path)} and ${text(other)} differ only in case.`,
  'entry-encrypted': ({ path }) => `${text(path)} is encrypted.`,
  'entry-method': ({ path, method }) => `${text(path)} is compressed by method ${text(method)}, which no pack uses.`,
  'entry-header': ({ path }) => `${text(path)}: its own header says otherwise than the table of contents.`,
  'entry-overlap': ({ path }) => `${text(path)} lies over another file of the ZIP.`,
  'entry-size': ({ path, bytes, limit }) => `${text(path)} would have ${text(bytes)} bytes, more than ${text(limit)}.`,
  'entry-corrupt': ({ path, message }) => `${text(path)} cannot be unpacked as declared: ${text(message)}.`,
  roots: ({ count }) => `${several(count, 'root folder')}; a pack has one.`,

  'signature-ok': ({ key }) => `Signed by the key ${text(key)}.`,
  'key-unreadable': ({ file, message }) => `The key ${text(file)} cannot be read: ${text(message)}.`,
  'key-empty': () => 'The file of the key is empty.',
  'key-private': () => 'This is a private key. Give the public one, and see who could read this one.',
  'key-certificate': () => 'This is a certificate. Take its key: openssl x509 -pubkey -noout -in <file>',
  'key-not-pem': () => 'This is not one public key in PEM.',
  'key-not-p256': ({ found }) => `The key is ${text(found)}; packs are signed with P-256.`,
  'openssl-missing': ({ message }) => `The command openssl cannot be run: ${text(message)}.`,
  'envelope-missing': ({ path }) => `${text(path)} is missing: the pack is not signed.`,
  'envelope-malformed': ({ problem }) => `The envelope of the signature is malformed (${text(problem)}).`,
  'envelope-type': ({ found }) => `The envelope holds ${text(found)}, not an in-toto statement.`,
  'envelope-key-id': () => 'The envelope names another key than the one that signed.',
  'signature-count': ({ count }) => `${several(count, 'signature')}; a pack has one.`,
  'signature-wrong': ({ key }) => `Not signed by the key that was given (${text(key)}), or changed since.`,

  'statement-ok': ({ packId, createdAt }) => `Pack ${text(packId)}, made ${text(createdAt)}.`,
  'statement-newer': ({ found }) =>
    `${text(found)} was made by a newer Everyhop: verify it with that, or its verify.py.`,
  'statement-malformed': ({ problem, where }) =>
    `What was signed is not the statement of a pack (${text(problem)} ${text(where)}).`,
  'statement-subject': ({ path }) => `${text(path)} is not the one that was signed.`,
  'statement-root': ({ folder, packId }) => `Its folder is called ${text(folder)}, the pack ${text(packId)}.`,

  'tag-manifest-ok': ({ files }) => `${several(files, 'file')} unchanged.`,
  'payload-manifest-ok': ({ files }) => `${several(files, 'file')} unchanged.`,
  'manifest-malformed': ({ path, line }) =>
    `${text(path)}, line ${text(line)}, is no line of a manifest, or not in order.`,
  'manifest-path': ({ path }) => `${text(path)} has no place in this manifest.`,
  'hash-differs': ({ path }) => `${text(path)} was changed.`,
  'bag-declaration': ({ path }) => `${text(path)} does not say BagIt 1.0.`,
  'bag-info': ({ path, name }) => `${text(path)}: ${text(name)} is missing, or says otherwise than the statement.`,
  'trust-copy': ({ path }) => `${text(path)} is not a copy of the key that signed.`,
  'payload-oxum': ({ signed, found }) => `data/ has ${text(found)} (bytes.files); signed were ${text(signed)}.`,
  'file-set-ok': ({ files }) => `${several(files, 'file')}, none missing and none besides.`,
  'file-missing': ({ path }) => `${text(path)} is missing.`,
  'file-extra': ({ path }) => `${text(path)} is in no manifest.`,
  fetch: () => 'It asks for more from elsewhere (fetch.txt); everything of a pack is in it.',

  'schema-ok': ({ files }) => `${several(files, 'document')}.`,
  'schema-newer': ({ path, schema }) =>
    `${text(path)} (${text(schema)}) was made by a newer Everyhop: verify it with that, or its verify.py.`,
  'schema-invalid': ({ path, where }) => `${text(path)} does not say what it has to (${text(where)}).`,

  'artefacts-ok': ({ artefacts, records }) =>
    `${several(artefacts, 'artefact')}, ${several(records, 'record')} counted and hashed.`,
  'index-differs': ({ member }) => `data/index.json and the statement differ: ${text(member)}.`,
  'figure-differs': ({ artefact, figure }) => `${text(artefact)}: the pack says in two ways what is ${text(figure)}.`,
  'artefact-folder': ({ artefact, folder }) =>
    `${text(artefact)} is in the folder ${text(folder)}, which is not its own.`,
  'line-count': ({ path, found, said }) =>
    `${text(path)} has ${several(found, 'line')}; its meta.json says ${text(said)}.`,
  'line-too-long': ({ path, limit }) => `${text(path)} has a line of more than ${several(limit, 'byte')}.`,
  'line-malformed': ({ path }) => `${text(path)} has an empty line, or one without an end.`,
  'merkle-root': ({ artefact }) => `${text(artefact)}: its lines do not give the Merkle root that is stated.`,
  'named-file-missing': ({ path }) => `${text(path)} is named and not there.`,
  'file-unnamed': ({ path }) => `${text(path)} is named by no meta.json.`,
  'file-named-twice': ({ path }) => `${text(path)} is named twice, or is no NDJSON.`,
  'state-rule': ({ artefact, state, why }) =>
    `${text(artefact)} says "${text(state)}", which it cannot be: ${text(why)}.`,
  'summary-differs': ({ path }) => `${text(path)} says otherwise than the artefacts.`,
  'table-malformed': ({ path }) => `${text(path)} is not the table that it has to be.`,
  'exception-row': ({ path, row }) => `${text(path)}, row ${text(row)}, points at no line, or not in order.`,
  'exception-count': ({ artefact, found, expected }) =>
    `${text(artefact)}: ${several(found, 'exception')} listed, ${text(expected)} were to be.`,

  'seals-ok': ({ files }) => `${several(files, 'file')}: what was sealed when it was collected.`,
  'seals-none': () => 'No file was sealed before the pack was made: it is unchanged only since then.',
  'sealed-head-unknown': ({ path, head }) => `${text(path)} names head ${text(head)}, of which nothing is known.`,
  'sealed-size': ({ path, found, head, sealed }) =>
    `${text(path)}: ${several(found, 'line')}; head ${text(head)} sealed ${text(sealed)}.`,
  'sealed-root': ({ path, head }) => `${text(path)} is not what head ${text(head)} sealed.`,
  'withheld-malformed': ({ path }) => `${text(path)} is malformed.`,

  'chain-ok': ({ count, first, last }) =>
    `${several(count, 'head')}, ${text(first)} to ${text(last)}, each signed by the device.`,
  'chain-ok-another-key': ({ count, first, last, other }) =>
    `${several(count, 'head')}, ${text(first)} to ${text(last)}. Up to ${text(other)} another device key signed, which is not in the pack: the hashes of the heads after hold these.`,
  'chain-none': () => 'Nothing was sealed before the pack was made.',
  'chain-ends': ({ found, count }) => `${several(found, 'head')}, or other ones; the statement names ${text(count)}.`,
  'head-malformed': ({ line }) => `data/heads.ndjson, line ${text(line)}, is no head.`,
  'head-number': ({ number }) => `Head ${text(number)} does not follow the one before it.`,
  'head-previous': ({ number }) => `Head ${text(number)} does not name the one before it.`,
  'head-key': ({ number }) => `Head ${text(number)} was signed by another key than the statement names.`,
  'head-signature': ({ number }) => `Head ${text(number)} is not signed by the key of the installation.`,

  'sample-ok': ({ lines }) => `${several(lines, 'line')} drawn again, and the same.`,
  'sample-none': () => 'No sample was drawn.',
  'sample-seed': ({ artefact }) => `${text(artefact)}: the seed does not follow from root and nonce.`,
  'sample-drawn': ({ artefact }) => `${text(artefact)}: other lines would have been drawn.`,
  'sample-lines': ({ path }) => `${text(path)} does not have the lines that were drawn.`,

  'previous-ok': ({ packId }) => `It is ${text(packId)}, as it was.`,
  'previous-first': () => 'It names none before it.',
  'previous-not-given': ({ packId }) => `It names ${text(packId)}: give that too, to see that none was withheld.`,
  'previous-none-named': () => 'It names none before it, but one was given.',
  'previous-unreadable': ({ packId }) => `What was given as ${text(packId)} cannot be read.`,
  'previous-heads': ({ number }) =>
    `Head ${text(number)} is another one than in the pack before: it was sealed anew, or all that was held was deleted.`,
  'previous-other': ({ packId, found }) =>
    `It names ${text(packId)}; given was ${found === '' ? 'something else' : text(found)}, or another version of it.`,

  'secrets-ok': ({ files }) => `${several(files, 'file')} looked through.`,
  'secret-found': ({ path, kind }) =>
    `${text(path)} holds what looks like a secret (${text(kind)}): do not hand it on.`,
}
