import { resolve } from 'node:path'
import type { VaultSource } from '../../../shared/domain/model/environment.ts'
import { type GapReason, gapReasons } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { ConnectorPorts, ObserveSettings } from '../../core/ports.ts'
import { calls } from './calls.ts'
import type { VaultClient } from './client.ts'
import { parse, VaultFailure } from './problem.ts'
import { login } from './wire.ts'

/** Everyhop's token at one Vault. It is in this file's memory and in the header of requests, and nowhere else. */
export interface VaultSession {
  /** The token to ask with; signs in, or renews, when that is due. Rejects with `VaultFailure`, or with the signal's reason. */
  token(signal: AbortSignal): Promise<string>
  /** What Vault said of the token that was used: by it, renewal is planned. */
  told(about: { readonly ttlSeconds: number; readonly creationTtlSeconds: number; readonly renewable: boolean }): void
  /** Vault no longer takes the token: the next one is a new one. */
  refused(): void
  /** How it is signed in, in words without a secret. */
  readonly words: string
  /** Revokes a token that was got by signing in; one that was given is left as it is. Never rejects. */
  end(): Promise<void>
}

type Ports = Pick<ConnectorPorts, 'clock' | 'files' | 'secrets' | 'jwtSvids' | 'serviceAccounts'>

interface Held {
  readonly value: string
  readonly isOwn: boolean
  renewable: boolean
  /** How long it was given for at first. */
  readonly lifeSeconds: number
  /** When it is renewed; null: it does not end. */
  renewAt: EpochMs | null
  endsAt: EpochMs | null
}

export function createVaultSession(
  { signIn }: VaultSource,
  settings: Pick<ObserveSettings, 'baseDirectory'>,
  ports: Ports,
  client: VaultClient,
): VaultSession {
  let held: Held | null = null

  async function given(signal: AbortSignal): Promise<string | null> {
    if ('tokenFile' in signIn) return oneLine(await fromFile(signIn.tokenFile), signIn.tokenFile)
    if (!('tokenSecret' in signIn)) return null
    const name = signIn.tokenSecret
    const place = `the secret ${name}`
    if (ports.secrets === undefined) throw missing(`${place} cannot be read: this program keeps no secrets`)
    const value = await ports.secrets.read(name).catch((error: unknown) => {
      signal.throwIfAborted()
      throw missing(`${place}: ${wordsOf(error)}`)
    })
    if (value === null) throw missing(`${place} is not there: save it for this environment`)
    return oneLine(value, place)
  }

  async function fromFile(path: string): Promise<string> {
    try {
      return await ports.files.readText(resolve(settings.baseDirectory, path))
    } catch (error) {
      const isForbidden = error instanceof Error && 'code' in error && error.code === 'forbidden'
      throw new VaultFailure(isForbidden ? 'forbidden' : 'not-configured', wordsOf(error))
    }
  }

  async function logIn(signal: AbortSignal): Promise<Held> {
    const { mount, role, jwt } = await credential(signal)
    const call = calls.logIn(mount, role, jwt)
    const answer = await client.ask(call, null, signal).catch((error: unknown) => {
      // Whatever is wrong with the JWT or the role is 400: the login is refused.
      if (!(error instanceof VaultFailure) || error.status !== 400) throw error
      throw new VaultFailure('forbidden', `the login with role ${role} is refused: ${error.message}`, { status: 400 })
    })
    const { auth } = parse(login, answer.value, call.locator)
    return heldOf(auth.client_token, auth.lease_duration, auth.renewable)
  }

  function heldOf(value: string, ttlSeconds: number, renewable: boolean): Held {
    const now = ports.clock.now()
    const endsAt = ttlSeconds > 0 ? now + ttlSeconds * 1000 : null
    return {
      value,
      isOwn: true,
      renewable,
      lifeSeconds: ttlSeconds,
      renewAt: endsAt === null ? null : now + ttlSeconds * 600,
      endsAt,
    }
  }

  async function credential(signal: AbortSignal): Promise<{ mount: string; role: string; jwt: string }> {
    if ('jwt' in signIn) {
      const { mount, role, audience, from } = signIn.jwt
      if ('file' in from) return { mount, role, jwt: oneLine(await fromFile(from.file), from.file) }
      if (ports.jwtSvids === undefined) throw missing('there is no Workload API here to get a JWT-SVID from')
      const jwt = await ports.jwtSvids.fetch(from.workloadApi, audience, signal).catch(rethrown(signal))
      return { mount, role, jwt }
    }
    if (!('kubernetes' in signIn)) throw new Error('there is nothing to log in with')
    const { mount, role, audience, from } = signIn.kubernetes
    if ('file' in from) return { mount, role, jwt: oneLine(await fromFile(from.file), from.file) }
    if (ports.serviceAccounts === undefined)
      throw missing('there is no cluster here to get a service account token from')
    const jwt = await ports.serviceAccounts.token(from, audience ?? null, signal).catch(rethrown(signal))
    return { mount, role, jwt }
  }

  /** Whether it could be renewed; when not, a new one is got. */
  async function renewed(token: Held, signal: AbortSignal): Promise<boolean> {
    token.renewAt = null
    if (!token.renewable) return false
    try {
      const { auth } = parse(login, (await client.ask(calls.renewSelf(), token.value, signal)).value, 'renew-self')
      const { renewable, renewAt, endsAt } = heldOf(token.value, auth.lease_duration, auth.renewable)
      Object.assign(token, { renewable, renewAt, endsAt })
      // At the end of its longest life a token is renewed for ever shorter times.
      return endsAt === null || auth.lease_duration * 2 >= token.lifeSeconds
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof VaultFailure && error.stops) throw error
      return false
    }
  }

  return {
    words: wordsFor(signIn),
    async token(signal) {
      const value = await given(signal)
      const now = ports.clock.now()
      if (value !== null) {
        if (held?.value !== value) held = { ...heldOf(value, 0, false), isOwn: false }
        // Whoever gave it may renew it too; that does no harm.
        else if (held.renewAt !== null && held.renewAt <= now) await renewed(held, signal)
        return value
      }
      const isDue = held !== null && held.renewAt !== null && held.renewAt <= now
      if (held !== null && isDue && !(await renewed(held, signal))) await letGo()
      held ??= await logIn(signal)
      return held.value
    },
    told({ ttlSeconds, creationTtlSeconds, renewable }) {
      if (held === null || held.isOwn || ttlSeconds <= 0) return
      const now = ports.clock.now()
      held.renewable = renewable
      held.endsAt = now + ttlSeconds * 1000
      const lifeSeconds = Math.max(ttlSeconds, creationTtlSeconds)
      held.renewAt = renewable ? Math.max(now, held.endsAt - lifeSeconds * 400) : null
    },
    refused() {
      held = null
    },
    end: letGo,
  }

  async function letGo(): Promise<void> {
    const own = held?.isOwn === true ? held.value : null
    held = null
    if (own === null) return
    // A Vault that does not answer forgets the token at the end of its TTL.
    await client.ask(calls.revokeSelf(), own, new AbortController().signal).catch(() => {})
  }
}

function wordsFor(signIn: VaultSource['signIn']): string {
  if ('tokenFile' in signIn) return `the token in ${signIn.tokenFile}`
  if ('tokenSecret' in signIn) return `the token kept as ${signIn.tokenSecret}`
  if ('jwt' in signIn) {
    const { mount, role, from } = signIn.jwt
    return `a JWT-SVID ${'file' in from ? `in ${from.file}` : 'of the Workload API'}, role ${role} of auth/${mount}`
  }
  const { mount, role, from } = signIn.kubernetes
  const account = 'file' in from ? `token in ${from.file}` : `${from.namespace}/${from.serviceAccount}`
  return `service account ${account}, role ${role} of auth/${mount}`
}

function oneLine(text: string, place: string): string {
  const line = text.trim()
  if (/^[\x21-\x7e]+$/.test(line)) return line
  throw missing(`${place} does not hold one token on one line`)
}

function missing(words: string): VaultFailure {
  return new VaultFailure('not-configured', words)
}

function rethrown(signal: AbortSignal): (error: unknown) => never {
  return (error) => {
    signal.throwIfAborted()
    throw new VaultFailure(reasonOf(error), wordsOf(error))
  }
}

function reasonOf(error: unknown): GapReason {
  const found = typeof error === 'object' && error !== null && 'reason' in error ? error.reason : null
  return gapReasons.find((reason) => reason === found) ?? 'unreachable'
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
