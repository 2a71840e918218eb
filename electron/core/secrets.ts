import type { SecretLine, SecretsCondition, SecretsState } from '../../shared/contract/secrets.ts'
import type { Keyring, Shell } from '../../shared/shell.ts'
import { Failure } from './failure.ts'
import type { Clock, Sealing, Secrets, StateFile } from './ports.ts'
import { parseSecrets, type ReadSecrets, type SecretsContent, secretsText } from './secrets-file.ts'
import { openByKeyring, openByPassphrase, protectByKeyring, protectByPassphrase, realKeyring } from './secrets-key.ts'
import { StateFileFailure, stateFailure } from './state-failure.ts'

/** The secrets namespace of the contract. */
export interface SecretsHandlers {
  state(): Promise<SecretsState>
  unlock(input: { readonly passphrase: string }): Promise<SecretsState>
  lock(): Promise<SecretsState>
  setPassphrase(input: { readonly passphrase: string; readonly current?: string | undefined }): Promise<SecretsState>
  list(): Promise<readonly SecretLine[]>
  put(input: { readonly name: string; readonly value: string }): Promise<SecretLine>
  remove(input: { readonly name: string }): Promise<{ readonly removed: string }>
}

/** Puts secrets in for people, and reads them for connectors. Values never come out through the contract. */
export interface SecretsStore extends SecretsHandlers, Secrets {
  /** Forgets the key. */
  stop(): void
}

export interface SecretsPorts {
  readonly file: StateFile
  readonly sealing: Sealing
  readonly shell: Pick<Shell, 'keyring' | 'seal' | 'unseal'>
  readonly clock: Clock
  /** Unused for so long, the passphrase is asked for again; null: never. */
  readonly lockAfterMs: () => Promise<number | null>
  /** The passphrase where nobody can be asked, such as from a file that the operator named; null: there is none. */
  readonly givenPassphrase?: () => Promise<string | null>
}

type PassphraseProtection = Extract<SecretsContent['protection'], { kind: 'passphrase' }>

interface HeldKey {
  readonly key: Uint8Array
  /** The key belongs to this; another process may have sealed everything anew. */
  readonly sealedKey: string
  usedAt: number
}

const idleLookMs = 15_000

export function createSecrets(ports: SecretsPorts): SecretsStore {
  const { file, sealing, shell, clock } = ports
  const ended = new AbortController()
  let held: HeldKey | null = null
  let isWatching = false
  /** The given passphrase does not fit this: it is not tried again, which takes a good part of a second. */
  let givenFailed: string | null = null

  function forget(): void {
    held?.key.fill(0)
    held = null
  }

  function hold(key: Uint8Array, sealedKey: string): Uint8Array {
    if (held?.key !== key) forget()
    held = { key, sealedKey, usedAt: clock.now() }
    void forgetWhenIdle()
    return key
  }

  async function forgetWhenIdle(): Promise<void> {
    if (isWatching) return
    isWatching = true
    try {
      while (held !== null) {
        await clock.sleep(idleLookMs, ended.signal)
        await forgetIdle()
      }
    } catch {
      forget() // the service ends
    } finally {
      isWatching = false
    }
  }

  async function forgetIdle(): Promise<void> {
    const limit = await ports.lockAfterMs()
    if (limit !== null && held !== null && clock.now() - held.usedAt >= limit) forget()
  }

  async function read(): Promise<ReadSecrets> {
    try {
      return parseSecrets(await file.read(), sealing)
    } catch (reason) {
      if (!(reason instanceof StateFileFailure)) throw reason
      return { kind: 'problem', code: 'unreadable', detail: reason.message }
    }
  }

  /** The key of the values, without a question to anybody; a sentence where the keyring refuses; null: locked. */
  async function keyOf({ protection }: SecretsContent): Promise<Uint8Array | string | null> {
    await forgetIdle()
    if (held?.sealedKey === protection.sealedKey) {
      held.usedAt = clock.now()
      return held.key
    }
    if (protection.kind === 'passphrase') return openGiven(protection)
    const opened = await openByKeyring(protection, shell)
    return typeof opened === 'string' ? opened : hold(opened, protection.sealedKey)
  }

  async function openGiven(protection: PassphraseProtection): Promise<Uint8Array | null> {
    if (givenFailed === protection.sealedKey) return null
    const given = (await ports.givenPassphrase?.()) ?? null
    if (given === null) return null
    const key = await openByPassphrase(protection, given, sealing)
    if (key !== null) return hold(key, protection.sealedKey)
    givenFailed = protection.sealedKey
    return null
  }

  async function openKey(content: SecretsContent): Promise<Uint8Array> {
    const key = await keyOf(content)
    if (key === null) throw lockedFailure(file.path)
    if (typeof key === 'string') throw keyringFailure(file.path, key)
    return key
  }

  async function state(): Promise<SecretsState> {
    const [found, keyring] = await Promise.all([read(), realKeyring(shell)])
    const common = { keyring, file: file.path }
    if (found.kind === 'problem') {
      const { code, detail } = found
      return { ...common, condition: 'unusable', protection: null, problem: { code, detail }, count: null }
    }
    if (found.kind === 'none') {
      const condition: SecretsCondition = keyring.available ? 'open' : 'unset'
      return { ...common, condition, protection: null, problem: null, count: 0 }
    }
    const { content } = found
    const count = Object.keys(content.secrets).length
    const protection = content.protection.kind
    // Asking whether it is open is no use of it: a window that looks must not keep it open for ever.
    const usedAt = held?.usedAt
    const key = await keyOf(content)
    if (held !== null && usedAt !== undefined) held.usedAt = usedAt
    if (typeof key === 'string') {
      const problem = { code: 'keyring', detail: key } as const
      return { ...common, condition: 'unusable', protection, problem, count }
    }
    return { ...common, condition: key === null ? 'locked' : 'open', protection, problem: null, count }
  }

  /** Reads, changes and writes while other processes wait. */
  async function change<Result>(
    work: (content: SecretsContent | null) => Promise<{ readonly next: SecretsContent; readonly result: Result }>,
  ): Promise<Result> {
    const results: Result[] = []
    try {
      await file.update(async (text) => {
        const found = parseSecrets(text, sealing)
        if (found.kind === 'problem') throw problemFailure(file.path, found)
        const { next, result } = await work(found.kind === 'none' ? null : found.content)
        results.push(result)
        return { text: secretsText(next, sealing), putAside: null }
      })
    } catch (reason) {
      throw stateFailure(reason, 'The secrets')
    }
    const [result] = results
    if (result === undefined) throw new Error('the change of the secrets had no result')
    return result
  }

  async function firstContent(): Promise<{ readonly content: SecretsContent; readonly key: Uint8Array }> {
    const keyring: Keyring = await realKeyring(shell)
    if (!keyring.available) throw unsetFailure(file.path)
    const key = sealing.newKey()
    try {
      const protection = await protectByKeyring(key, keyring, shell)
      return { content: { everyhop: 'secrets', version: 1, protection, secrets: {} }, key }
    } catch {
      // Its own words are not passed on: it was given a key.
      throw keyringFailure(file.path, 'it did not seal a key')
    }
  }

  async function readable(): Promise<SecretsContent | null> {
    const found = await read()
    if (found.kind === 'problem') throw problemFailure(file.path, found)
    return found.kind === 'none' ? null : found.content
  }

  return {
    state,
    async unlock({ passphrase }) {
      const content = await readable()
      if (content?.protection.kind !== 'passphrase') throw noPassphraseFailure(file.path)
      const key = await openByPassphrase(content.protection, passphrase, sealing)
      if (key === null) throw wrongPassphrase(file.path)
      hold(key, content.protection.sealedKey)
      return state()
    },
    async lock() {
      const content = await readable()
      if (content?.protection.kind !== 'passphrase') throw noPassphraseFailure(file.path)
      forget()
      return state()
    },
    async setPassphrase({ passphrase, current }) {
      await change(async (before) => {
        const opened = before === null ? null : await openToSealAnew(before, current)
        // A new key too: who has an old copy of the file and its passphrase must not read what comes later.
        const key = sealing.newKey()
        const protection = await protectByPassphrase(key, passphrase, sealing)
        const secrets =
          before === null || opened === null ? {} : sealedAnew(before.secrets, opened, key, sealing, file.path)
        hold(key, protection.sealedKey)
        return { next: { everyhop: 'secrets', version: 1, protection, secrets }, result: true }
      })
      return state()
    },
    async list() {
      const content = await readable()
      return Object.entries(content?.secrets ?? {})
        .map(([name, { changedAt }]) => ({ name, changedAt }))
        .sort((one, other) => (one.name < other.name ? -1 : 1))
    },
    put: ({ name, value }) =>
      change(async (before) => {
        const { content, key } =
          before === null ? await firstContent() : { content: before, key: await openKey(before) }
        const changedAt = clock.now()
        const secrets = { ...content.secrets, [name]: { sealed: sealing.seal(key, value, name), changedAt } }
        return { next: { ...content, secrets }, result: { name, changedAt } }
      }),
    remove: ({ name }) =>
      change(async (before) => {
        if (before === null || entryOf(before, name) === null) throw missing(name)
        const { [name]: _removed, ...secrets } = before.secrets
        return { next: { ...before, secrets }, result: { removed: name } }
      }),
    async read(name) {
      const content = await readable()
      const entry = content === null ? null : entryOf(content, name)
      if (content === null || entry === null) return null
      const value = sealing.open(await openKey(content), entry.sealed, name)
      if (value === null) throw damagedValue(file.path, name)
      return value
    },
    stop() {
      ended.abort()
      forget()
    },
  }

  async function openToSealAnew(before: SecretsContent, current: string | undefined): Promise<Uint8Array> {
    if (before.protection.kind === 'keyring') return openKey(before)
    // Somebody at an unlocked window must not be able to lock the owner out.
    const key = current === undefined ? null : await openByPassphrase(before.protection, current, sealing)
    if (key === null) throw wrongPassphrase(file.path)
    return key
  }
}

/** A secret may be called `constructor`, which every object has. */
function entryOf({ secrets }: SecretsContent, name: string): SecretsContent['secrets'][string] | null {
  return (Object.hasOwn(secrets, name) ? secrets[name] : undefined) ?? null
}

function sealedAnew(
  secrets: SecretsContent['secrets'],
  from: Uint8Array,
  to: Uint8Array,
  sealing: Sealing,
  path: string,
): SecretsContent['secrets'] {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, { sealed, changedAt }]) => {
      const value = sealing.open(from, sealed, name)
      if (value === null) throw damagedValue(path, name)
      return [name, { sealed: sealing.seal(to, value, name), changedAt }]
    }),
  )
}

function lockedFailure(path: string): Failure {
  const advice = 'Unlock them with their passphrase: in the window, or by everyhop secret unlock while Everyhop runs.'
  return new Failure('locked', path, 'The secrets are locked.', advice)
}

function unsetFailure(path: string): Failure {
  const sentence = 'There is no keyring here, and no passphrase was chosen yet to keep secrets under.'
  return new Failure('locked', path, sentence, 'Choose a passphrase first.')
}

function keyringFailure(path: string, words: string): Failure {
  const sentence = `The keyring of the operating system does not open the secrets in ${path}: ${words}`
  return new Failure(
    'locked',
    path,
    sentence,
    'Unlock the keyring, or start Everyhop as the desktop app of this account.',
  )
}

function noPassphraseFailure(path: string): Failure {
  return new Failure('conflict', path, 'No passphrase protects the secrets here.', null)
}

function wrongPassphrase(path: string): Failure {
  const advice = 'Try again. There is no way around it: without it the secrets have to be put in anew.'
  return new Failure('forbidden', path, 'The passphrase is wrong.', advice)
}

function missing(name: string): Failure {
  return new Failure('not-found', name, `No secret is called ${name}.`, null)
}

function damagedValue(path: string, name: string): Failure {
  return new Failure('invalid', path, `The secret ${name} in ${path} is damaged.`, 'Put it in anew.')
}

function problemFailure(path: string, { code, detail }: Extract<ReadSecrets, { kind: 'problem' }>): Failure {
  if (code === 'newer') {
    const sentence = `${path} was written by a newer Everyhop: ${detail}.`
    return new Failure('read-only', path, sentence, 'Use that version; this one leaves the file alone.')
  }
  if (code === 'unreadable') return new Failure('forbidden', path, detail, 'Let this user read the file.')
  const advice = 'Put a copy of it back, or move it away and put the secrets in anew.'
  return new Failure('invalid', path, `The secrets in ${path} cannot be used: ${detail}.`, advice)
}
