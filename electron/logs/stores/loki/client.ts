import { resolve } from 'node:path'
import type { HistorySource } from '../../../../shared/domain/model/environment.ts'
import type { GapReason } from '../../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { type ConnectorPorts, HttpFailure, type ObserveSettings } from '../../../core/ports.ts'
import { entriesIn, type LokiEntry, seriesCount } from './wire.ts'

const megabyte = 1024 * 1024

/**
 * Everything that is ever asked of a Loki, with its limits. The same port takes pushes and deletions; what is not in this list
 * is never asked.
 */
const reads = {
  lines: { path: '/loki/api/v1/query_range', deadlineMs: 30_000, maxBytes: 32 * megabyte },
  streams: { path: '/loki/api/v1/series', deadlineMs: 10_000, maxBytes: 16 * megabyte },
} as const
type Read = (typeof reads)[keyof typeof reads]

/** Why Loki gave nothing, in words for people. */
export class LokiFailure extends Error {
  readonly reason: GapReason
  /** The answer was longer than what is read of one. */
  readonly isTooLarge: boolean
  constructor(reason: GapReason, message: string, isTooLarge = false) {
    super(message)
    this.name = 'LokiFailure'
    this.reason = reason
    this.isTooLarge = isTooLarge
  }
}

export interface LinesAsked {
  /** LogQL. */
  readonly query: string
  /** Nanoseconds; `to` is not included. */
  readonly from: bigint
  readonly to: bigint
  readonly limit: number
}

export interface LokiClient {
  /** The oldest lines first. Rejects with `LokiFailure`, or with the signal's reason. */
  lines(asked: LinesAsked, signal: AbortSignal): Promise<readonly LokiEntry[]>
  /** How many streams of a selector had lines in that time. Rejects likewise. */
  streams(selector: string, from: EpochMs, to: EpochMs, signal: AbortSignal): Promise<number>
}

export type LokiPorts = Pick<ConnectorPorts, 'get' | 'pace' | 'files' | 'secrets' | 'place'>

/** Asks one Loki, with GET only. Token, password and CA are read when they are needed, so that a rotated one is used at once. */
export function createLokiClient(
  source: HistorySource,
  settings: Pick<ObserveSettings, 'baseDirectory'>,
  ports: LokiPorts,
): LokiClient {
  const base = source.url.replace(/\/+$/, '')

  async function ask(read: Read, parameters: URLSearchParams, signal: AbortSignal): Promise<string> {
    const { secret, headers } = await signedIn()
    const ca = source.caFile === undefined ? null : await fileText(source.caFile)
    await ports.pace.request(signal)
    try {
      const answer = await ports.get(new URL(`${base}${read.path}?${parameters}`), {
        signal,
        deadlineMs: read.deadlineMs,
        maxBytes: read.maxBytes,
        headers: { ...headers, ...(source.tenant === undefined ? {} : { 'x-scope-orgid': source.tenant }) },
        ...(ca === null ? {} : { ca }),
      })
      if (answer.status !== 200) throw refusal(answer.status, answer.body, read, secret)
      return new TextDecoder().decode(answer.body)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw error instanceof HttpFailure ? transportFailure(error) : error
    }
  }

  async function signedIn(): Promise<{ readonly secret: string | null; readonly headers: Record<string, string> }> {
    const { signIn } = source
    if (signIn === undefined) return { secret: null, headers: {} }
    refuseInTheClear()
    if ('user' in signIn) {
      const password =
        'passwordFile' in signIn ? await oneLine(signIn.passwordFile) : await secretOf(signIn.passwordSecret)
      const pair = Buffer.from(`${signIn.user}:${password}`).toString('base64')
      return { secret: password, headers: { authorization: `Basic ${pair}` } }
    }
    const token = 'tokenFile' in signIn ? await oneLine(signIn.tokenFile) : await secretOf(signIn.tokenSecret)
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw new LokiFailure('not-configured', 'what history.signIn leads to is not one token on one line')
    }
    return { secret: token, headers: { authorization: `Bearer ${token}` } }
  }

  function refuseInTheClear(): void {
    const { protocol, hostname } = new URL(base)
    if (protocol !== 'http:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return
    throw new LokiFailure(
      'not-configured',
      `${hostname}: what signs Everyhop in would travel unencrypted; use an https address`,
    )
  }

  async function secretOf(name: string): Promise<string> {
    if (ports.secrets === undefined) {
      throw new LokiFailure('not-configured', `the secret ${name} cannot be read: this program keeps no secrets`)
    }
    const value = await ports.secrets.read(name).catch((error: unknown) => {
      throw new LokiFailure('not-configured', `the secret ${name}: ${wordsOf(error)}`)
    })
    if (value === null || value === '') throw new LokiFailure('not-configured', `there is no secret ${name}`)
    return value
  }

  async function oneLine(path: string): Promise<string> {
    const text = (await fileText(path)).replace(/\r?\n$/, '')
    if (text === '' || text.includes('\n')) throw new LokiFailure('not-configured', `${path} does not hold one line`)
    return text
  }

  async function fileText(path: string): Promise<string> {
    return ports.files.readText(resolve(settings.baseDirectory, path)).catch((error: unknown) => {
      const isForbidden = error instanceof Error && 'code' in error && error.code === 'forbidden'
      throw new LokiFailure(isForbidden ? 'forbidden' : 'not-configured', wordsOf(error))
    })
  }

  return {
    async lines({ query, from, to, limit }, signal) {
      const parameters = new URLSearchParams({
        query,
        start: String(from),
        end: String(to),
        limit: String(limit),
        direction: 'forward',
      })
      const entries = entriesIn(await ask(reads.lines, parameters, signal))
      if (entries === null) throw notUnderstood(reads.lines)
      return entries
    },
    async streams(selector, from, to, signal) {
      const parameters = new URLSearchParams({
        'match[]': selector,
        start: String(BigInt(Math.trunc(from)) * 1_000_000n),
        end: String(BigInt(Math.trunc(to)) * 1_000_000n),
      })
      const count = seriesCount(await ask(reads.streams, parameters, signal))
      if (count === null) throw notUnderstood(reads.streams)
      return count
    },
  }
}

function notUnderstood(read: Read): LokiFailure {
  return new LokiFailure('invalid', `GET ${read.path}: the answer is not one of Loki`)
}

/** A server that says back what we signed in with must not bring it into a gap. */
function refusal(status: number, body: Uint8Array, read: Read, secret: string | null): LokiFailure {
  const text = new TextDecoder().decode(body.subarray(0, 4096))
  const plain = secret === null ? text : text.replaceAll(secret, '***')
  const said = plain.slice(0, 200).replace(/\s+/g, ' ').trim()
  const words = `GET ${read.path} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`
  if (status === 401 || status === 403) return new LokiFailure('forbidden', words)
  if (status === 404 || status === 405 || status === 501) return new LokiFailure('unsupported', words)
  if (status >= 300 && status < 500 && status !== 429) return new LokiFailure('invalid', words)
  return new LokiFailure('unreachable', words)
}

function transportFailure(failure: HttpFailure): LokiFailure {
  const { kind, message } = failure
  if (failure.noWay) return new LokiFailure('no-way', message)
  if (kind === 'forbidden' || kind === 'timed-out') return new LokiFailure(kind, message)
  if (kind === 'too-large' || kind === 'broken') return new LokiFailure('invalid', message, kind === 'too-large')
  return new LokiFailure('unreachable', message)
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
