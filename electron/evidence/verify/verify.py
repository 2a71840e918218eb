#!/usr/bin/env python3
# Copyright the Everyhop authors. SPDX-License-Identifier: Apache-2.0
"""Verifies an evidence pack without Everyhop: needs Python 3.8 or newer and the command openssl, nothing else.

    python3 verify.py EP-2026-0007.zip --key organisation.pub.pem [--previous EP-2026-0006.zip] [--json]

PACK is the ZIP, or the folder that it was unpacked into. The key has to come from the organisation itself, by a way that whoever
gave you the pack does not control: the copy in the pack proves nothing, and a pack can bring a false verify.py too. Take this file
from where Everyhop is published.

Exit code: 0 intact and complete; 1 not intact, or not verifiable; 2 intact, with gaps.

Nothing is unpacked to the disk, and nothing is sent anywhere. The format, and the order of the steps: docs/formats/evidence-pack.md.
This is a program of its own: it shares no code with the verifier in Everyhop, so that they can be held against each other.
"""

import os
import sys

if __name__ == '__main__':
    # Where this file lies, and where it is started, a forger may have put modules of their own: nothing is imported from there.
    HERE = (os.path.dirname(os.path.abspath(__file__)), os.getcwd())
    sys.path[:] = [path for path in sys.path if path and os.path.abspath(path) not in HERE]
    # Nor is an "openssl" run that lies where this was started, as a forger's says that every signature is good.
    os.environ['PATH'] = os.pathsep.join(
        path for path in os.environ.get('PATH', os.defpath).split(os.pathsep) if os.path.isabs(path))
    os.environ['NoDefaultCurrentDirectoryInExePath'] = '1'

import argparse
import base64
import csv
import datetime
import hashlib
import hmac
import heapq
import io
import json
import math
import re
import stat
import struct
import subprocess
import tempfile
import zlib

STEPS = [
    'container', 'signature', 'statement', 'tag-manifest', 'payload-manifest', 'file-set', 'schema',
    'artefacts', 'seals', 'chain', 'sample', 'previous-pack', 'secrets',
]
ARTEFACTS = [
    'policy-definitions', 'svid-issuance', 'pipeline-integrity', 'jit-credentials', 'binary-authorisation',
    'trust-graph', 'mtls-coverage', 'decisions', 'diagnoses', 'actions',
]
STATES = ('operated', 'exception', 'not-evaluated', 'insufficient')
GAP_REASONS = (
    'not-running', 'asleep', 'not-watched', 'not-kept', 'clock-stepped', 'not-configured', 'forbidden',
    'unreachable', 'silent', 'retention', 'dropped', 'disabled', 'refused',
)
TAG_FILES = (
    'README.txt', 'VERIFY/verify.py', 'bag-info.txt', 'bagit.txt', 'manifest-sha256.txt',
    'trust/device.pub.pem', 'trust/organisation.pub.pem',
)
PAYLOAD_FILES = (
    'data/controls.json', 'data/custody.ndjson', 'data/exceptions.csv', 'data/heads.ndjson', 'data/index.json',
    'data/redaction.json', 'data/report.html', 'data/report.pdf', 'data/summary.csv',
)
ENVELOPE = 'signatures/pack.dsse.json'
TAG_MANIFEST = 'tagmanifest-sha256.txt'
MANIFEST = 'manifest-sha256.txt'
PREDICATE = 'https://everyhop.dev/attestations/evidence-pack/v1'
MEBIBYTE = 1024 * 1024
MOST_ENTRIES = 100000
LONGEST_LINE = MEBIBYTE
MOST_LISTED = 10000
CHUNK = 256 * 1024

# Nothing is known to be wrong with the pack: it could not be looked at, or not with this program.
UNVERIFIABLE = {
    'unreadable', 'key-unreadable', 'key-empty', 'key-private', 'key-certificate', 'key-not-pem', 'key-not-p256',
    'statement-newer', 'schema-newer', 'openssl-missing',
}

SENTENCES = {
    'unreadable': '{file} cannot be read: {message}',
    'not-a-zip': 'this is no ZIP, or only the beginning of one',
    'data-around': 'there are bytes before, between or after the files of the ZIP',
    'directory-malformed': 'the table of contents of the ZIP is not regular',
    'too-many-entries': '{entries} files; a pack has at most {limit}',
    'entry-kind': '{path} is a {kind}, not a regular file',
    'entry-path': '{path} is not a path that a pack may have',
    'entry-twice': '{path} is there twice',
    'entry-case': '{path} and {other} differ only in case',
    'entry-encrypted': '{path} is encrypted',
    'entry-method': '{path} is compressed by method {method}, which a pack does not use',
    'entry-header': '{path}: its own header says otherwise than the table of contents',
    'entry-overlap': '{path} overlaps another file of the ZIP',
    'entry-size': '{path} would have {bytes} bytes; at most {limit} are allowed',
    'entry-corrupt': '{path} cannot be unpacked as declared: {message}',
    'roots': '{count} root folders; a pack has one',
    'key-unreadable': 'the key {file} cannot be read: {message}',
    'key-empty': 'the file of the key is empty',
    'key-private': 'this is a private key: give the public one, and see who could read this one',
    'key-certificate': 'this is a certificate: take its key with "openssl x509 -pubkey -noout -in FILE"',
    'key-not-pem': 'this is not one public key in PEM',
    'key-not-p256': 'the key is {found}, not P-256',
    'openssl-missing': 'the command openssl cannot be run: {message}',
    'envelope-missing': '{path} is missing: the pack is not signed',
    'envelope-malformed': 'the envelope of the signature is malformed: {problem}',
    'envelope-type': 'the envelope holds {found}, not an in-toto statement',
    'envelope-key-id': 'the envelope names another key than the one that signed',
    'signature-count': '{count} signatures; a pack has one',
    'signature-wrong': 'not signed by the key that was given ({key}), or changed since',
    'signature-ok': 'signed by the key {key}',
    'statement-newer': 'the statement is {found}, of a newer Everyhop: take its verify.py',
    'statement-malformed': 'the signed statement is not that of a pack: {problem} {where}',
    'statement-subject': '{path} is not the one that was signed',
    'statement-root': 'the folder is called {folder}, the pack {packId}',
    'statement-ok': 'pack {packId}, made {createdAt}',
    'manifest-malformed': '{path}, line {line}, is no line of a manifest, or not in order',
    'manifest-path': '{path} has no place in this manifest',
    'hash-differs': '{path} was changed',
    'bag-declaration': '{path} does not say BagIt 1.0',
    'bag-info': '{path}: {name} is missing or says otherwise than the statement',
    'trust-copy': '{path} is not a copy of the key that signed',
    'payload-oxum': 'data/ has {found} (bytes.files); signed were {signed}',
    'file-missing': '{path} is missing',
    'file-extra': '{path} is in no manifest',
    'fetch': 'a pack has no fetch.txt: everything is in it',
    'schema-newer': '{path} has the schema {schema}, of a newer Everyhop: take its verify.py',
    'schema-invalid': '{path} does not say what it has to: {where}',
    'index-differs': 'data/index.json and the statement differ: {member}',
    'figure-differs': '{artefact}: files of the pack say differently what is {figure}',
    'artefact-folder': '{artefact} is in the folder {folder}, which is not its own',
    'line-count': '{path} has {found} lines; its meta.json says {said}',
    'line-too-long': '{path} has a line of more than {limit} bytes',
    'line-malformed': '{path} has an empty line, or one without an end',
    'merkle-root': '{artefact}: its lines do not give the Merkle root that is stated',
    'named-file-missing': '{path} is named and not there',
    'file-unnamed': '{path} is named by no meta.json',
    'file-named-twice': '{path} is named twice, or is no NDJSON',
    'state-rule': '{artefact} says {state}, which it cannot be ({why})',
    'summary-differs': '{path} says otherwise than the artefacts',
    'table-malformed': '{path} is not the table that it has to be',
    'exception-row': '{path}, row {row}, points at no line, or not in order',
    'exception-count': '{artefact}: {found} exceptions are listed, {expected} were to be',
    'sealed-head-unknown': '{path} says it was sealed in head {head}, of which nothing is known',
    'sealed-size': '{path}: {found} lines and leaves; head {head} sealed {sealed}',
    'sealed-root': '{path} is not what head {head} sealed',
    'withheld-malformed': '{path} is malformed',
    'head-malformed': 'data/heads.ndjson, line {line}, is no head',
    'head-number': 'head {number} does not follow the one before it',
    'head-previous': 'head {number} does not name the one before it',
    'head-key': 'head {number} was signed by another key than the statement names',
    'head-signature': 'head {number} is not signed by the key of the installation',
    'chain-ends': '{found} heads, or other ones; the statement names {count}',
    'chain-ok': '{count} heads, {first} to {last}',
    'chain-ok-another-key': '{count} heads, {first} to {last}; up to {other} by an earlier key, held by the hashes of those after',
    'chain-none': 'nothing was sealed before the pack was made',
    'seals-none': 'no file was sealed before the pack was made',
    'seals-ok': '{files} files are what was sealed when it was collected',
    'sample-seed': '{artefact}: the seed of the sample does not follow from root and nonce',
    'sample-drawn': '{artefact}: other lines would have been drawn',
    'sample-lines': '{path} does not have the lines that were drawn',
    'sample-none': 'no sample was drawn',
    'sample-ok': '{lines} lines drawn again, and the same',
    'previous-first': 'it names no pack before it',
    'previous-none-named': 'it names no pack before it, but one was given',
    'previous-not-given': 'it names {packId} as the pack before it: give that with --previous',
    'previous-unreadable': 'the pack before it ({packId}) cannot be read',
    'previous-other': 'the pack before it is {packId}, or another version of it, not {found}',
    'previous-heads': 'head {number} is another one than in the pack before: it was sealed anew, or all that was held was deleted',
    'previous-ok': 'the pack before it is {packId}',
    'secret-found': '{path} holds what looks like a secret: {kind}',
    'secrets-ok': '{files} files looked through, nothing that looks like a secret',
    'container-ok': '{entries} files',
    'tag-manifest-ok': '{files} files unchanged',
    'payload-manifest-ok': '{files} files unchanged',
    'file-set-ok': '{files} files, none missing and none besides',
    'schema-ok': '{files} documents',
    'artefacts-ok': '{artefacts} artefacts, {records} records counted and hashed',
    'not-reached': 'not reached',
    'more-failures': 'and {count} more',
}


class Findings:
    """What was found, step for step."""

    def __init__(self):
        self.failures = {}
        self.others = {}

    def failed(self, step, code, **params):
        self.failures.setdefault(step, []).append((code, params))

    def passed(self, step, code, **params):
        self.others[step] = ('passed', code, params)

    def not_checked(self, step, code, **params):
        self.others[step] = ('not-checked', code, params)

    def result(self, pack_id=None, gaps=(), artefacts=()):
        steps = []
        for step in STEPS:
            found = self.failures.get(step)
            if found is None:
                outcome, code, params = self.others.get(step, ('not-checked', 'not-reached', {}))
                steps.append({'step': step, 'outcome': outcome, 'finding': {'code': code, 'params': params}})
                continue
            shown = found[:20]
            if len(found) > len(shown):
                shown = shown + [('more-failures', {'count': len(found) - len(shown)})]
            for code, params in shown:
                steps.append({'step': step, 'outcome': 'failed', 'finding': {'code': code, 'params': params}})
        integrity, completeness, exit_code = 'intact', 'complete', 0
        if self.failures:
            codes = [code for found in self.failures.values() for code, _ in found]
            integrity = 'not-verifiable' if all(code in UNVERIFIABLE for code in codes) else 'not-intact'
            completeness, exit_code = 'unknown', 1
        elif gaps or any(each['state'] == 'insufficient' for each in artefacts):
            completeness, exit_code = 'gaps', 2
        return {
            'packId': pack_id, 'integrity': integrity, 'completeness': completeness, 'steps': steps,
            'gaps': list(gaps), 'artefacts': list(artefacts), 'exitCode': exit_code,
        }


class Refused(Exception):
    """Reading cannot go on; the message says why."""


# --- Paths -------------------------------------------------------------------------------------------------------------------------

PATH = re.compile(r'[a-z0-9_][a-z0-9._-]*(/[a-z0-9_][a-z0-9._-]*)*\Z')
ROOT = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z')


def is_pack_path(path):
    return len(path) <= 150 and (path in ('README.txt', 'VERIFY/verify.py') or PATH.match(path) is not None)


def most_bytes(path):
    """What is held in memory whole has to be small before anything of it is trusted."""
    if path == MANIFEST:
        return 64 * MEBIBYTE
    if not path.startswith('data/'):
        return 4 * MEBIBYTE
    if path.endswith('.json') or path == 'data/summary.csv':
        return 32 * MEBIBYTE
    return (1 << 53) - 1


# --- The ZIP -----------------------------------------------------------------------------------------------------------------------


class ZipSource:
    """A ZIP, read by its specification (APPNOTE 6.3) without any leniency. Only stored and deflated files."""

    def __init__(self, handle, findings):
        self.handle = handle
        self.size = os.fstat(handle.fileno()).st_size
        self.entries = {}
        self.root = None
        self.read_directory(findings)

    def at(self, position, length):
        self.handle.seek(position)
        data = self.handle.read(length)
        if len(data) != length:
            raise Refused('the file ends too early')
        return data

    def read_end(self):
        """(number of entries, start of the directory, its end), or the code of what is wrong."""
        if self.size < 22:
            return 'not-a-zip'
        tail = self.at(self.size - 22, 22)
        magic, disk, start_disk, here, total, length, start, comment = struct.unpack('<4s4HLLH', tail)
        if magic != b'PK\x05\x06' or comment != 0:
            window = min(self.size, 22 + 0xFFFF)
            return 'data-around' if b'PK\x05\x06' in self.at(self.size - window, window) else 'not-a-zip'
        locator_at = self.size - 42
        locator = self.at(locator_at, 20) if locator_at >= 0 else b''
        if locator[:4] != b'PK\x06\x07':
            if disk or start_disk or here != total or total == 0xFFFF or start == 0xFFFFFFFF:
                return 'directory-malformed'
            end = self.size - 22
            if start + length != end:
                return 'data-around' if start + length < end else 'directory-malformed'
            return total, start, end
        _, locator_disk, record_at, disks = struct.unpack('<4sLQL', locator)
        end = locator_at - 56
        if end < 0 or record_at != end or locator_disk != 0 or disks != 1:
            return 'directory-malformed'
        record = struct.unpack('<4sQHHLLQQQQ', self.at(end, 56))
        magic, record_size, _, _, wide_disk, wide_start_disk, wide_here, wide_total, wide_length, wide_start = record
        fits = (
            (here, wide_here, 0xFFFF), (total, wide_total, 0xFFFF),
            (length, wide_length, 0xFFFFFFFF), (start, wide_start, 0xFFFFFFFF),
        )
        if (magic != b'PK\x06\x06' or record_size != 44 or wide_disk or wide_start_disk or wide_here != wide_total
                or disk not in (0, 0xFFFF) or start_disk not in (0, 0xFFFF)
                or any(short not in (wide, none) for short, wide, none in fits)):
            return 'directory-malformed'
        if wide_start + wide_length != end:
            return 'data-around' if wide_start + wide_length < end else 'directory-malformed'
        return wide_total, wide_start, end

    def read_directory(self, findings):
        end = self.read_end()
        if isinstance(end, str):
            findings.failed('container', end)
            return
        total, start, directory_end = end
        if total > MOST_ENTRIES:
            findings.failed('container', 'too-many-entries', entries=total, limit=MOST_ENTRIES)
            return
        found = []
        position = start
        for _ in range(total):
            if position + 46 > directory_end:
                raise Refused('it is shorter than it says')
            fixed = struct.unpack('<4s6H3L5H2L', self.at(position, 46))
            (magic, _, version, flags, method, _, _, crc, packed, size, name_length, extra_length, comment_length,
             _, _, attributes, offset) = fixed
            if magic != b'PK\x01\x02':
                raise Refused('an entry has no signature')
            rest_length = name_length + extra_length + comment_length
            if position + 46 + rest_length > directory_end:
                raise Refused('it is shorter than it says')
            rest = self.at(position + 46, rest_length)
            position += 46 + rest_length
            name = rest[:name_length]
            extra = rest[name_length:name_length + extra_length]
            if flags & 0x40:
                raise Refused('it is strongly encrypted')
            if not is_whole_extra(extra):
                raise Refused('an extra field is longer than there is room')
            size, packed, offset = wide_values(extra, (size, packed, offset))
            if method == 0 and not flags & 1 and size != packed:
                raise Refused('a stored file has two sizes')
            found.append({
                'name': name, 'flags': flags, 'method': method, 'crc': crc, 'packed': packed, 'size': size,
                'offset': offset, 'attributes': attributes, 'comment': comment_length, 'version': version,
                'extra': extra,
            })
        if position != directory_end:
            findings.failed('container', 'directory-malformed')
        root = self.check_names(found, findings)
        self.check_places(found, start, findings)
        if root is None or 'container' in findings.failures:
            return
        self.root = root
        for entry in found:
            self.entries[entry['name'].decode('ascii')[len(root) + 1:]] = entry

    @staticmethod
    def check_names(found, findings):
        roots, seen = set(), {}
        for entry in found:
            name = entry['name'].decode('latin-1')
            path = name[:200]
            root, slash, inside = name.partition('/')
            kind = kind_of_entry(name, entry['attributes'])
            if kind != 'file':
                findings.failed('container', 'entry-kind', path=path, kind=kind)
            elif not slash or not ROOT.match(root) or not is_pack_path(inside):
                findings.failed('container', 'entry-path', path=path)
            if slash and root:
                roots.add(root)
            lower = name.lower()
            if seen.get(lower) == name:
                findings.failed('container', 'entry-twice', path=path)
            elif lower in seen:
                findings.failed('container', 'entry-case', path=path, other=seen[lower][:200])
            seen[lower] = name
            if entry['flags'] & 1:
                findings.failed('container', 'entry-encrypted', path=path)
            elif entry['method'] not in (0, 8):
                findings.failed('container', 'entry-method', path=path, method=entry['method'])
            if entry['comment']:
                findings.failed('container', 'entry-header', path=path)
            if entry['size'] > most_bytes(inside):
                findings.failed('container', 'entry-size', path=path, bytes=entry['size'], limit=most_bytes(inside))
        for entry in found:
            parts = entry['name'].decode('latin-1').lower().split('/')
            if any('/'.join(parts[:count]) in seen for count in range(1, len(parts))):
                findings.failed('container', 'entry-path', path=entry['name'].decode('latin-1')[:200])
        if len(roots) == 1:
            return roots.pop()
        findings.failed('container', 'roots', count=len(roots))
        return None

    def check_places(self, found, directory_start, findings):
        """Local entries fill the file up to the directory, and each says what the directory says of it."""
        in_order = sorted(found, key=lambda entry: entry['offset'])
        before = 0
        for place, entry in enumerate(in_order):
            following = in_order[place + 1]['offset'] if place + 1 < len(in_order) else directory_start
            if entry['offset'] > before:
                findings.failed('container', 'data-around')
            problem = 'entry-overlap' if entry['offset'] < before else self.local_problem(entry, following)
            if problem == 'data-around':
                findings.failed('container', problem)
            elif problem:
                findings.failed('container', problem, path=entry['name'].decode('latin-1')[:200])
            before = max(before, following)
        if before < directory_start:
            findings.failed('container', 'data-around')

    def local_problem(self, entry, following):
        start, room = entry['offset'], following - entry['offset']
        if room < 30:
            return 'entry-overlap'
        fixed = struct.unpack('<4s5H3L2H', self.at(start, 30))
        magic, version, flags, method, _, _, crc, packed, size, name_length, extra_length = fixed
        data_start = 30 + name_length + extra_length
        if data_start + entry['packed'] > room:
            return 'entry-overlap'
        rest = self.at(start + 30, name_length + extra_length)
        if (magic != b'PK\x03\x04' or flags != entry['flags'] or method != entry['method']
                or rest[:name_length] != entry['name'] or max(version, entry['version']) > 45
                or not has_plain_extras(rest[name_length:]) or not has_plain_extras(entry['extra'])):
            return 'entry-header'
        if 0xFFFFFFFF in (packed, size):
            wide = extra_field(rest[name_length:], 1)
            if wide is None or len(wide) < 16:
                return 'entry-header'
            size, packed = struct.unpack('<QQ', wide[:16])
        entry['data'] = start + data_start
        known = (entry['crc'], entry['packed'], entry['size'])
        left = room - data_start - entry['packed']
        if not flags & 8:
            if (crc, packed, size) != known:
                return 'entry-header'
            return 'data-around' if left else None
        if (crc, packed, size) not in (known, (0, 0, 0)):
            return 'entry-header'
        layouts = {12: '<LLL', 16: '<4sLLL', 20: '<LQQ', 24: '<4sLQQ'}
        if left not in layouts:
            return 'entry-overlap' if left < 12 else 'data-around'
        descriptor = struct.unpack(layouts[left], self.at(entry['data'] + entry['packed'], left))
        if len(descriptor) == 4:
            if descriptor[0] != b'PK\x07\x08':
                return 'entry-header'
            descriptor = descriptor[1:]
        return None if descriptor == known else 'entry-header'

    def sizes(self):
        return {path: entry['size'] for path, entry in self.entries.items()}

    def pieces(self, path):
        """The bytes of a file in pieces: never more than declared, and the checksum has to be right."""
        entry = self.entries[path]
        position, left, given, crc = entry['data'], entry['packed'], 0, 0
        inflater = zlib.decompressobj(-15) if entry['method'] == 8 else None
        while left > 0:
            data = self.at(position, min(left, CHUNK))
            position += len(data)
            left -= len(data)
            while data:
                if inflater is None:
                    piece, data = data, b''
                else:
                    if inflater.eof:
                        raise Refused('bytes behind its end')
                    try:
                        piece = inflater.decompress(data, CHUNK)
                    except zlib.error as error:
                        raise Refused(str(error))
                    data = inflater.unconsumed_tail
                    if inflater.unused_data:
                        raise Refused('bytes behind its end')
                given += len(piece)
                if given > entry['size']:
                    raise Refused('it is larger than declared')
                crc = zlib.crc32(piece, crc)
                if piece:
                    yield piece
        while inflater is not None and not inflater.eof:
            piece = inflater.decompress(b'', CHUNK)
            if not piece:
                raise Refused('it ends too early')
            given += len(piece)
            if given > entry['size']:
                raise Refused('it is larger than declared')
            crc = zlib.crc32(piece, crc)
            yield piece
        if given != entry['size']:
            raise Refused('it is smaller than declared')
        if crc != entry['crc']:
            raise Refused('CRC-32')

    def close(self):
        self.handle.close()


def kind_of_entry(name, attributes):
    kind = (attributes >> 16) & 0o170000
    if kind == 0o120000:
        return 'symlink'
    if kind == 0o040000 or name.endswith('/') or attributes & 0x10:
        return 'folder'
    return 'file' if kind in (0, 0o100000) else 'other'


def is_whole_extra(extra):
    position = 0
    while position + 4 <= len(extra):
        position += 4 + struct.unpack('<H', extra[position + 2:position + 4])[0]
    return position <= len(extra)


# ZIP64, and times and owners as three systems write them, each once: programs differ in which of two they take. Others can give a
# file another name, or make it a link.
PLAIN_EXTRAS = {0x0001, 0x000A, 0x5455, 0x5855, 0x7875}


def has_plain_extras(extra):
    position, seen = 0, set()
    while position + 4 <= len(extra):
        kind, length = struct.unpack('<HH', extra[position:position + 4])
        if kind not in PLAIN_EXTRAS or kind in seen:
            return False
        seen.add(kind)
        position += 4 + length
    return position == len(extra)


def extra_field(extra, wanted):
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack('<HH', extra[position:position + 4])
        if position + 4 + length > len(extra):
            return None
        if kind == wanted:
            return extra[position + 4:position + 4 + length]
        position += 4 + length
    return None


def wide_values(extra, values):
    """ZIP64: those that are all ones stand in the extra field, in this order."""
    if 0xFFFFFFFF not in values:
        return values
    wide = extra_field(extra, 1)
    position, result = 0, []
    for value in values:
        if value == 0xFFFFFFFF:
            if wide is None or position + 8 > len(wide):
                raise Refused('a size of ZIP64 is missing')
            value = struct.unpack('<Q', wide[position:position + 8])[0]
            position += 8
        result.append(value)
    return tuple(result)


# --- The folder --------------------------------------------------------------------------------------------------------------------


class FolderSource:
    """A pack that was unpacked. Its folder may have any name."""

    def __init__(self, folder, findings):
        self.folder = folder
        self.root = None
        self.files = {}
        lower = {}
        for base, folders, names in os.walk(folder, onerror=not_walked):
            for name in sorted(folders) + sorted(names):
                full = os.path.join(base, name)
                path = os.path.relpath(full, folder).replace(os.sep, '/')
                mode = os.lstat(full).st_mode
                if stat.S_ISDIR(mode):
                    continue
                if not stat.S_ISREG(mode):
                    kind = 'symlink' if stat.S_ISLNK(mode) else 'other'
                    findings.failed('container', 'entry-kind', path=path, kind=kind)
                    continue
                if not is_pack_path(path):
                    # Named as what it is: a file that was put beside the others.
                    findings.failed('container', 'entry-path', path=path[:200])
                    continue
                if path.lower() in lower:
                    findings.failed('container', 'entry-case', path=path, other=lower[path.lower()])
                lower[path.lower()] = path
                size = os.lstat(full).st_size
                if size > most_bytes(path):
                    findings.failed('container', 'entry-size', path=path, bytes=size, limit=most_bytes(path))
                self.files[path] = size
                if len(self.files) > MOST_ENTRIES:
                    findings.failed('container', 'too-many-entries', entries=len(self.files), limit=MOST_ENTRIES)
                    return

    def sizes(self):
        return dict(self.files)

    def pieces(self, path):
        flags = os.O_RDONLY | getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_BINARY', 0)
        given = 0
        try:
            with os.fdopen(os.open(os.path.join(self.folder, *path.split('/')), flags), 'rb') as handle:
                while True:
                    piece = handle.read(CHUNK)
                    if not piece:
                        break
                    given += len(piece)
                    if given > self.files[path]:
                        raise Refused('it grew while it was read')
                    yield piece
        except OSError as error:
            raise Refused(error.strerror or 'it cannot be read')

    def close(self):
        pass


def not_walked(error):
    # What cannot be looked into may hold anything.
    raise error


def open_source(path, findings):
    try:
        if os.path.isdir(path):
            source = FolderSource(path, findings)
        else:
            handle = open(path, 'rb')
            try:
                if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
                    raise OSError(0, 'is no file')
                source = ZipSource(handle, findings)
            except BaseException:
                handle.close()
                raise
    except OSError as error:
        findings.failed('container', 'unreadable', file=str(path), message=error.strerror or str(error))
        return None
    except Refused as error:
        findings.failed('container', 'directory-malformed', message=str(error))
        return None
    if 'container' in findings.failures:
        source.close()
        return None
    findings.passed('container', 'container-ok', entries=len(source.sizes()))
    return source


# --- Reading -----------------------------------------------------------------------------------------------------------------------

SECRETS = (
    ('private-key', (b'PRIVATE KEY-----',), re.compile(rb'-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----')),
    ('jwt', (b'eyJ',), re.compile(
        rb'(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,16384}\.[A-Za-z0-9_-]{16,2048}')),
    ('vault-token', (b'hvs.', b'hvb.', b'hvr.'), re.compile(rb'(?<![A-Za-z0-9_.-])hv[sbr]\.[A-Za-z0-9_-]{24,1024}')),
    ('aws-access-key', (b'AKIA', b'ASIA'), re.compile(rb'(?<![A-Za-z0-9_])A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9_])')),
    ('bearer-token', (b'earer ',), re.compile(
        rb'(?<![A-Za-z0-9_])[Bb]earer (?=[A-Za-z._~+/-]{0,4095}[0-9])[A-Za-z0-9._~+/-]{20,4096}')),
    ('authorization-header', (b'asic ',), re.compile(
        rb'[Aa]uthorization[\\"\'\s:=]{1,8}[Bb]asic [A-Za-z0-9+/]{12,4096}')),
    ('kubeconfig-key', (b'client-key-data',), re.compile(
        rb'client-key-data["\']?:\s{0,4}["\']?[A-Za-z0-9+/=]{40,8192}')),
)


def is_searched(path):
    return (path.startswith('data/') and not path.endswith('.pdf')
            and re.match(r'data/artefacts/[^/]+/bundles/', path) is None)


class Reader:
    """Reads each file once, and remembers hashes: what is compared is of the very bytes that were used."""

    def __init__(self, source, findings):
        self.source = source
        self.findings = findings
        self.sizes = source.sizes()
        self.digests = {}
        self.begun = set()
        self.secrets = []
        self.searched = 0

    def has(self, path):
        return path in self.sizes

    def pieces(self, path, step):
        if path not in self.sizes:
            return
        self.begun.add(path)
        digest, tail, found = hashlib.sha256(), b'', set()
        searched = is_searched(path)
        try:
            for piece in self.source.pieces(path):
                digest.update(piece)
                if searched:
                    text = tail + piece
                    for kind, signs, pattern in SECRETS:
                        if kind not in found and any(sign in text for sign in signs) and pattern.search(text):
                            found.add(kind)
                    tail = text[-24576:]
                yield piece
        except Refused as error:
            self.findings.failed(step, 'entry-corrupt', path=path, message=str(error))
            return
        if searched:
            self.searched += 1
            self.secrets.extend((path, kind) for kind in sorted(found))
        self.digests[path] = digest.hexdigest()

    def whole(self, path, step):
        data = b''.join(self.pieces(path, step))
        return data if path in self.digests else None

    def lines(self, path, step, state):
        """Lines without their break. state['problem'] says what is wrong with them."""
        rest = b''
        for piece in self.pieces(path, step):
            if state.get('problem'):
                continue
            lines = (rest + piece).split(b'\n')
            rest = lines.pop()
            for line in lines:
                if len(line) > LONGEST_LINE:
                    state['problem'] = 'line-too-long'
                    break
                if not line:
                    state['problem'] = state.get('problem') or 'line-malformed'
                yield line
            if len(rest) > LONGEST_LINE:
                state['problem'] = 'line-too-long'
        if rest and not state.get('problem'):
            state['problem'] = 'line-malformed'


class Tree:
    """Merkle tree of RFC 6962 over leaf hashes."""

    def __init__(self):
        self.size = 0
        self.waiting = []

    def add(self, leaf):
        level = 0
        waiting = self.waiting
        while level < len(waiting) and waiting[level] is not None:
            leaf = hashlib.sha256(b'\x01' + waiting[level] + leaf).digest()
            waiting[level] = None
            level += 1
        if level == len(waiting):
            waiting.append(leaf)
        else:
            waiting[level] = leaf
        self.size += 1

    def root(self):
        result = None
        for left in self.waiting:
            if left is not None:
                result = left if result is None else hashlib.sha256(b'\x01' + left + result).digest()
        return hashlib.sha256(b'').digest() if result is None else result


def leaf_of(line):
    return hashlib.sha256(b'\x00' + line).digest()


def no_constant(_):
    raise ValueError('no JSON')


def any_int(text):
    # Python refuses those of thousands of digits, since 3.11; others read them as the numbers without an end that they are to them.
    return int(text) if len(text) < 400 else float(text)


def plain_members(pairs):
    # It means something to JavaScript.
    if any(name == '__proto__' for name, _ in pairs):
        raise ValueError('no plain name')
    return dict(pairs)


def parse_json(data):
    """Raises ValueError; also for what only Python takes for JSON."""
    try:
        return json.loads(
            data.decode('utf-8', 'strict'), parse_constant=no_constant, parse_int=any_int, object_pairs_hook=plain_members)
    except RecursionError:
        raise ValueError('nested too deeply')


# --- Shapes ------------------------------------------------------------------------------------------------------------------------

HASH = re.compile(r'[0-9a-f]{64}\Z')
TIME = re.compile(r'(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?Z\Z', re.ASCII)
NAME = re.compile(r'[a-z0-9_][a-z0-9._-]*\Z')


def is_text(value):
    return isinstance(value, str)


def is_number(value):
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(float(value))
    except OverflowError:
        return False


def is_count(value):
    return is_number(value) and value == int(value) and 0 <= value < 1 << 53


def is_whole(value):
    return isinstance(value, int) and is_count(value)


def is_hash(value):
    return is_text(value) and HASH.match(value) is not None


def is_time(value):
    match = TIME.match(value) if is_text(value) else None
    try:
        # There was no year 0: it would have been a leap year.
        return match is not None and datetime.date(int(match.group(1)) or 4, int(match.group(2)), int(match.group(3))) is not None
    except ValueError:
        return False


def is_name(value):
    return is_text(value) and NAME.match(value) is not None


def text_to(longest):
    """Counted in UTF-16, as JavaScript counts."""
    return lambda value: is_text(value) and len(value.encode('utf-16-le', 'surrogatepass')) <= 2 * longest


def or_null(check):
    return lambda value: value is None or check(value)


def one_of(*values):
    return lambda value: is_text(value) and value in values


def list_of(check):
    return lambda value: isinstance(value, list) and all(check(each) for each in value)


def map_of(check):
    return lambda value: isinstance(value, dict) and all(check(each) for each in value.values())


def shape(**members):
    """A check of an object; members that are not named are left alone."""
    def check(value):
        return isinstance(value, dict) and all(name in value and test(value[name]) for name, test in members.items())
    check.members = members
    return check


PERIOD = shape(**{'from': is_time, 'to': is_time})
HEADS = shape(count=is_count, first=is_count, last=is_count, lastHash=is_hash)
LIMITATION = shape(code=is_text, params=map_of(lambda value: value is None or is_text(value) or is_number(value)))
GAP = shape(**{
    'source': is_text, 'from': is_count, 'to': or_null(is_count), 'why': one_of(*GAP_REASONS), 'detail': is_text,
})
STATED = shape(id=one_of(*ARTEFACTS), records=is_count, merkleRoot=is_hash, state=one_of(*STATES))
PREVIOUS = shape(packId=text_to(100), statementSha256=is_hash)
PREDICATE_SHAPE = shape(
    packId=lambda value: is_text(value) and ROOT.match(value) is not None,
    environment=text_to(200), period=PERIOD, createdAt=is_time, console=text_to(200), operator=text_to(500),
    payloadOxum=lambda value: is_text(value) and re.match(r'[0-9]{1,15}\.[0-9]{1,9}\Z', value) is not None,
    artefacts=lambda value: list_of(STATED)(value) and len(value) <= len(ARTEFACTS), gaps=is_count, heads=or_null(HEADS), deviceKey=is_hash, previousPack=or_null(PREVIOUS),
)
INDEX_SHAPE = shape(
    schema=one_of('everyhop.evidence.pack/1'), packId=is_text, environment=is_text, trustDomains=list_of(is_text),
    period=PERIOD, createdAt=is_time, console=is_text, operator=is_text, purpose=or_null(is_text),
    artefacts=list_of(shape(
        id=one_of(*ARTEFACTS), folder=is_text, records=is_count, exceptions=is_count, state=one_of(*STATES),
        gaps=is_count, merkleRoot=is_hash)),
    leftOut=list_of(one_of(*ARTEFACTS)), sealedSince=or_null(is_time), heads=or_null(HEADS), deviceKey=is_hash,
    gaps=list_of(GAP), limitations=list_of(LIMITATION),
)
META_SHAPE = shape(
    schema=one_of('everyhop.evidence.artefact/1'), id=one_of(*ARTEFACTS), environment=is_text, period=PERIOD,
    population=shape(
        count=or_null(is_count), method=is_text,
        control=or_null(shape(value=is_number, source=is_text, difference=is_number)),
        dropped=map_of(is_number), expected=or_null(is_count), reporting=or_null(is_count), gaps=list_of(GAP)),
    records=is_count, exceptions=is_count, result=shape(state=one_of(*STATES), reason=LIMITATION),
    sample=or_null(shape(
        nonce=lambda value: is_text(value) and value != '', seed=is_hash,
        count=lambda value: is_count(value) and value <= 1000,
        indexes=lambda value: list_of(is_count)(value) and len(value) <= 1000, file=is_name)),
    files=list_of(shape(name=is_name, lines=is_count, sealed=or_null(shape(
        head=is_count, stream=is_text, size=is_count, withheld=or_null(is_name))))),
    merkle=shape(size=is_count, root=is_hash),
)
HEAD_SHAPE = shape(**{
    'number': is_whole, 'from': is_whole, 'to': is_whole, 'sealedAt': is_whole,
    'streams': list_of(shape(stream=is_text, size=is_whole, root=is_hash)), 'masking': is_text, 'previous': is_hash,
    'key': is_hash, 'signature': lambda value: is_text(value) and 1 <= len(value) <= 200,
})


def read_document(reader, findings, path, wanted):
    data = reader.whole(path, 'payload-manifest')
    if data is None:
        return None
    try:
        value = parse_json(data)
    except ValueError:
        findings.failed('schema', 'schema-invalid', path=path, where='JSON')
        return None
    kind = 'everyhop.evidence.pack/' if wanted is INDEX_SHAPE else 'everyhop.evidence.artefact/'
    named = value.get('schema') if isinstance(value, dict) else None
    if is_text(named) and named != kind + '1' and re.match(re.escape(kind) + r'\d+\Z', named):
        findings.failed('schema', 'schema-newer', path=path, schema=named)
        return None
    if wanted(value):
        return value
    members = wanted.members if isinstance(value, dict) else {}
    wrong = [name for name, test in members.items() if name not in value or not test(value[name])]
    findings.failed('schema', 'schema-invalid', path=path, where=wrong[0] if wrong else '')
    return None


# --- Keys and signatures -----------------------------------------------------------------------------------------------------------

P256 = bytes.fromhex('3059301306072a8648ce3d020106082a8648ce3d03010703420004')


def read_public_key(pem):
    """(SPKI, None), or (None, (code, what was found))."""
    text = pem.decode('latin-1')
    if not text.strip():
        return None, ('key-empty', '')
    labels = re.findall(r'-----BEGIN ([A-Z0-9 ]{1,40})-----', text)
    if any(label.endswith('PRIVATE KEY') for label in labels):
        return None, ('key-private', '')
    if 'CERTIFICATE' in labels:
        return None, ('key-certificate', '')
    if len(labels) != 1:
        return None, ('key-not-pem', '')
    if labels[0] != 'PUBLIC KEY':
        return None, ('key-not-p256', labels[0])
    block = re.search(r'-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----', text)
    spki = from_base64(re.sub(r'\s', '', block.group(1))) if block else None
    if not spki or not spki.startswith(b'\x30'):
        return None, ('key-not-pem', '')
    if len(spki) != 91 or not spki.startswith(P256):
        return None, ('key-not-p256', 'of another kind')
    return spki, None


class OpenSsl:
    """Checks signatures with the command openssl, in a folder that only we can read. Its exit code decides."""

    def __init__(self, command):
        self.command = command
        self.folder = tempfile.TemporaryDirectory(prefix='everyhop-verify-')
        self.keys = {}

    def problem(self):
        try:
            run = subprocess.run([self.command, 'version'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
        return None if run.returncode == 0 else 'it answers %d' % run.returncode

    def path(self, name, data):
        path = os.path.join(self.folder.name, name)
        with open(path, 'wb') as handle:
            handle.write(data)
        return path

    def is_signed(self, spki, signature, data):
        if spki not in self.keys:
            body = base64.encodebytes(spki).decode('ascii')
            pem = '-----BEGIN PUBLIC KEY-----\n%s-----END PUBLIC KEY-----\n' % body
            self.keys[spki] = self.path('key-%d.pem' % len(self.keys), pem.encode('ascii'))
        signature_path = self.path('signature', signature)
        run = subprocess.run(
            [self.command, 'dgst', '-sha256', '-verify', self.keys[spki], '-signature', signature_path,
             self.path('signed', data)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        return run.returncode == 0

    def close(self):
        self.folder.cleanup()


def from_base64(text):
    """Both alphabets, with or without padding; None: it is no base64."""
    if not is_text(text) or re.match(r'[A-Za-z0-9+/_-]*={0,2}\Z', text) is None:
        return None
    bare = text.rstrip('=').replace('-', '+').replace('_', '/')
    if len(bare) % 4 == 1 or ('=' in text and len(text) % 4):
        return None
    data = base64.b64decode(bare + '=' * (-len(bare) % 4))
    return data if base64.b64encode(data).decode('ascii').rstrip('=') == bare else None


def read_envelope(reader, findings):
    if not reader.has(ENVELOPE):
        findings.failed('signature', 'envelope-missing', path=ENVELOPE)
        return None
    data = reader.whole(ENVELOPE, 'signature')
    if data is None:
        return None
    problem, envelope = 'not-an-envelope', None
    try:
        envelope = parse_json(data)
    except ValueError:
        problem = 'not-json'
    is_signature = shape(keyid=text_to(1000), sig=lambda value: is_text(value) and 1 <= len(value) <= 4096)
    is_envelope = shape(
        payloadType=lambda value: is_text(value) and re.match(r'[!-~]{1,200}\Z', value) is not None, payload=is_text,
        signatures=lambda value: list_of(is_signature)(value) and 1 <= len(value) <= 16)
    if len(data) > MEBIBYTE or envelope is None or not is_envelope(envelope):
        findings.failed('signature', 'envelope-malformed', problem='too-large' if len(data) > MEBIBYTE else problem)
        return None
    # No signature covers the envelope itself: what stands in it besides, or twice, is read by one program and not by another.
    if b'\\' in data or data.count(b'"') != 10 + 8 * len(envelope['signatures']):
        findings.failed('signature', 'envelope-malformed', problem='other-members')
        return None
    payload = from_base64(envelope['payload'])
    signatures = [(each['keyid'], from_base64(each['sig'])) for each in envelope['signatures']]
    if payload is None or any(not signature for _, signature in signatures):
        findings.failed('signature', 'envelope-malformed', problem='not-base64')
        return None
    return envelope['payloadType'], payload, signatures


def signed_payload(reader, findings, openssl, spki):
    envelope = read_envelope(reader, findings)
    if envelope is None:
        return None
    kind, payload, signatures = envelope
    fingerprint = hashlib.sha256(spki).hexdigest()
    if kind != 'application/vnd.in-toto+json':
        findings.failed('signature', 'envelope-type', found=kind)
        return None
    if len(signatures) != 1:
        findings.failed('signature', 'signature-count', count=len(signatures))
        return None
    key_id, signature = signatures[0]
    encoded = b'DSSEv1 %d %s %d %s' % (len(kind), kind.encode('ascii'), len(payload), payload)
    if not openssl.is_signed(spki, signature, encoded):
        findings.failed('signature', 'signature-wrong', key=fingerprint)
        return None
    if key_id != fingerprint:
        findings.failed('signature', 'envelope-key-id', key=fingerprint)
        return None
    findings.passed('signature', 'signature-ok', key=fingerprint)
    return payload


def read_statement(payload):
    """(predicate, hash of the tag manifest), or (None, (code, params))."""
    try:
        value = parse_json(payload)
    except ValueError:
        return None, ('statement-malformed', {'problem': 'not-json', 'where': ''})
    value = value if isinstance(value, dict) else {}
    subject = value.get('subject')
    is_subject = list_of(shape(name=one_of(TAG_MANIFEST), digest=shape(sha256=is_hash)))
    kind = value.get('predicateType')
    if value.get('_type') == 'https://in-toto.io/Statement/v1' and is_text(kind) and kind != PREDICATE:
        if re.match(re.escape(PREDICATE[:-1]) + r'\d+\Z', kind):
            return None, ('statement-newer', {'found': kind})
        return None, ('statement-malformed', {'problem': 'other-predicate', 'where': kind})
    if (value.get('_type') != 'https://in-toto.io/Statement/v1' or kind != PREDICATE or not is_subject(subject)
            or len(subject) != 1 or not PREDICATE_SHAPE(value.get('predicate'))):
        return None, ('statement-malformed', {'problem': 'not-a-statement', 'where': ''})
    return value['predicate'], subject[0]['digest']['sha256']


# --- The bag -----------------------------------------------------------------------------------------------------------------------


def read_manifest(data):
    """Hash by path, or the number of the first line that is none."""
    hashes, before = {}, ''
    lines = data.decode('latin-1').split('\n')
    if lines.pop() != '':
        return len(lines) + 1
    for number, line in enumerate(lines, 1):
        match = re.match(r'([0-9a-f]{64})  ([ -~]+)\Z', line)
        if match is None or not is_pack_path(match.group(2)) or match.group(2) <= before:
            return number
        before = match.group(2)
        hashes[before] = match.group(1)
    return hashes


def check_tag_files(reader, findings, tag_manifest, predicate, fingerprint):
    """(hashes of the payload or None, PEM of the device key or None)."""
    tags = read_manifest(tag_manifest)
    if isinstance(tags, int):
        findings.failed('tag-manifest', 'manifest-malformed', path=TAG_MANIFEST, line=tags)
        return None, None
    texts = {}
    for path, expected in tags.items():
        data = reader.whole(path, 'tag-manifest')
        if data is None:
            continue
        if reader.digests[path] == expected:
            texts[path] = data
        else:
            findings.failed('tag-manifest', 'hash-differs', path=path)
    check_bag(texts, findings, predicate)
    for path, expected in (('trust/device.pub.pem', predicate['deviceKey']), ('trust/organisation.pub.pem', fingerprint)):
        if path in texts:
            spki, _ = read_public_key(texts[path])
            if spki is None or hashlib.sha256(spki).hexdigest() != expected:
                findings.failed('tag-manifest', 'trust-copy', path=path)
    findings.passed('tag-manifest', 'tag-manifest-ok', files=len(tags))
    manifest = None
    if MANIFEST in texts:
        manifest = read_manifest(texts[MANIFEST])
        if isinstance(manifest, int):
            findings.failed('payload-manifest', 'manifest-malformed', path=MANIFEST, line=manifest)
            manifest = None
    check_file_set(reader, findings, tags, manifest)
    return manifest, texts.get('trust/device.pub.pem')


def check_bag(texts, findings, predicate):
    declaration = texts.get('bagit.txt')
    if declaration is not None and not re.match(
            rb'BagIt-Version: 1\.0\r?\nTag-File-Character-Encoding: UTF-8(\r?\n)?\Z', declaration):
        findings.failed('tag-manifest', 'bag-declaration', path='bagit.txt')
    if 'bag-info.txt' not in texts:
        return
    values = {}
    text = re.sub(r'\r?\n\Z', '', texts['bag-info.txt'].decode('utf-8', 'replace'))
    for line in re.split(r'\r?\n', text):
        match = re.match(r'([A-Za-z][A-Za-z0-9-]*): ([ -~]*)\Z', line)
        if match is None or match.group(1) in values:
            values = {}
            break
        values[match.group(1)] = match.group(2)
    for name, expected in (('External-Identifier', predicate['packId']), ('Payload-Oxum', predicate['payloadOxum'])):
        if values.get(name) != expected:
            findings.failed('tag-manifest', 'bag-info', path='bag-info.txt', name=name)
    if 'Bagging-Date' not in values:
        findings.failed('tag-manifest', 'bag-info', path='bag-info.txt', name='Bagging-Date')


def check_file_set(reader, findings, tags, manifest):
    for path in tags:
        if path.startswith('data/') or path == TAG_MANIFEST or path.startswith('signatures/'):
            findings.failed('tag-manifest', 'manifest-path', path=path)
    for path in manifest or ():
        if not path.startswith('data/'):
            findings.failed('payload-manifest', 'manifest-path', path=path)
    if reader.has('fetch.txt') or 'fetch.txt' in tags:
        findings.failed('file-set', 'fetch', path='fetch.txt')
    listed = set(tags) | set(manifest or ())
    expected = set(TAG_FILES) | set(PAYLOAD_FILES) | listed
    for path in sorted(expected):
        is_unlisted = path not in listed and (manifest is not None or not path.startswith('data/'))
        if not reader.has(path) or is_unlisted:
            findings.failed('file-set', 'file-missing', path=path)
    for path in sorted(reader.sizes):
        if path in (ENVELOPE, TAG_MANIFEST, 'fetch.txt') or path in expected:
            continue
        if manifest is None and path.startswith('data/'):
            continue
        findings.failed('file-set', 'file-extra', path=path)
    if manifest is not None:
        findings.passed('file-set', 'file-set-ok', files=len(reader.sizes))


# --- Heads -------------------------------------------------------------------------------------------------------------------------


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False, allow_nan=False)


def read_head(line):
    """(head, signed bytes); None unless the line is the canonical one of a head."""
    try:
        head = parse_json(line)
        if not HEAD_SHAPE(head) or canonical(head).encode('utf-8') != line:
            return None
        # Of two of the same name one program would take the first, another the last.
        if len({each['stream'] for each in head['streams']}) != len(head['streams']):
            return None
        unsigned = {name: value for name, value in head.items() if name != 'signature'}
        return head, b'everyhop-head-v1\n' + canonical(unsigned).encode('utf-8')
    except ValueError:
        return None


def check_heads(reader, findings, openssl, predicate, device_pem):
    """By number of head: (its streams as {stream: (size, root)}, hash of its line, hash of the line before)."""
    heads, state = {}, {}
    device_key, named = predicate['deviceKey'], predicate['heads']
    spki = read_public_key(device_pem)[0] if device_pem is not None else None
    if spki is not None and hashlib.sha256(spki).hexdigest() != device_key:
        spki = None
    count, first, before, before_hash = 0, None, None, None
    own, other_last = False, None
    for line in reader.lines('data/heads.ndjson', 'payload-manifest', state):
        count += 1
        read = read_head(line)
        if read is None:
            findings.failed('chain', 'head-malformed', line=count)
            before = None
            continue
        head, signed = read
        number = head['number']
        if before is not None:
            if number != before + 1:
                findings.failed('chain', 'head-number', number=number)
            if head['previous'] != before_hash:
                findings.failed('chain', 'head-previous', number=number)
        elif count == 1 and number == 1 and head['previous'] != '0' * 64:
            findings.failed('chain', 'head-previous', number=number)
        signature = from_base64(head['signature'])
        if head['key'] != device_key:
            # A key that was lost was replaced: the hashes that lead back from the first head of the named key hold those before it.
            other_last = number
            if own:
                findings.failed('chain', 'head-key', number=number)
        elif spki is None or not signature or not openssl.is_signed(spki, signature, signed):
            findings.failed('chain', 'head-signature', number=number)
        own = own or head['key'] == device_key
        first = number if first is None else first
        before, before_hash = number, hashlib.sha256(line).hexdigest()
        streams = {each['stream']: (each['size'], each['root']) for each in head['streams']}
        heads[number] = (streams, before_hash, head['previous'])
    if state.get('problem'):
        findings.failed('chain', 'head-malformed', line=count + 1)
    if other_last is not None and not own:
        findings.failed('chain', 'head-key', number=other_last)
    if named is None:
        if count:
            findings.failed('chain', 'chain-ends', found=count, count=0)
        findings.not_checked('chain', 'chain-none')
        return heads
    if (count, first, before, before_hash) != (named['count'], named['first'], named['last'], named['lastHash']):
        findings.failed('chain', 'chain-ends', found=count, count=named['count'])
    if other_last is None:
        findings.passed('chain', 'chain-ok', count=count, first=named['first'], last=named['last'])
    else:
        findings.passed('chain', 'chain-ok-another-key', count=count, first=named['first'], last=named['last'], other=other_last)
    return heads


# --- Artefacts ---------------------------------------------------------------------------------------------------------------------

WITHHELD = re.compile(rb'\{"i":(0|[1-9][0-9]{0,14}),"leaf":"([0-9a-f]{64})"\}\Z')


class Withheld:
    """Leaves that are not in the pack, in ascending order of their index."""

    def __init__(self, lines, state):
        self.lines = lines
        self.state = state
        self.malformed = False
        self.index = -1
        self.leaf = None
        self.following()

    def following(self):
        self.leaf = None
        for line in self.lines:
            match = WITHHELD.match(line)
            if match is None or int(match.group(1)) <= self.index:
                self.malformed = True
                continue
            self.index, self.leaf = int(match.group(1)), bytes.fromhex(match.group(2).decode('ascii'))
            return
        if self.state.get('problem'):
            self.malformed = True


def count_lines(reader, findings, folder, meta, heads):
    """(tree, leaves that the sample names by index)."""
    tree, leaves = Tree(), {}
    wanted = set(meta['sample']['indexes']) if meta['sample'] else set()
    for file in meta['files']:
        path, sealed, state, before = folder + '/' + file['name'], file['sealed'], {}, tree.size
        seal, withheld = None, None
        if sealed is not None:
            seal = Tree()
            if sealed['withheld'] is not None:
                withheld_state = {}
                withheld_path = folder + '/' + sealed['withheld']
                withheld = Withheld(reader.lines(withheld_path, 'payload-manifest', withheld_state), withheld_state)
        for line in reader.lines(path, 'payload-manifest', state):
            leaf = leaf_of(line)
            if tree.size in wanted:
                leaves[tree.size] = leaf
            tree.add(leaf)
            if seal is not None:
                while withheld is not None and withheld.leaf is not None and withheld.index == seal.size:
                    seal.add(withheld.leaf)
                    withheld.following()
                seal.add(leaf)
        if state.get('problem') == 'line-too-long':
            findings.failed('artefacts', 'line-too-long', path=path, limit=LONGEST_LINE)
        elif state.get('problem'):
            findings.failed('artefacts', 'line-malformed', path=path)
        if not reader.has(path):
            findings.failed('artefacts', 'named-file-missing', path=path)
        elif tree.size - before != file['lines']:
            findings.failed('artefacts', 'line-count', path=path, found=tree.size - before, said=file['lines'])
        if seal is not None:
            check_seal(reader, findings, (folder, path, sealed), (seal, withheld), heads)
    return tree, leaves


def check_seal(reader, findings, names, found, heads):
    folder, path, sealed = names
    seal, withheld = found
    malformed = False
    while withheld is not None and withheld.leaf is not None:
        if withheld.index == seal.size:
            seal.add(withheld.leaf)
        else:
            malformed = True
        withheld.following()
    if withheld is not None:
        malformed = malformed or withheld.malformed
        if not reader.has(folder + '/' + sealed['withheld']):
            findings.failed('artefacts', 'named-file-missing', path=folder + '/' + sealed['withheld'])
    known = heads[sealed['head']][0].get(sealed['stream']) if sealed['head'] in heads else None
    if known is None:
        findings.failed('seals', 'sealed-head-unknown', path=path, head=sealed['head'], stream=sealed['stream'])
    elif malformed:
        findings.failed('seals', 'withheld-malformed', path=folder + '/' + (sealed['withheld'] or ''))
    elif seal.size != known[0] or sealed['size'] != known[0]:
        findings.failed('seals', 'sealed-size', path=path, head=sealed['head'], found=seal.size, sealed=known[0])
    elif seal.root().hex() != known[1]:
        findings.failed('seals', 'sealed-root', path=path, head=sealed['head'], stream=sealed['stream'])


def draw(seed, size, count):
    """The indexes with the smallest HMAC-SHA-256(seed, index)."""
    if count == 0:
        return []
    base = hmac.new(seed, digestmod=hashlib.sha256)

    def values():
        for index in range(size):
            mac = base.copy()
            mac.update(struct.pack('>Q', index))
            yield mac.digest(), index
    return sorted(index for _, index in heapq.nsmallest(count, values()))


def check_sample(reader, findings, folder, meta, tree, leaves):
    sample, artefact = meta['sample'], meta['id']
    if sample is None:
        return 0
    path, state = folder + '/' + sample['file'], {}
    lines, found = 0, []
    for line in reader.lines(path, 'payload-manifest', state):
        lines += 1
        if lines <= len(sample['indexes']):
            found.append(leaf_of(line))
    if not reader.has(path):
        findings.failed('artefacts', 'named-file-missing', path=path)
    root = tree.root()
    if root.hex() != meta['merkle']['root']:
        return 0
    seed = hashlib.sha256(root + sample['nonce'].encode('utf-8', 'surrogatepass')).digest()
    if seed.hex() != sample['seed']:
        findings.failed('sample', 'sample-seed', artefact=artefact)
    drawn = draw(seed, tree.size, int(min(sample['count'], tree.size)))
    if sample['count'] > tree.size or drawn != sample['indexes']:
        findings.failed('sample', 'sample-drawn', artefact=artefact)
        return 0
    if lines != len(drawn) or state.get('problem') or found != [leaves.get(index) for index in drawn]:
        findings.failed('sample', 'sample-lines', artefact=artefact, path=path)
    return lines


def check_index(findings, index, predicate):
    keys = ('id', 'records', 'merkleRoot', 'state')
    listed = [tuple(each[key] for key in keys) for each in index['artefacts']]
    stated = [tuple(each[key] for key in keys) for each in predicate['artefacts']]
    places = [ARTEFACTS.index(each[0]) for each in listed]
    if listed != stated:
        findings.failed('artefacts', 'index-differs', member='artefacts')
    if any(one >= other for one, other in zip(places, places[1:])):
        findings.failed('artefacts', 'index-differs', member='artefacts')
    for member in ('packId', 'environment', 'createdAt', 'console', 'operator', 'deviceKey'):
        if index[member] != predicate[member]:
            findings.failed('artefacts', 'index-differs', member=member)
    if any(index['period'][end] != predicate['period'][end] for end in ('from', 'to')):
        findings.failed('artefacts', 'index-differs', member='period')
    heads, stated_heads = index['heads'], predicate['heads']
    if (heads is None) != (stated_heads is None) or (heads is not None and any(
            heads[key] != stated_heads[key] for key in ('count', 'first', 'last', 'lastHash'))):
        findings.failed('artefacts', 'index-differs', member='heads')
    if predicate['gaps'] != len(index['gaps']) + sum(each['gaps'] for each in index['artefacts']):
        findings.failed('artefacts', 'index-differs', member='gaps')


def check_artefact(findings, meta, listed, index, tree):
    artefact, population = listed['id'], meta['population']
    control, count = population['control'], population['count']
    same = {
        'id': meta['id'] == artefact,
        'environment': meta['environment'] == index['environment'],
        'period': all(meta['period'][end] == index['period'][end] for end in ('from', 'to')),
        'records': meta['records'] == listed['records'] == tree.size == meta['merkle']['size'],
        'exceptions': meta['exceptions'] == listed['exceptions'] and meta['exceptions'] <= meta['records'],
        'state': meta['result']['state'] == listed['state'],
        'gaps': len(population['gaps']) == listed['gaps'],
        'difference': control is None or (
            0 <= control['difference'] <= control['value']
            and (count is None or control['difference'] >= control['value'] - count)
        ),
    }
    for figure, is_same in same.items():
        if not is_same:
            findings.failed('artefacts', 'figure-differs', artefact=artefact, figure=figure)
    root = tree.root().hex()
    if meta['merkle']['root'] != root or listed['merkleRoot'] != root:
        findings.failed('artefacts', 'merkle-root', artefact=artefact)
    state, expected, reporting = meta['result']['state'], population['expected'], population['reporting']
    doubts = {
        'gaps': bool(population['gaps']),
        'reporting': expected is not None and (reporting is None or reporting < expected),
        'dropped': any(lost > 0 for lost in population['dropped'].values()),
        'control': control is not None and control['difference'] != 0,
        'count': count is None or (count == 0 and not expected),
        'exceptions': meta['exceptions'] > 0,
    }
    for why, is_doubtful in doubts.items():
        if is_doubtful and (state == 'operated' or (state == 'not-evaluated' and why == 'exceptions')):
            findings.failed('artefacts', 'state-rule', artefact=meta['id'], state=state, why=why)


def named_files(findings, folder, meta):
    names = []
    for file in meta['files']:
        names.append(file['name'])
        if file['sealed'] is not None and file['sealed']['withheld'] is not None:
            names.append(file['sealed']['withheld'])
    if meta['sample'] is not None:
        names.append(meta['sample']['file'])
    for place, name in enumerate(names):
        if name in names[:place] or not name.endswith('.ndjson'):
            findings.failed('artefacts', 'file-named-twice', path=folder + '/' + name)
    return {folder + '/' + name for name in names}


def check_artefacts(reader, findings, index, predicate, heads):
    """(metas by artefact with their roots, gaps, sampled lines, sealed files)."""
    check_index(findings, index, predicate)
    checked, gaps, named, not_read, sampled, sealed = [], [], set(), set(), 0, 0
    for listed in index['artefacts']:
        own = '%02d-%s' % (ARTEFACTS.index(listed['id']) + 1, listed['id'])
        if listed['folder'] != own:
            findings.failed('artefacts', 'artefact-folder', artefact=listed['id'], folder=listed['folder'])
            continue
        folder = 'data/artefacts/' + own
        path = folder + '/meta.json'
        if not reader.has(path):
            findings.failed('artefacts', 'named-file-missing', path=path)
        meta = read_document(reader, findings, path, META_SHAPE)
        if meta is None:
            not_read.add(own)
            continue
        tree, leaves = count_lines(reader, findings, folder, meta, heads)
        sampled += check_sample(reader, findings, folder, meta, tree, leaves)
        check_artefact(findings, meta, listed, index, tree)
        named |= named_files(findings, folder, meta)
        gaps += meta['population']['gaps']
        sealed += sum(1 for file in meta['files'] if file['sealed'] is not None)
        checked.append((meta, tree.root().hex()))
    folders = {each['folder'] for each in index['artefacts']}
    for path in sorted(reader.sizes):
        if not path.startswith('data/artefacts/'):
            continue
        is_line_file = path.endswith('.ndjson') and '/bundles/' not in path
        folder = path.split('/')[2]
        if folder not in folders or (is_line_file and path not in named and folder not in not_read):
            findings.failed('artefacts', 'file-unnamed', path=path)
    return checked, gaps, sampled, sealed


class TextPieces(io.RawIOBase):
    """Pieces of a file as what the csv module can read."""

    def __init__(self, pieces):
        super().__init__()
        self.pieces = iter(pieces)
        self.rest = b''

    def readable(self):
        return True

    def readinto(self, target):
        while not self.rest:
            try:
                self.rest = next(self.pieces)
            except StopIteration:
                return 0
        size = min(len(target), len(self.rest))
        target[:size], self.rest = self.rest[:size], self.rest[size:]
        return size


def table_rows(reader, path, columns):
    """Rows as dictionaries; raises ValueError where it is no such table."""
    raw = io.BufferedReader(TextPieces(reader.pieces(path, 'payload-manifest')), CHUNK)
    text = io.TextIOWrapper(raw, encoding='utf-8', errors='replace', newline='')
    names = None
    try:
        for row in csv.reader(text, strict=True):
            if names is None:
                names = row
                if len(set(names)) != len(names) or any(column not in names for column in columns):
                    raise ValueError('columns')
            elif len(row) != len(names):
                raise ValueError('cells')
            else:
                yield dict(zip(names, row))
    except csv.Error as error:
        raise ValueError(str(error))
    finally:
        # Its hash is asked for later: what is left of it is read too.
        for _ in iter(lambda: raw.read(CHUNK), b''):
            pass
    if names is None:
        raise ValueError('empty')


def check_lists(reader, findings, checked):
    columns = ('artefact', 'state', 'records', 'exceptions', 'gaps', 'merkle_root')
    path = 'data/summary.csv'
    expected = [
        (meta['id'], meta['result']['state'], str(meta['records']), str(meta['exceptions']),
         str(len(meta['population']['gaps'])), root)
        for meta, root in checked
    ]
    if reader.has(path):
        try:
            rows = [tuple(row[column] for column in columns) for row in table_rows(reader, path, columns)]
            if path in reader.digests and rows != expected:
                findings.failed('artefacts', 'summary-differs', path=path)
        except ValueError:
            if path in reader.digests:
                findings.failed('artefacts', 'table-malformed', path=path)
    path = 'data/exceptions.csv'
    if not reader.has(path):
        return
    places = {
        (meta['id'], file['name']): (which, place, file['lines'])
        for which, (meta, _) in enumerate(checked) for place, file in enumerate(meta['files'])
    }
    found, before, wrong = {}, (-1, -1, -1), False
    try:
        for number, row in enumerate(table_rows(reader, path, ('artefact', 'file', 'line')), 1):
            known = places.get((row['artefact'], row['file']))
            line = int(row['line']) if re.match(r'[1-9][0-9]{0,14}\Z', row['line']) else 0
            place = before if known is None else (known[0], known[1], line)
            if known is None or line < 1 or line > known[2] or place <= before:
                if not wrong:
                    findings.failed('artefacts', 'exception-row', path=path, row=number)
                wrong = True
            before = place
            found[row['artefact']] = found.get(row['artefact'], 0) + 1
    except ValueError:
        if path in reader.digests:
            findings.failed('artefacts', 'table-malformed', path=path)
        return
    if path not in reader.digests:
        return
    room = MOST_LISTED
    for meta, _ in checked:
        due = min(meta['exceptions'], room)
        room -= due
        if found.get(meta['id'], 0) != due:
            findings.failed('artefacts', 'exception-count', artefact=meta['id'], found=found.get(meta['id'], 0), expected=due)


# --- All of it ---------------------------------------------------------------------------------------------------------------------


def check_previous(findings, predicate, path):
    """The statement of the pack before; None unless it was given and is the one that is named."""
    named = predicate['previousPack']
    if named is None:
        if path is None:
            findings.passed('previous-pack', 'previous-first')
        else:
            findings.failed('previous-pack', 'previous-none-named')
        return None
    if path is None:
        findings.not_checked('previous-pack', 'previous-not-given', packId=named['packId'])
        return None
    own = Findings()
    source = open_source(path, own)
    envelope = None
    if source is not None:
        try:
            envelope = read_envelope(Reader(source, own), own)
        finally:
            source.close()
    if envelope is None:
        findings.failed('previous-pack', 'previous-unreadable', packId=named['packId'])
        return None
    payload = envelope[1]
    statement, _ = read_statement(payload)
    found = statement['packId'] if statement else ''
    if hashlib.sha256(payload).hexdigest() != named['statementSha256'] or found != named['packId']:
        findings.failed('previous-pack', 'previous-other', packId=named['packId'], found=found)
        return None
    findings.passed('previous-pack', 'previous-ok', packId=named['packId'])
    return statement


def check_same_heads(findings, heads, before):
    """Where this pack has the last head of the one before, or goes on from it, it has to be the same chain."""
    if before['heads'] is None:
        return
    last, last_hash = before['heads']['last'], before['heads']['lastHash']
    if (last in heads and heads[last][1] != last_hash) or (last + 1 in heads and heads[last + 1][2] != last_hash):
        findings.failed('previous-pack', 'previous-heads', number=last)


def verify(pack, key, previous=None, openssl_command='openssl'):
    """The result, as a dictionary like that of `everyhop evidence verify --json`. `key` and the packs are paths."""
    findings = Findings()
    spki = None
    try:
        with open(key, 'rb') as handle:
            spki, problem = read_public_key(handle.read(64 * 1024))
        if problem is not None:
            findings.failed('signature', problem[0], found=problem[1])
    except OSError as error:
        findings.failed('signature', 'key-unreadable', file=str(key), message=error.strerror or str(error))
    source = open_source(pack, findings)
    if source is None:
        return findings.result()
    openssl = OpenSsl(openssl_command)
    try:
        missing = openssl.problem()
        if missing is not None:
            findings.failed('signature', 'openssl-missing', message=missing)
        if spki is None or missing is not None:
            return findings.result()
        return verify_source(source, findings, openssl, spki, previous)
    finally:
        openssl.close()
        source.close()


def verify_source(source, findings, openssl, spki, previous):
    reader = Reader(source, findings)
    payload = signed_payload(reader, findings, openssl, spki)
    if payload is None:
        return findings.result()
    predicate, subject = read_statement(payload)
    if predicate is None:
        findings.failed('statement', subject[0], **subject[1])
        return findings.result()
    tag_manifest = reader.whole(TAG_MANIFEST, 'statement') if reader.has(TAG_MANIFEST) else None
    if tag_manifest is None or reader.digests[TAG_MANIFEST] != subject:
        if tag_manifest is not None or not reader.has(TAG_MANIFEST):
            findings.failed('statement', 'statement-subject', path=TAG_MANIFEST)
        return findings.result()
    pack_id = predicate['packId']
    if source.root is not None and source.root != pack_id:
        findings.failed('statement', 'statement-root', folder=source.root, packId=pack_id)
    findings.passed('statement', 'statement-ok', packId=pack_id, createdAt=predicate['createdAt'])
    fingerprint = hashlib.sha256(spki).hexdigest()
    manifest, device_pem = check_tag_files(reader, findings, tag_manifest, predicate, fingerprint)
    before = check_previous(findings, predicate, previous)
    if manifest is None:
        return findings.result(pack_id)
    sizes = [size for path, size in reader.sizes.items() if path.startswith('data/')]
    signed_bytes, signed_files = (int(part) for part in predicate['payloadOxum'].split('.'))
    if (sum(sizes), len(sizes)) != (signed_bytes, signed_files):
        found = '%d.%d' % (sum(sizes), len(sizes))
        findings.failed('payload-manifest', 'payload-oxum', signed=predicate['payloadOxum'], found=found)
    # So much may be added and still be read, so that it can be named; a bomb is not unpacked.
    if sum(sizes) > signed_bytes + 16 * MEBIBYTE:
        return findings.result(pack_id)

    index = read_document(reader, findings, 'data/index.json', INDEX_SHAPE)
    heads = check_heads(reader, findings, openssl, predicate, device_pem)
    if before is not None:
        check_same_heads(findings, heads, before)
    gaps, artefacts = [], []
    if index is not None:
        checked, own_gaps, sampled, sealed = check_artefacts(reader, findings, index, predicate, heads)
        artefacts = index['artefacts']
        if len(checked) == len(artefacts):
            check_lists(reader, findings, checked)
        for gap in index['gaps'] + own_gaps:
            if gap not in gaps:
                gaps.append(gap)
        records = sum(each['records'] for each in artefacts)
        findings.passed('schema', 'schema-ok', files=len(artefacts) + 1)
        findings.passed('artefacts', 'artefacts-ok', artefacts=len(artefacts), records=records)
        if sealed:
            findings.passed('seals', 'seals-ok', files=sealed)
        else:
            findings.not_checked('seals', 'seals-none')
        if sampled:
            findings.passed('sample', 'sample-ok', lines=sampled)
        else:
            findings.not_checked('sample', 'sample-none')
    for path, expected in manifest.items():
        if reader.has(path) and path not in reader.begun:
            for _ in reader.pieces(path, 'payload-manifest'):
                pass
        if path in reader.digests and reader.digests[path] != expected:
            findings.failed('payload-manifest', 'hash-differs', path=path)
    findings.passed('payload-manifest', 'payload-manifest-ok', files=len(manifest))
    for path, kind in reader.secrets:
        findings.failed('secrets', 'secret-found', path=path, kind=kind)
    findings.passed('secrets', 'secrets-ok', files=reader.searched)
    return findings.result(pack_id, gaps, artefacts)


def plain(value):
    """Text of others must not steer a terminal."""
    return ''.join(sign if sign.isprintable() else '\ufffd' for sign in str(value))


def sentence(step):
    code, params = step['finding']['code'], step['finding']['params']
    try:
        return SENTENCES.get(code, code).format(**params)
    except (KeyError, IndexError):
        return code


def moment(milliseconds):
    try:
        at = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
        return at.strftime('%Y-%m-%d %H:%M:%S UTC')
    except (OverflowError, OSError, ValueError):
        return str(milliseconds)


def report(result):
    marks = {'passed': 'ok    ', 'failed': 'FAILED', 'not-checked': '-     '}
    lines = ['%s %-16s %s' % (marks[each['outcome']], each['step'], plain(sentence(each))) for each in result['steps']]
    lines.append('')
    lines.append('pack          %s' % plain(result['packId'] or 'unknown'))
    lines.append('integrity     %s' % result['integrity'])
    completeness = result['completeness']
    if completeness == 'gaps':
        weak = [each['id'] for each in result['artefacts'] if each['state'] == 'insufficient']
        completeness = '%s: %d%s' % ('gaps', len(result['gaps']), '; insufficient: ' + ', '.join(weak) if weak else '')
    lines.append('completeness  %s' % plain(completeness))
    for gap in result['gaps']:
        lines.append(plain('  %s: nothing from %s to %s (%s) %s' % (
            gap['source'], moment(gap['from']), 'now' if gap['to'] is None else moment(gap['to']), gap['why'],
            gap['detail'])))
    return '\n'.join(lines) + '\n'


class Parser(argparse.ArgumentParser):
    """A wrong option is not "intact, with gaps": exit code 1, not argparse's 2."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(1, '%s: %s\n' % (self.prog, message))


def main(words):
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('pack', help='the ZIP, or the folder that it was unpacked into')
    parser.add_argument('--key', required=True, help="the organisation's public key in PEM, from outside the pack")
    parser.add_argument('--previous', help='the pack that was made before this one')
    parser.add_argument('--json', action='store_true', help='the result as JSON')
    parser.add_argument('--openssl', default='openssl', help='the command openssl, where it is not in the path')
    asked = parser.parse_args(words)
    csv.field_size_limit(8 * MEBIBYTE)
    result = verify(asked.pack, asked.key, asked.previous, asked.openssl)
    if hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(encoding='utf-8', errors='replace')
    sys.stdout.write(json.dumps(result, indent=2) + '\n' if asked.json else report(result))
    return result['exitCode']


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
