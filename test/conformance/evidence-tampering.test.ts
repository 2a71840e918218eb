import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyWithKeyFile } from '../../electron/evidence/verify/index.ts'
import type { VerifyResult } from '../../shared/domain/evidence/model.ts'
import { buildPack } from '../builders/evidence-pack.ts'
import { newKeyPair, testKeys } from '../builders/evidence-parts.ts'
import { type PythonResult, type Verification, verifyWithPython } from '../builders/python-verifier.ts'
import { tamperedAfter } from '../evidence/tampered-after.ts'
import { tamperedBefore } from '../evidence/tampered-before.ts'
import { tamperedContainers, tamperedEntries } from '../evidence/tampered-container.ts'
import { tamperedReadings } from '../evidence/tampered-readings.ts'
import { organisationKey, type Tampering, zipOf } from '../evidence/tampering.ts'

/** Each kind of tampering is given to both verifiers, which share no code, and has to be found and named by both alike. */

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const wrongKeys: readonly Tampering[] = (
  [
    ['a key that did not sign', 'signature-wrong', () => newKeyPair().publicPem],
    ['nothing', 'key-empty', () => ' \n'],
    ['a text', 'key-not-pem', () => 'not a key'],
    ['a key cut off', 'key-not-pem', () => organisationKey().slice(0, 90)],
    ['two keys', 'key-not-pem', () => organisationKey() + organisationKey()],
    ['a private key', 'key-private', () => pkcs8()],
    [
      'an old private key',
      'key-private',
      () => createPrivateKey(pkcs8()).export({ type: 'sec1', format: 'pem' }).toString(),
    ],
    ['a certificate', 'key-certificate', () => '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'],
    ['a key of P-384', 'key-not-p256', () => newKeyPair('P-384').publicPem],
    ['a key of secp256k1', 'key-not-p256', () => newKeyPair('secp256k1').publicPem],
    ['a key of RSA', 'key-not-p256', () => spki(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)],
    ['a key of Ed25519', 'key-not-p256', () => spki(generateKeyPairSync('ed25519').publicKey)],
  ] as const
).map(([what, code, key]) => ({
  what: `${what} is given as the key`,
  finds: ['signature', code],
  ...(code === 'signature-wrong' ? {} : { integrity: 'not-verifiable' as const }),
  key,
  zip: () => zipOf(buildPack()),
}))

const kinds = [
  ...tamperedAfter,
  ...tamperedBefore,
  ...tamperedContainers,
  ...tamperedEntries,
  ...tamperedReadings,
  ...wrongKeys,
]

const ours = new Map<Tampering, VerifyResult>()
const theirs = new Map<Tampering, PythonResult>()
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-tamper-'))
  const given: (readonly [Tampering, Verification])[] = []
  for (const [at, kind] of kinds.entries()) {
    const previous = kind.previous === undefined ? null : join(folder, `${at}-previous.zip`)
    const packs = { file: join(folder, `${at}.zip`), key: join(folder, `${at}.pem`), previous }
    await writeFile(packs.file, await kind.zip())
    await writeFile(packs.key, (kind.key ?? organisationKey)())
    if (previous !== null) await writeFile(previous, (await kind.previous?.()) ?? '')
    given.push([kind, packs])
  }
  const half = Math.ceil(given.length / 2)
  const [python] = await Promise.all([
    Promise.all(
      [given.slice(0, half), given.slice(half)].map((some) => verifyWithPython(some.map(([, packs]) => packs))),
    ),
    (async () => {
      for (const [kind, packs] of given) ours.set(kind, await verifyWithKeyFile(packs, new AbortController().signal))
    })(),
  ])
  for (const [at, result] of python.flat().entries()) {
    const kind = kinds[at]
    if (kind !== undefined) theirs.set(kind, result)
  }
}, 120_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** `step code`, without what cannot be compared. */
function failures({ steps }: VerifyResult | PythonResult): readonly string[] {
  return [
    ...new Set(
      steps.flatMap(({ step, outcome, finding }) => (outcome === 'failed' ? [`${step} ${finding.code}`] : [])),
    ),
  ].toSorted()
}

/** Steps that did not fail, with how they ended. */
function others({ steps }: VerifyResult | PythonResult): readonly string[] {
  return steps.flatMap(({ step, outcome, finding }) =>
    outcome === 'failed' ? [] : [`${step} ${outcome} ${finding.code}`],
  )
}

test.each(kinds.map((kind) => [kind.what, kind] as const))('found by both, alike: %s', (_, kind) => {
  const [one, other] = [ours.get(kind), theirs.get(kind)]
  if (one === undefined || other === undefined) throw new Error('it was not verified')
  expect(failures(one)).toContain(kind.finds.join(' '))
  expect(one).toMatchObject({ exitCode: 1, integrity: kind.integrity ?? 'not-intact', completeness: 'unknown' })
  expect(failures(other)).toEqual(failures(one))
  for (const member of ['packId', 'integrity', 'completeness', 'exitCode'] as const)
    expect(other[member]).toBe(one[member])
  expect(others(other)).toEqual(others(one))
})

test('there are many kinds', () => {
  expect(new Set(kinds.map(({ what }) => what)).size).toBe(kinds.length)
  expect(kinds.length).toBeGreaterThan(100)
  expect(testKeys().organisation.fingerprint).not.toBe(testKeys().device.fingerprint)
})

function pkcs8(): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function spki(key: ReturnType<typeof generateKeyPairSync>['publicKey']): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}
