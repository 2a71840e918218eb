import { resolve } from 'node:path'
import type { OpaSource } from '../../../shared/domain/model/environment.ts'
import type { GapReason } from '../../../shared/domain/model/fact.ts'
import type { DurationMs, EpochMs } from '../../../shared/domain/model/time.ts'
import { clockSkewOf, retryAfterOf } from '../../../shared/lib/http-times.ts'
import { type ConnectorPorts, HttpFailure, type ObserveSettings } from '../../core/ports.ts'

const megabyte = 1024 * 1024

/**
 * Everything that is ever asked of an OPA, with its limits. The same port takes policies, data and queries; what is not in
 * this list is refused before a connection is made.
 */
export const opaReads = {
  config: { path: '/v1/config', deadlineMs: 3000, maxBytes: 4 * megabyte },
  status: { path: '/v1/status', deadlineMs: 3000, maxBytes: 8 * megabyte },
  policies: { path: '/v1/policies', deadlineMs: 5000, maxBytes: 32 * megabyte },
  metrics: { path: '/metrics', deadlineMs: 3000, maxBytes: 8 * megabyte },
} as const

export type OpaRead = (typeof opaReads)[keyof typeof opaReads]

export interface OpaAnswer {
  readonly text: string
  readonly at: EpochMs
  /** Clock of the `date` header minus ours; null without the header. */
  readonly clockSkewMs: DurationMs | null
}

/** Why one read gave nothing. `connected` false: nobody answered, so that asking for more now would only hammer. */
export class OpaFailure extends Error {
  readonly reason: GapReason
  readonly connected: boolean
  constructor(reason: GapReason, message: string, connected: boolean) {
    super(message)
    this.name = 'OpaFailure'
    this.reason = reason
    this.connected = connected
  }
}

export type AskOpa = (read: OpaRead, signal: AbortSignal) => Promise<OpaAnswer>

/**
 * Asks one OPA. Token and CA are read from their files now, so that a rotated one is used from the next reading on.
 * Rejects with `OpaFailure`, as do the asks, or with the signal's reason.
 */
export async function createOpaClient(
  source: OpaSource,
  settings: Pick<ObserveSettings, 'baseDirectory'>,
  ports: Pick<ConnectorPorts, 'clock' | 'get' | 'pace' | 'files'>,
): Promise<AskOpa> {
  const base = source.api.replace(/\/+$/, '')
  const token = source.tokenFile === undefined ? null : await readToken(source.api, source.tokenFile)
  const ca = source.caFile === undefined ? null : await readFile(source.caFile)

  return async (read, signal) => {
    if (!Object.values(opaReads).some((allowed) => allowed === read)) {
      throw new Error(`${read.path} is not on the list of what may be asked of an OPA`)
    }
    await ports.pace.request(signal)
    const asked = ports.clock.now()
    try {
      const { deadlineMs, maxBytes } = read
      const answer = await ports.get(new URL(`${base}${read.path}`), {
        signal,
        deadlineMs,
        maxBytes,
        ...(token === null ? {} : { headers: { authorization: `Bearer ${token}` } }),
        ...(ca === null ? {} : { ca }),
      })
      const at = ports.clock.now()
      if (answer.status === 429) ports.pace.holdOff(retryAfterOf(answer.headers['retry-after'], at))
      if (answer.status !== 200) throw statusFailure(answer.status, answer.body, read, token)
      return { text: decoded(answer.body, read), at, clockSkewMs: clockSkewOf(answer.headers['date'], asked, at) }
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw error instanceof HttpFailure ? transportFailure(error, read) : error
    }
  }

  async function readToken(api: string, path: string): Promise<string> {
    const { protocol, hostname } = new URL(api)
    if (protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) {
      throw new OpaFailure(
        'not-configured',
        `${hostname}: a token would travel unencrypted; use an https address`,
        false,
      )
    }
    const token = (await readFile(path)).trim()
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw new OpaFailure('not-configured', `${path} does not hold one token on one line`, false)
    }
    return token
  }

  async function readFile(path: string): Promise<string> {
    try {
      return await ports.files.readText(resolve(settings.baseDirectory, path))
    } catch (error) {
      const forbidden = error instanceof Error && 'code' in error && error.code === 'forbidden'
      const words = error instanceof Error ? error.message : String(error)
      throw new OpaFailure(forbidden ? 'forbidden' : 'not-configured', words, false)
    }
  }
}

/** What a person types to ask the same question. */
export function locatorOf(read: OpaRead): string {
  return `GET ${read.path}`
}

/** OPA's own words for "there is no status section", which it answers as an internal error. */
export function saysStatusIsOff(error: unknown): boolean {
  return error instanceof OpaFailure && /status plugin not enabled/.test(error.message)
}

function decoded(body: Uint8Array, read: OpaRead): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new OpaFailure('invalid', `${locatorOf(read)}: the answer is not UTF-8 text`, true)
  }
}

/** A server that says our token back to us must not bring it into a gap. */
function statusFailure(status: number, body: Uint8Array, read: OpaRead, token: string | null): OpaFailure {
  const text = new TextDecoder().decode(body.subarray(0, 8192))
  const plain = token === null ? text : text.replaceAll(token, '***')
  const said = plain.slice(0, 200).replace(/\s+/g, ' ').trim()
  const words = `${locatorOf(read)} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`
  if (status === 401 || status === 403) return new OpaFailure('forbidden', words, true)
  if (status === 404 || status === 405 || status === 501) return new OpaFailure('unsupported', words, true)
  if (status >= 300 && status < 400) return new OpaFailure('invalid', `${words} (redirects are not followed)`, true)
  // 429 asks us to leave it alone, as much as a closed port does: nothing else is asked in this turn, and the next one is later.
  if (status === 429) return new OpaFailure('unreachable', `${words} (asked to slow down)`, false)
  return new OpaFailure('unreachable', words, true)
}

function transportFailure(failure: HttpFailure, read: OpaRead): OpaFailure {
  if (failure.noWay) return new OpaFailure('no-way', failure.message, false)
  switch (failure.kind) {
    case 'forbidden':
      return new OpaFailure('forbidden', failure.message, false)
    case 'timed-out':
      return new OpaFailure('timed-out', failure.message, false)
    case 'too-large': {
      const limit = `${read.maxBytes / megabyte} MB`
      return new OpaFailure(
        'invalid',
        `${locatorOf(read)}: the answer is larger than ${limit}; it was not read to its end`,
        true,
      )
    }
    case 'broken':
      return new OpaFailure('invalid', failure.message, false)
    case 'unreachable':
    case 'tls':
    case 'cancelled':
      return new OpaFailure('unreachable', failure.message, false)
  }
}
