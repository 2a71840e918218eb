import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { countOf } from '../../shared/words/durations.ts'
import type { ReceiverState } from '../core/receiver-state.ts'
import type { DataFolder } from '../service/data-folder.ts'
import { UsageError } from './command.ts'

type Listen =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** What the command line says about receiving decision logs. */
export interface Receiving {
  readonly listen: Listen
  /** null: the only one there is. */
  readonly environment: string | null
  readonly tokenFile: string | null
  readonly forward: { readonly url: URL; readonly tokenFile: string | null; readonly caFile: string | null } | null
}

type Values = Readonly<Record<string, string | undefined>>

/** What waits to be sent on at most. Bytes; beyond it OPAs are asked to come again. */
const mostWaiting = 10 * 1024 ** 3

/** null: nothing is received. Throws `UsageError`. */
export function receivingFrom(values: Values): Receiving | null {
  const where = values['decision-logs']
  if (where === undefined) {
    for (const option of ['forward', 'token-file', 'env', 'forward-token-file', 'forward-ca-file']) {
      if (values[option] !== undefined) throw new UsageError(`--${option} needs --decision-logs`)
    }
    return null
  }
  // What was acknowledged must not be lost: so it is on a disk.
  if (values['data'] === undefined) throw new UsageError('--decision-logs needs --data <folder> to keep them in')
  const listen = listenAt(where)
  const tokenFile = fileOf(values['token-file'])
  if (listen.kind === 'tcp' && !isLoopback(listen.host) && tokenFile === null) {
    throw new UsageError(`${listen.host} is reached from other machines: --token-file is needed`)
  }
  return { listen, environment: values['env'] ?? null, tokenFile, forward: forwardOf(values) }
}

function forwardOf(values: Values): Receiving['forward'] {
  const text = values['forward']
  if (text === undefined) return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError('--forward takes an http or https address')
  }
  return { url, tokenFile: fileOf(values['forward-token-file']), caFile: fileOf(values['forward-ca-file']) }
}

function fileOf(path: string | undefined): string | null {
  return path === undefined ? null : resolve(path)
}

/** `8080`, `0.0.0.0:8080`, `[::1]:8080`, or the path of a socket. */
export function listenAt(where: string): Listen {
  const found = /^(?:(?<host>\[[0-9a-fA-F:]+\]|[^:/[\]]+):)?(?<port>\d{1,5})$/.exec(where)?.groups
  if (found === undefined) {
    if (where.includes('/')) return { kind: 'unix', path: resolve(where) }
    throw new UsageError('--decision-logs takes a port, host:port, or the path of a socket (with a "/" in it)')
  }
  const port = Number(found['port'])
  if (port > 65_535) throw new UsageError('--decision-logs: a port is at most 65535')
  return { kind: 'tcp', host: found['host']?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', port }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Throws `UsageError` when it is not clear which environment is meant. */
export function receivingEnvironment(chosen: string | null, known: readonly string[]): string {
  const [only] = known
  const list = known.length === 0 ? 'none is written down' : `there are ${known.join(', ')}`
  if (chosen !== null) {
    if (known.includes(chosen)) return chosen
    throw new UsageError(`--env ${chosen}: there is no such environment; ${list}`)
  }
  if (only === undefined || known.length > 1) throw new UsageError(`say with --env whose decision logs come: ${list}`)
  return only
}

/** "12 uploads taken, 1 postponed; sending on to siem: 10 sent, 4 kB wait: siem answered 503." */
export function receiverSentence({ received, refused, unauthenticated, postponed, forward }: ReceiverState): string {
  const troubles = [
    refused === 0 ? [] : [`${refused} refused`],
    unauthenticated === 0 ? [] : [`${unauthenticated} without the token`],
    postponed === 0 ? [] : [`${postponed} asked to come again`],
  ].flat()
  const taken = [`${countOf(received, 'upload')} taken`, ...troubles].join(', ')
  if (forward === null) return `${taken}.`
  const { to, sent, waitingBytes, refusedBytes, refusal, problem } = forward
  const waits = problem === null ? '' : `, ${kilobytes(waitingBytes)} wait: ${problem}`
  const aside = refusedBytes === 0 ? '' : `, ${kilobytes(refusedBytes)} are not taken: ${refusal ?? 'refused before'}`
  return `${taken}; sending on to ${to}: ${sent} sent${waits}${aside}.`
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000)} kB`
}

export function receiverOptions({ listen, tokenFile, forward }: Receiving, folder: DataFolder) {
  return {
    listen,
    place: listen.kind === 'unix' ? listen.path : `${listen.host}:${listen.port}`,
    tokenFile,
    forward: forward === null ? null : { ...forward, folder: folder.forward, maxBytes: mostWaiting },
  }
}
