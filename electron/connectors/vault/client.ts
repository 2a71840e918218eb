import { resolve } from 'node:path'
import createVault from 'node-vault'
import type { VaultSource } from '../../../shared/domain/model/environment.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import {
  type ConnectorPorts,
  type HttpAnswer,
  type HttpExchange,
  HttpFailure,
  type HttpTls,
  type ObserveSettings,
} from '../../core/ports.ts'
import { isAllowed, type VaultCall } from './calls.ts'
import { VaultFailure } from './problem.ts'
import { errors } from './wire.ts'

const megabyte = 1024 * 1024
const longestAnswer = 16 * megabyte
/** Without a Retry-After; and the longest that one is heeded. Milliseconds. */
const pauseMs = 5000
const longestPauseMs = 120_000

export interface VaultAnswer {
  readonly status: number
  /** JSON of no known shape; null: an answer without content, or a folder that does not exist. */
  readonly value: unknown
  readonly at: EpochMs
  /** Clock of the `date` header minus ours, whole seconds; null without the header. */
  readonly clockOffsetMs: number | null
}

export interface VaultClient {
  /** Rejects with `VaultFailure`, or with the signal's reason. */
  ask(call: VaultCall, token: string | null, signal: AbortSignal): Promise<VaultAnswer>
  /** How Vault last proved who it is; null: it was not asked, or in plain HTTP. */
  tls(): HttpTls | null
}

/** node-vault is handed its transport by the name of the library that it once used. */
interface TransportOptions {
  readonly uri: string
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
}

/**
 * Asks one Vault. node-vault forms the requests and reads the answers; they travel over the dial of `ports`, so that neither
 * proxies, redirects nor environment variables have a say.
 */
export function createVaultClient(
  source: VaultSource,
  settings: Pick<ObserveSettings, 'baseDirectory'>,
  ports: Pick<ConnectorPorts, 'clock' | 'pace' | 'files' | 'place'>,
  exchange: HttpExchange,
): VaultClient {
  const endpoint = source.address.replace(/\/+$/, '')
  const sent = new WeakMap<
    object,
    { readonly call: VaultCall; readonly signal: AbortSignal; answer: HttpAnswer | null }
  >()
  let pausedUntil = 0
  let tls: HttpTls | null = null

  const vault = createVault({
    endpoint,
    apiVersion: 'v1',
    // Real Vaults answer GET ?list=true as they do LIST, and so does whatever stands before them.
    noCustomHTTPVerbs: true,
    // Its own would log bodies, which may hold credentials.
    debug: () => {},
    'request-promise': { defaults: () => transport },
  })
  // What it took from VAULT_TOKEN, VAULT_NAMESPACE and VAULT_PREFIX.
  Object.assign(vault, { token: '', namespace: '', pathPrefix: '' })

  async function transport(options: TransportOptions) {
    const entry = sent.get(options)
    if (entry === undefined || !options.uri.startsWith(`${endpoint}/v1/`)) throw new Error('not asked by this client')
    const { call, signal } = entry
    const body = call.body === null ? undefined : JSON.stringify(call.body)
    const answer = await exchange(call.method, new URL(options.uri), {
      signal,
      deadlineMs: call.deadlineMs,
      maxBytes: longestAnswer,
      headers: { ...options.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
      ...(await trusted(source, settings, ports)),
    })
    entry.answer = answer
    tls = answer.tls ?? null
    return {
      statusCode: call.answers.includes(answer.status) ? 200 : answer.status,
      body: jsonIn(answer, call),
      request: { path: call.path },
    }
  }

  function headersFor(call: VaultCall, token: string | null): Record<string, string> {
    const namespace = source.namespace === undefined ? {} : { 'X-Vault-Namespace': source.namespace }
    const own = { 'X-Vault-Request': 'true', 'user-agent': 'everyhop', ...namespace }
    if (!call.withToken) return own
    if (token === null) throw new Error(`${call.locator} is asked with a token`)
    return { ...own, 'X-Vault-Token': token }
  }

  return {
    tls: () => tls,
    async ask(call, token, signal) {
      if (!isAllowed(call)) throw new Error('this is not on the list of what may be asked of a Vault')
      if (call.withToken || call.body !== null) refuseInTheClear(endpoint, ports.place)
      if (ports.clock.now() < pausedUntil) {
        const seconds = Math.ceil((pausedUntil - ports.clock.now()) / 1000)
        const detail = `${call.locator}: Vault asked to be left alone (HTTP 429); it is asked again in ${seconds} s`
        throw new VaultFailure('unreachable', detail, { stops: true, status: 429 })
      }
      await ports.pace.request(signal)
      const asked = ports.clock.now()
      const path = `/${call.path}${call.isList ? '?list=true' : ''}`
      const options = { path, method: call.method, headers: headersFor(call, token) }
      const entry = { call, signal, answer: null as HttpAnswer | null }
      sent.set(options, entry)
      try {
        const value: unknown = (await vault.request(options)) ?? null
        const at = ports.clock.now()
        const { status = 0, headers = {} } = entry.answer ?? {}
        if (status === 429 && errorsIn(value) !== null) throw slowDown(call, headers['retry-after'])
        // An empty folder is a 404 without words; with words it is something that this Vault does not have.
        const [said] = status === 404 ? (errorsIn(value) ?? []) : []
        if (said !== undefined) throw statusFailure(status, new Error(said), undefined, call)
        return { status, value, at, clockOffsetMs: offsetOf(headers['date'], asked, at) }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (error instanceof HttpFailure) throw transportFailure(error, call)
        const status = entry.answer?.status
        if (error instanceof VaultFailure || status === undefined) throw error
        if (status === 429) throw slowDown(call, entry.answer?.headers['retry-after'])
        throw statusFailure(status, error, entry.answer?.headers['location'], call)
      }
    },
  }

  function slowDown(call: VaultCall, retryAfter: string | undefined): VaultFailure {
    const told = Number(retryAfter) * 1000
    const wait = Number.isFinite(told) && told > 0 ? Math.min(told, longestPauseMs) : pauseMs
    pausedUntil = ports.clock.now() + wait
    const detail = `${call.locator}: Vault asked to be left alone (HTTP 429, rate limit); it is asked again in ${Math.ceil(wait / 1000)} s`
    return new VaultFailure('unreachable', detail, { stops: true, status: 429 })
  }
}

/** Read anew, so that a rotated CA is used from the next question on. */
export async function trusted(
  source: VaultSource,
  settings: Pick<ObserveSettings, 'baseDirectory'>,
  { files }: Pick<ConnectorPorts, 'files'>,
): Promise<{ readonly ca?: string }> {
  if (source.caFile === undefined) return {}
  try {
    return { ca: await files.readText(resolve(settings.baseDirectory, source.caFile)) }
  } catch (error) {
    throw new VaultFailure('not-configured', error instanceof Error ? error.message : String(error), { stops: true })
  }
}

/** A port-forward is encrypted by itself; a loopback address does not leave this machine. */
export function refuseInTheClear(address: string, place: string | undefined): void {
  const { protocol, hostname } = new URL(address)
  if (protocol === 'https:' || place !== undefined || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return
  const detail = `${hostname}: a token would travel unencrypted; use an https address`
  throw new VaultFailure('not-configured', detail, { stops: true })
}

function errorsIn(value: unknown): readonly string[] | null {
  const parsed = errors.safeParse(value)
  return parsed.success ? parsed.data.errors : null
}

function jsonIn({ status, body }: HttpAnswer, call: VaultCall): unknown {
  if (body.length === 0) return undefined
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    if (status !== 200) return undefined
    throw new VaultFailure('invalid', `${call.locator}: the answer is not JSON; is this the address of a Vault?`)
  }
}

/** node-vault puts the first of Vault's own words into its error. */
function statusFailure(status: number, error: unknown, location: string | undefined, call: VaultCall): VaultFailure {
  const said = error instanceof Error && !/^Status \d+$/.test(error.message) ? `: ${error.message.trim()}` : ''
  const words = `${call.locator} answered HTTP ${status}${said}`
  if (status === 401 || status === 403) return new VaultFailure('forbidden', words, { status })
  if (status === 404 || status === 405 || status === 501) return new VaultFailure('unsupported', words, { status })
  if (status >= 300 && status < 400) {
    const to = location === undefined ? '' : ` to ${location}`
    const advice = 'this is a standby that does not forward requests; name the address of the active Vault'
    return new VaultFailure('invalid', `${words}${to}: ${advice}`, { status, stops: true })
  }
  if (status === 400) return new VaultFailure('invalid', words, { status })
  return new VaultFailure('unreachable', words, { status, stops: status === 503 })
}

function transportFailure(failure: HttpFailure, { locator }: VaultCall): VaultFailure {
  if (failure.noWay) return new VaultFailure('no-way', failure.message, { stops: true })
  switch (failure.kind) {
    case 'forbidden':
      return new VaultFailure('forbidden', failure.message, { stops: true })
    case 'timed-out':
      return new VaultFailure('timed-out', failure.message, { stops: true })
    case 'too-large': {
      const detail = `${locator}: the answer is larger than ${longestAnswer / megabyte} MB; it was not read to its end`
      return new VaultFailure('invalid', detail)
    }
    case 'broken':
      return new VaultFailure('invalid', failure.message, { stops: true })
    case 'unreachable':
    case 'tls':
    case 'cancelled':
      return new VaultFailure('unreachable', failure.message, { stops: true })
  }
}

function offsetOf(date: string | undefined, asked: EpochMs, answered: EpochMs): number | null {
  const theirs = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(theirs)) return null
  // The header cuts its second off: on average half a second is missing.
  return Math.round((theirs + 500 - (asked + answered) / 2) / 1000) * 1000 + 0
}
