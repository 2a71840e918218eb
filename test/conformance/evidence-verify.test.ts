import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { newProgress, writePack } from '../../electron/evidence/pack/write-pack.ts'
import { filesCommand, signatureCommand } from '../../electron/evidence/verify/auditor-readme.ts'
import { auditorReadme, verifyPack } from '../../electron/evidence/verify/index.ts'
import { verifySteps } from '../../shared/domain/evidence/model.ts'
import { verifySentences } from '../../shared/words/evidence-findings.ts'
import { checkCommands } from '../../shared/words/evidence-verify.ts'
import { buildPack, type PackEdits } from '../builders/evidence-pack.ts'
import { hex, type Json, newKeyPair, signedHead, testKeys } from '../builders/evidence-parts.ts'
import { artefactOf, newKey, packRequest, sealedLines, signerOf, takeAll } from '../builders/pack-parts.ts'
import { verifierFile, verifyWithPython } from '../builders/python-verifier.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'
import { rawEntries, rawZip, regularZip } from '../builders/zip.ts'
import { sealedFile } from '../evidence/tampering.ts'

const never = new AbortController().signal

interface Given {
  readonly file: string
  readonly key: string
  readonly pem: string
}

async function packIn(folder: string, zip: Buffer, pem = testKeys().organisation.publicPem): Promise<Given> {
  const given = { file: join(folder, 'pack.zip'), key: join(folder, 'organisation.pub.pem'), pem }
  await writeFile(given.file, zip)
  await writeFile(given.key, pem)
  return given
}

/** The verdict of both, which has to be the same in everything. */
async function verdict({ file, key, pem }: Given, previous: string | null = null) {
  const [one, [other]] = await Promise.all([
    verifyPack({ file, key: pem, previous }, never),
    verifyWithPython([{ file, key, previous }]),
  ])
  expect(other?.steps.map(({ step, outcome, finding }) => [step, outcome, finding.code])).toEqual(
    one.steps.map(({ step, outcome, finding }) => [step, outcome, finding.code]),
  )
  expect({ ...other, steps: [] }).toEqual({ ...one, steps: [] })
  return one
}

const built = async (edits: PackEdits = {}): Promise<Buffer> => {
  const { root, files } = buildPack(edits)
  return regularZip(root, files)
}

const zips: readonly (readonly [string, () => Promise<Buffer> | Buffer, 0 | 2])[] = [
  ['whole', () => built(), 0],
  ['with a gap', () => built({ gaps: true }), 2],
  ['of things that were never sealed', () => built({ unsealed: true }), 0],
  ['with data descriptors', () => descriptors(), 0],
  ['in ZIP64', () => wide(), 0],
]

test.each(zips)('a pack %s is intact to both', async (_, zip, exitCode) => {
  const result = await verdict(await packIn(await temporaryFolder(), await zip()))
  expect(result).toMatchObject({
    packId: 'EP-2026-0007',
    integrity: 'intact',
    completeness: exitCode === 0 ? 'complete' : 'gaps',
    exitCode,
  })
  expect(result.steps.map(({ step }) => step)).toEqual(verifySteps)
  expect(result.steps.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  for (const { finding } of result.steps) expect(verifySentences[finding.code]).toBeDefined()
  expect(result.gaps.map(({ source }) => source)).toEqual(exitCode === 0 ? [] : ['spire/main'])
})

/** The chain with the device of each head, in its order; each names the one before. */
function sealedBy(lines: readonly string[], devices: readonly ReturnType<typeof newKeyPair>[]): readonly string[] {
  const sealed: string[] = []
  for (const [at, device] of devices.entries()) {
    const { signature: _, ...head } = JSON.parse(lines[at] ?? '') as Json
    const before = sealed.at(-1)
    const previous = before === undefined ? head['previous'] : hex(Buffer.from(before))
    sealed.push(signedHead({ ...head, previous, key: device.fingerprint }, device))
  }
  return sealed
}

test('a device key that was lost and replaced is said, and the chain holds what the former signed', async () => {
  const { device } = testKeys()
  const lost = newKeyPair()
  const pack = async (...devices: readonly ReturnType<typeof newKeyPair>[]) =>
    verdict(await packIn(await temporaryFolder(), await built({ heads: (lines) => sealedBy(lines, devices) })))
  const replaced = await pack(lost, lost, device)
  expect(replaced.exitCode).toBe(0)
  const chain = replaced.steps.find(({ step }) => step === 'chain')
  expect(chain).toMatchObject({ outcome: 'passed', finding: { code: 'chain-ok-another-key', params: { other: 12 } } })
  // Nobody else signs after it, and the newest is signed by the key that the statement names.
  for (const devices of [
    [lost, device, lost],
    [device, lost, device],
    [lost, lost, lost],
  ]) {
    const result = await pack(...devices)
    expect(result.exitCode).toBe(1)
    expect(result.steps.find(({ step }) => step === 'chain')?.finding.code).toBe('head-key')
  }
})

function descriptors(): Buffer {
  const { root, files } = buildPack()
  return rawZip(rawEntries(root, files).map((entry, at) => ({ ...entry, descriptor: at % 2 === 0 })))
}

/** Python writes ZIP64 where it is told to: a maker that is neither ours nor of the library that reads it. */
async function wide(): Promise<Buffer> {
  const folder = await temporaryFolder()
  const { root, files } = buildPack()
  const plain = join(folder, 'plain.zip')
  await writeFile(plain, await regularZip(root, files))
  const program = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as old, zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED) as new:
    for info in old.infolist():
        with new.open(info.filename, 'w', force_zip64=True) as out:
            out.write(old.read(info))
`
  await promisify(execFile)('python3', ['-c', program, plain, join(folder, 'wide.zip')])
  return readFile(join(folder, 'wide.zip'))
}

test('a pack that Everyhop made is intact to both', async () => {
  const folder = await temporaryFolder()
  const organisation = newKey()
  const device = newKey()
  const line = (at: number): string => JSON.stringify({ decision_id: `d${at}`, result: at % 5 !== 0 })
  const some = Array.from({ length: 700 }, (_, at) => line(at))
  const sealed = sealedLines(device, 'opa-decisions', [some.slice(0, 300), some.slice(300)])
  const artefacts = [
    artefactOf('policy-definitions', async (to) => {
      await to.lines('activations', [{ record: { revision: 'r42' }, isException: false }])
      await to.file('bundles/authz.tar.gz', Buffer.from('a bundle'))
      await to.row('activations', ['revision'])
      return undefined
    }),
    artefactOf('decisions', async (to) => {
      for (const head of sealed.lines) {
        const taken = takeAll(head, (each) => each.index % 50 === 7)
        await to.sealed(
          'opa-decisions',
          taken.map((each, at) => (at % 4 === 1 ? { ...each, take: 'leaf', isException: false } : each)),
        )
      }
      return undefined
    }),
  ]
  const request = packRequest(artefacts, {
    signer: signerOf(organisation),
    deviceKey: device.publicPem,
    heads: sealed.heads,
  })
  const written = await writePack(folder, request, newProgress(request), never)
  const given = { ...(await packIn(folder, await readFile(written.zip), organisation.publicPem)), file: written.zip }
  const result = await verdict(given)
  expect(result.steps.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  expect(result.steps.map(({ step, outcome }) => `${step} ${outcome}`)).toContain('seals passed')
  expect(result.integrity).toBe('intact')
})

test('the pack before is looked at when it is given, and asked for when it is not', async () => {
  const folder = await temporaryFolder()
  const first = buildPack({ packId: 'EP-2026-0006' })
  const previous = join(folder, 'first.zip')
  await writeFile(previous, await regularZip(first.root, first.files))
  const sealedThen = first.files.get('data/heads.ndjson')?.toString().trimEnd().split('\n') ?? []
  const second = await built({
    heads: () => sealedThen,
    previous: { packId: 'EP-2026-0006', statementSha256: hex(first.statement) },
  })
  const given = await packIn(folder, second)
  const stepOf = (result: Awaited<ReturnType<typeof verdict>>) =>
    result.steps.find(({ step }) => step === 'previous-pack')
  const without = await verdict(given)
  expect(without.exitCode).toBe(0)
  expect(stepOf(without)).toMatchObject({ outcome: 'not-checked', finding: { code: 'previous-not-given' } })
  const withIt = await verdict(given, previous)
  expect(withIt.exitCode).toBe(0)
  expect(stepOf(withIt)).toMatchObject({ outcome: 'passed', finding: { code: 'previous-ok' } })
})

test('a key or a pack that cannot be read is not verifiable', async () => {
  const folder = await temporaryFolder()
  const given = await packIn(folder, await built())
  const { pem } = given
  expect(await verifyPack({ file: join(folder, 'none.zip'), key: pem, previous: null }, never)).toMatchObject({
    integrity: 'not-verifiable',
    exitCode: 1,
  })
  expect(await verifyPack({ file: folder, key: pem, previous: null }, never)).toMatchObject({ exitCode: 1 })
  const [missing, noKey] = await verifyWithPython([
    { ...given, file: join(folder, 'none.zip'), previous: null },
    { ...given, key: join(folder, 'none.pem'), previous: null },
  ])
  expect(missing).toMatchObject({ integrity: 'not-verifiable', exitCode: 1 })
  expect(noKey).toMatchObject({ integrity: 'not-verifiable', exitCode: 1 })
})

test('a verification ends when nobody waits for it', async () => {
  const { file, pem } = await packIn(await temporaryFolder(), await built())
  const gone = AbortSignal.abort(new Error('nobody waits'))
  await expect(verifyPack({ file, key: pem, previous: null }, gone)).rejects.toThrow('nobody waits')
})

/** A process of its own, as an auditor starts it. */
async function run(command: string, words: readonly string[], cwd?: string, more: Record<string, string> = {}) {
  return new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '', ...more }
    execFile(command, words, { cwd, env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
    })
  })
}

test('verify.py alone, with nothing of Everyhop: the ZIP, and the folder that unzip makes of it', async () => {
  const folder = await temporaryFolder()
  const { file, key } = await packIn(folder, await built({ gaps: true }))
  const script = join(folder, 'verify.py')
  await copyFile(verifierFile, script)
  const verify = (pack: string, ...more: readonly string[]) =>
    run('python3', ['-I', script, pack, '--key', key, ...more])
  const asZip = await verify(file)
  expect(asZip).toMatchObject({ code: 2 })
  expect(asZip.output).toContain('spire/main')

  await run('unzip', ['-q', file, '-d', folder])
  const bag = join(folder, 'EP-2026-0007')
  expect((await verify(bag)).code).toBe(2)
  await rename(bag, join(folder, 'renamed'))
  const unpacked = join(folder, 'renamed')
  expect((await verify(unpacked)).code).toBe(2)

  await writeFile(join(unpacked, 'data', 'notes.txt'), 'trust me')
  expect(await verify(unpacked)).toMatchObject({
    code: 1,
    output: expect.stringContaining('data/notes.txt is in no manifest'),
  })
  await rm(join(unpacked, 'data', 'notes.txt'))
  const report = join(unpacked, 'data', 'report.html')
  await rename(report, join(folder, 'report.html'))
  await symlink(join(folder, 'report.html'), report)
  expect(await verify(unpacked)).toMatchObject({
    code: 1,
    output: expect.stringContaining('data/report.html is a symlink'),
  })
  await rm(report)
  expect(await verify(unpacked)).toMatchObject({
    code: 1,
    output: expect.stringContaining('data/report.html is missing'),
  })
  await writeFile(report, 'another report')
  expect(await verify(unpacked)).toMatchObject({
    code: 1,
    output: expect.stringContaining('data/report.html was changed'),
  })
})

test('verify.py says 1, never 2, when it cannot do its work', async () => {
  const folder = await temporaryFolder()
  const { file, key } = await packIn(folder, await built())
  for (const words of [[], [file], [file, '--kye', key], [file, file, '--key', key]]) {
    expect((await run('python3', [verifierFile, ...words])).code).toBe(1)
  }
  const noOpenSsl = await run('python3', [verifierFile, file, '--key', key, '--openssl', join(folder, 'none')])
  expect(noOpenSsl).toMatchObject({ code: 1, output: expect.stringContaining('not-verifiable') })
  // Its exit code decides, also of whether it is there.
  const failing = await run('python3', [verifierFile, file, '--key', key, '--openssl', 'false'])
  expect(failing.code).toBe(1)
})

test('verify.py takes nothing from where it lies or is started: a pack can hold modules that always agree', async () => {
  const folder = await temporaryFolder()
  const { file, key } = await packIn(folder, await built({ signer: newKeyPair() }))
  await copyFile(verifierFile, join(folder, 'verify.py'))
  for (const module of ['json', 'hashlib', 'argparse', 'subprocess', 'zlib', 'csv', 'tempfile']) {
    await writeFile(join(folder, `${module}.py`), 'import os\nos._exit(0)\n')
  }
  for (const cwd of [folder, tmpdir()]) {
    const { code, output } = await run('python3', [join(folder, 'verify.py'), file, '--key', key], cwd)
    expect([code, output]).toEqual([1, expect.stringContaining('not signed by the key')])
  }
})

test('verify.py runs no openssl that lies where it is started, whatever the path says', async () => {
  const folder = await temporaryFolder()
  const { file, key } = await packIn(folder, await built({ signer: newKeyPair() }))
  await writeFile(join(folder, 'openssl'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  for (const path of ['.', '']) {
    const { code, output } = await run('python3', [verifierFile, file, '--key', key], folder, {
      PATH: `${path}:${process.env['PATH'] ?? ''}`,
    })
    expect([code, output]).toEqual([1, expect.stringContaining('not signed by the key')])
  }
})

test('a key that an editor of Windows wrote is the same key', async () => {
  const pem = testKeys().organisation.publicPem
  for (const written of [`\ufeff${pem}`, pem.replaceAll('\n', '\r\n')]) {
    const text = Buffer.from(written).toString('latin1')
    const given = await packIn(await temporaryFolder(), await built())
    await writeFile(given.key, written)
    expect((await verdict({ ...given, pem: text })).exitCode).toBe(0)
  }
})

test('verify.py is written for Python 3.8, with its standard library only', async () => {
  const program = `
import ast, sys
tree = ast.parse(open(sys.argv[1]).read(), feature_version=(3, 8))
names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
later = {'removeprefix', 'removesuffix', 'pairwise', 'bit_count', 'file_digest'}
used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
print(sorted(name for name in names if name not in sys.stdlib_module_names), len(froms), sorted(later & used))
`
  const { stdout } = await promisify(execFile)('python3', ['-c', program, verifierFile])
  expect(stdout.trim()).toBe('[] 0 []')
})

test('every finding has its words in both', async () => {
  const script = await readFile(verifierFile, 'utf8')
  const missing = Object.keys(verifySentences).filter((code) => !script.includes(`    '${code}': '`))
  expect(missing).toEqual([])
})

test.each(['sh', 'bash'])(
  'the three commands of README.txt say what is so, in %s',
  async (shell) => {
    const { fingerprint } = testKeys().organisation
    const readme = auditorReadme('EP-2026-0007', fingerprint)
    expect(readme).toContain(filesCommand)
    expect(readme).toContain(signatureCommand)
    expect(readme).toContain(fingerprint)
    const plain = (edits: PackEdits, change: (bag: string) => Promise<unknown> = async () => {}) =>
      plainTools(shell, edits, change)

    expect(await plain({})).toEqual(['FILES OK', 'SIGNATURE OK'])
    expect(await plain({}, (bag) => writeFile(join(bag, sealedFile), 'changed'))).toEqual(['SIGNATURE OK'])
    expect(await plain({}, (bag) => writeFile(join(bag, 'data', 'more.txt'), ''))).toEqual(['SIGNATURE OK'])
    expect(await plain({}, (bag) => rm(join(bag, sealedFile)))).toEqual(['SIGNATURE OK'])
    expect(await plain({}, (bag) => symlink('/etc/hostname', join(bag, 'data', 'link')))).toEqual(['SIGNATURE OK'])
    expect(await plain({ signer: newKeyPair() })).toEqual(['FILES OK'])
    const other = { statement: (value: Record<string, unknown>) => (value['subject'] = []) }
    expect(await plain(other)).toEqual(['FILES OK'])
    expect(await plain({ envelope: (envelope) => delete envelope['signatures'] })).toEqual(['FILES OK'])
  },
  60_000,
)

test('the commands that the window shows find an intact pack intact', async () => {
  const folder = await temporaryFolder()
  const { key } = await packIn(folder, await built())
  const [file, packId] = ['EP-2026-0007.zip', 'EP-2026-0007']
  await rename(join(folder, 'pack.zip'), join(folder, file))
  await rename(key, join(folder, 'org-evidence.pub.pem'))
  await copyFile(verifierFile, join(folder, 'verify.py'))
  const { code, output } = await run('sh', ['-e', '-c', checkCommands(packId, file)], folder)
  expect([code, output]).toEqual([0, expect.stringContaining('integrity     intact')])
  expect(output).not.toContain('FAILED')
})

/** What both commands print of what they promise to print; the word for word text of README.txt, in an empty folder. */
async function plainTools(
  shell: string,
  edits: PackEdits,
  change: (bag: string) => Promise<unknown>,
): Promise<readonly string[]> {
  const folder = await temporaryFolder()
  const { file, key } = await packIn(folder, await built(edits))
  const empty = join(folder, 'empty')
  await mkdir(empty)
  await copyFile(file, join(empty, 'EP-2026-0007.zip'))
  expect((await run(shell, ['-c', 'unzip -q EP-2026-0007.zip && cd EP-2026-0007'], empty)).code).toBe(0)
  const bag = join(empty, 'EP-2026-0007')
  await change(bag)
  const answers = [
    await run(shell, ['-c', filesCommand], bag, { TMPDIR: folder }),
    await run(shell, ['-c', `KEY=${key}\n${signatureCommand}`], bag, { TMPDIR: folder }),
  ]
  return answers.flatMap(({ code, output }) => {
    const said = /(?:FILES|SIGNATURE) OK/.exec(output)?.[0]
    // It says so exactly when it ends well: whoever runs it in a script looks at the code.
    expect(said !== undefined).toBe(code === 0)
    return said === undefined ? [] : [said]
  })
}
