import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { quickSealing, secretsParts, testKeyring } from '../../test/builders/state-files.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { StateFileFailure } from './ports.ts'
import { createSecrets, type SecretsPorts } from './secrets.ts'

const planted = 'hvs.CANARY-4f1b-value'
const passphrase = 'correct horse 電池 staple'

async function start(over: Partial<SecretsPorts> = {}) {
  const folder = await temporaryFolder()
  const parts = secretsParts(folder, over)
  return { folder, parts, path: parts.file.path, secrets: createSecrets(parts) }
}

async function textsIn(folder: string): Promise<string> {
  const names = await readdir(folder)
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')))).join('\n')
}

test('with a keyring a secret is kept at once, sealed by it, and read by who needs it', async () => {
  const { secrets, folder, path, parts } = await start({ shell: testKeyring() })
  expect(await secrets.state()).toMatchObject({ condition: 'open', protection: null, count: 0 })
  await secrets.put({ name: 'vault.token', value: planted })
  expect(await secrets.state()).toMatchObject({ condition: 'open', protection: 'keyring', count: 1 })
  expect(await createSecrets(parts).read('vault.token')).toBe(planted)
  expect(await secrets.read('another')).toBe(null)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  const text = await textsIn(folder)
  for (const form of [planted, Buffer.from(planted).toString('base64'), Buffer.from(planted).toString('hex')]) {
    expect(text).not.toContain(form)
  }
})

test.each(['basic_text', 'unknown'])('%s is no keyring, and nothing is sealed by it', async (name) => {
  const { secrets, folder } = await start({ shell: testKeyring(name) })
  expect(await secrets.state()).toMatchObject({ condition: 'unset', keyring: { available: false, name } })
  await expect(secrets.put({ name: 'token', value: planted })).rejects.toMatchObject({ code: 'locked' })
  expect(await readdir(folder)).not.toContain('secrets.json')
})

test('without a keyring a passphrase is chosen first; the next start needs it', async () => {
  const { secrets, parts, folder } = await start()
  expect(await secrets.state()).toMatchObject({ condition: 'unset' })
  await expect(secrets.put({ name: 'token', value: planted })).rejects.toMatchObject({
    code: 'locked',
    advice: expect.stringContaining('passphrase'),
  })
  await secrets.setPassphrase({ passphrase })
  await secrets.put({ name: 'token', value: planted })
  const next = createSecrets(parts)
  expect(await next.state()).toMatchObject({ condition: 'locked', protection: 'passphrase', count: 1 })
  expect((await next.list()).map(({ name }) => name)).toEqual(['token'])
  await expect(next.read('token')).rejects.toMatchObject({ code: 'locked' })
  await expect(next.unlock({ passphrase: 'wrong horse' })).rejects.toMatchObject({ code: 'forbidden' })
  expect(await next.unlock({ passphrase })).toMatchObject({ condition: 'open' })
  expect(await next.read('token')).toBe(planted)
  const text = await textsIn(folder)
  for (const secret of [planted, passphrase]) expect(text).not.toContain(secret)
})

test('names come out, values never: not in answers, and not in what any failure says', async () => {
  const { secrets, parts } = await start()
  await secrets.setPassphrase({ passphrase })
  const failures: unknown[] = []
  const answers: unknown[] = [await secrets.put({ name: 'token', value: planted })]
  const caught = (reason: unknown): unknown =>
    reason instanceof Error ? [reason.message, reason.stack, reason] : reason
  for (const ask of [
    () => secrets.unlock({ passphrase: `${planted} wrong` }),
    () => secrets.setPassphrase({ passphrase: `${planted}-new`, current: planted }),
    () => secrets.remove({ name: 'nothing' }),
    () => createSecrets(parts).put({ name: 'other', value: planted }),
    () => createSecrets(parts).read('token'),
  ]) {
    await ask().then(
      () => expect.unreachable('it should have failed'),
      (reason: unknown) => failures.push(caught(reason)),
    )
  }
  answers.push(await secrets.state(), await secrets.list(), await secrets.remove({ name: 'token' }))
  const said = JSON.stringify([failures, answers])
  expect(said).not.toContain(planted)
  expect(said).not.toContain(passphrase)
})

test('another passphrase needs the present one, and seals everything anew', async () => {
  const { secrets, parts, path } = await start()
  await secrets.setPassphrase({ passphrase })
  await secrets.put({ name: 'token', value: planted })
  const before = await readFile(path, 'utf8')
  await expect(secrets.setPassphrase({ passphrase: 'another one' })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(secrets.setPassphrase({ passphrase: 'another one', current: 'wrong' })).rejects.toMatchObject({
    code: 'forbidden',
  })
  expect(await readFile(path, 'utf8')).toBe(before)
  await secrets.setPassphrase({ passphrase: 'another one', current: passphrase })
  const next = createSecrets(parts)
  await expect(next.unlock({ passphrase })).rejects.toMatchObject({ code: 'forbidden' })
  await next.unlock({ passphrase: 'another one' })
  expect(await next.read('token')).toBe(planted)
  const sealedOf = (text: string): unknown => JSON.parse(text).secrets.token.sealed
  expect(sealedOf(await readFile(path, 'utf8'))).not.toBe(sealedOf(before))
  expect(await secrets.state()).toMatchObject({ condition: 'open' })
})

test('a process whose key was replaced by another process is locked, not wrong', async () => {
  const { secrets, parts } = await start()
  await secrets.setPassphrase({ passphrase })
  await createSecrets(parts).setPassphrase({ passphrase: 'another one', current: passphrase })
  expect(await secrets.state()).toMatchObject({ condition: 'locked' })
})

test('a keyring that is locked is a problem in its own words, and heals by itself', async () => {
  const shell = testKeyring()
  const { parts, secrets: first } = await start({ shell })
  await first.put({ name: 'token', value: planted })
  const secrets = createSecrets(parts)
  shell.own.isLocked = true
  expect(await secrets.state()).toMatchObject({
    condition: 'unusable',
    problem: { code: 'keyring', detail: 'the keyring is locked' },
    count: 1,
  })
  await expect(secrets.read('token')).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('the keyring is locked'),
  })
  await expect(secrets.put({ name: 'other', value: 'x' })).rejects.toMatchObject({ code: 'locked' })
  shell.own.isLocked = false
  expect(await secrets.read('token')).toBe(planted)
})

test('what the keyring of another place sealed is told where there is none', async () => {
  const { parts, secrets: desktop } = await start({ shell: testKeyring() })
  await desktop.put({ name: 'token', value: planted })
  const terminal = createSecrets({ ...parts, shell: testKeyring(null) })
  expect(await terminal.state()).toMatchObject({ condition: 'unusable', problem: { code: 'keyring' } })
  await expect(terminal.unlock({ passphrase })).rejects.toMatchObject({ code: 'conflict' })
})

test('a damaged file is told from a wrong passphrase, and is never overwritten', async () => {
  const { secrets, parts, path } = await start()
  await secrets.setPassphrase({ passphrase })
  await secrets.put({ name: 'token', value: planted })
  const good = await readFile(path, 'utf8')
  const damages = [
    good.slice(0, good.length / 2),
    '',
    good.replace('"token"', '"tokem"'),
    good.replace(/"sealedKey": "(.)/, (_all, letter: string) => `"sealedKey": "${letter === 'A' ? 'B' : 'A'}`),
    good.replace(/"N": \d+/, '"N": 16'),
    good.replace(/"N": \d+/, `"N": ${2 ** 40}`),
  ]
  for (const text of damages) {
    await writeFile(path, text)
    const next = createSecrets(parts)
    expect(await next.state()).toMatchObject({ condition: 'unusable', problem: { code: 'damaged' } })
    await expect(next.unlock({ passphrase })).rejects.toMatchObject({ code: 'invalid' })
    await expect(next.put({ name: 'other', value: 'x' })).rejects.toMatchObject({ code: 'invalid' })
    await expect(next.setPassphrase({ passphrase })).rejects.toMatchObject({ code: 'invalid' })
    expect(await readFile(path, 'utf8')).toBe(text)
  }
  await writeFile(path, good)
  expect(await secrets.read('token')).toBe(planted)
})

test('a file of a newer version is left alone', async () => {
  const { secrets, path } = await start()
  const text = JSON.stringify({ everyhop: 'secrets', version: 2, anything: true })
  await writeFile(path, text)
  expect(await secrets.state()).toMatchObject({ condition: 'unusable', problem: { code: 'newer' } })
  await expect(secrets.setPassphrase({ passphrase })).rejects.toMatchObject({ code: 'read-only' })
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('values cannot be moved from one name to another in the file', async () => {
  const { secrets, path } = await start()
  await secrets.setPassphrase({ passphrase })
  await secrets.put({ name: 'harmless', value: 'x' })
  await secrets.put({ name: 'token', value: planted })
  const { digest: _digest, ...content } = JSON.parse(await readFile(path, 'utf8'))
  content.secrets.harmless.sealed = content.secrets.token.sealed
  await writeFile(path, JSON.stringify({ ...content, digest: quickSealing.digest(JSON.stringify(content)) }))
  await expect(secrets.read('harmless')).rejects.toMatchObject({ code: 'invalid' })
})

test('several stores that write at once lose nothing', async () => {
  const { parts, secrets } = await start({ shell: testKeyring() })
  const stores = [secrets, createSecrets(parts), createSecrets(parts)]
  await Promise.all(
    stores.flatMap((store, at) => [1, 2, 3].map((n) => store.put({ name: `s${at}.${n}`, value: `${n}` }))),
  )
  expect(await secrets.list()).toHaveLength(9)
  for (const { name } of await secrets.list()) expect(await secrets.read(name)).toBe(name.at(-1))
})

test('on a full disk the secrets stay as they were', async () => {
  const { parts, secrets } = await start({ shell: testKeyring() })
  await secrets.put({ name: 'token', value: planted })
  const full = createSecrets({
    ...parts,
    file: {
      ...parts.file,
      async update(change) {
        await change(await parts.file.read())
        throw new StateFileFailure('full', 'no space left on device (ENOSPC)')
      },
    },
  })
  await expect(full.put({ name: 'token', value: 'other' })).rejects.toMatchObject({ code: 'exhausted' })
  await expect(full.remove({ name: 'token' })).rejects.toMatchObject({ code: 'exhausted' })
  expect(await secrets.read('token')).toBe(planted)
})

test('unused for as long as was set, the passphrase is asked for again; looking is no use', async () => {
  const clock = createManualClock()
  const { secrets } = await start({ clock, lockAfterMs: async () => 60_000 })
  await secrets.setPassphrase({ passphrase })
  await secrets.put({ name: 'token', value: planted })
  await clock.advance(50_000)
  expect(await secrets.read('token')).toBe(planted)
  await clock.advance(50_000)
  expect(await secrets.state()).toMatchObject({ condition: 'open' })
  await clock.advance(30_000)
  expect(await secrets.state()).toMatchObject({ condition: 'locked' })
  await secrets.unlock({ passphrase })
  expect(await secrets.lock()).toMatchObject({ condition: 'locked' })
})

test('a passphrase that a file gives opens the secrets by itself, and a wrong one is tried once', async () => {
  const { secrets, parts } = await start()
  await secrets.setPassphrase({ passphrase })
  await secrets.put({ name: 'token', value: planted })
  const opening = createSecrets({ ...parts, givenPassphrase: async () => passphrase })
  expect(await opening.read('token')).toBe(planted)
  let derivations = 0
  const counting = {
    ...parts.sealing,
    derive: (...key: Parameters<typeof parts.sealing.derive>) => {
      derivations += 1
      return parts.sealing.derive(...key)
    },
  }
  const wrong = createSecrets({ ...parts, sealing: counting, givenPassphrase: async () => 'not this' })
  for (let tries = 0; tries < 3; tries += 1) {
    await expect(wrong.read('token')).rejects.toMatchObject({ code: 'locked' })
  }
  expect(derivations).toBe(1)
})

test('a secret may have the name of something that every object has', async () => {
  const { secrets } = await start({ shell: testKeyring() })
  expect(await secrets.read('constructor')).toBe(null)
  await expect(secrets.remove({ name: 'constructor' })).rejects.toMatchObject({ code: 'not-found' })
  await secrets.put({ name: 'constructor', value: 'x' })
  expect(await secrets.read('constructor')).toBe('x')
})
