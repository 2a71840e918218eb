import { randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/message-port'
import { RPCHandler } from '@orpc/server/message-port'
import { z } from 'zod'
import { Failure } from '../core/failure.ts'
import type { Log } from '../core/ports.ts'
import { createStateFile } from '../platform/state-file.ts'
import { errorWords } from '../platform/system-error.ts'
import { handlingOptions } from './handling.ts'
import type { ServiceClient } from './in-process.ts'
import { localAddress } from './local-address.ts'
import { frameSocket } from './local-frames.ts'
import type { ServiceRouter } from './router.ts'

/** What the owner of a data folder writes into it, for this user's eyes only. */
const cardSchema = z.object({
  address: z.string(),
  /** Proves that who connects can read the folder: a named pipe has no mode. */
  token: z.string().min(32),
  pid: z.int(),
  version: z.string(),
  host: z.string(),
})
const helloSchema = z.object({ everyhop: z.literal('local'), token: z.string(), version: z.string() })
const replySchema = z.object({ outcome: z.enum(['welcome', 'stranger', 'other-version']), version: z.string() })

const handshakeMs = 10_000
const strangersBytes = 4 * 1024
/** A question is small, but for what is to be imported by it. */
const questionBytes = 4 * 1024 * 1024
/** The whole graph as one document. */
const answerBytes = 1024 * 1024 * 1024

function cardFile(folder: string) {
  return createStateFile(join(folder, 'owner.json'))
}

export interface LocalServer {
  close(): Promise<void>
}

export interface LocalServerOptions {
  readonly folder: string
  readonly router: ServiceRouter
  readonly log: Log
  readonly info: { readonly version: string; readonly host: string }
}

/** The door for other processes of this user. Only for who holds the lock of the folder: what lies there of others is stale. */
export async function serveLocal({ folder, router, log, info }: LocalServerOptions): Promise<LocalServer> {
  const address = localAddress(folder)
  const token = randomBytes(32).toString('hex')
  const handler = new RPCHandler(router, handlingOptions(log))
  const open = new Set<Socket>()
  let visitors = 0

  async function welcome(socket: Socket): Promise<void> {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    const limits = { maxBytes: strangersBytes }
    const port = frameSocket(socket, limits)
    const hello = helloSchema.safeParse(parsed(await port.next(handshakeMs)))
    const outcome =
      !hello.success || !isSame(hello.data.token, token)
        ? 'stranger'
        : hello.data.version === info.version
          ? 'welcome'
          : 'other-version'
    const reply = JSON.stringify({ outcome, version: info.version })
    if (outcome !== 'welcome') {
      if (!socket.destroyed) port.postMessage(reply)
      socket.end()
      return
    }
    limits.maxBytes = questionBytes
    visitors += 1
    handler.upgrade(port, { context: { viewer: `local-${visitors}` } })
    port.postMessage(reply)
  }

  const server = createServer((socket) => {
    welcome(socket).catch((reason: unknown) => {
      log.warn('a local connection failed', { reason: errorWords(reason) })
      socket.destroy()
    })
  })
  const isFile = process.platform !== 'win32'
  if (isFile) rmSync(address, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, resolve)
  })
  if (isFile) chmodSync(address, 0o600)
  server.on('error', (reason) => log.warn('the local socket failed', { reason: errorWords(reason) }))
  const card = { address, token, pid: process.pid, ...info }
  await cardFile(folder).update(async () => ({ text: JSON.stringify(card), putAside: null }))
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of open) socket.destroy()
      await closed
      // The folder may be gone by now.
      await cardFile(folder)
        .update(async () => ({ text: null, putAside: null }))
        .catch(() => {})
    },
  }
}

export interface LocalConnection {
  readonly client: ServiceClient
  readonly owner: { readonly pid: number; readonly host: string }
  /** Aborted when the owner hung up. */
  readonly ended: AbortSignal
  close(): void
}

/**
 * Connects to the owner of a data folder. Throws `Failure`: `unreachable` when none listens there (any more),
 * `unsupported-version` when it is of another version, `forbidden` when it is not of this user.
 */
export async function connectLocal(folder: string, version: string): Promise<LocalConnection> {
  const card = cardSchema.safeParse(
    parsed(
      await cardFile(folder)
        .read()
        .catch(() => null),
    ),
  )
  if (!card.success) throw nobody(folder, 'nothing there says who')
  const { address, token, pid, host } = card.data
  if (!isOwn(address)) {
    const advice = 'Remove it, and look who put it there.'
    throw new Failure('forbidden', address, `The socket ${address} belongs to another user.`, advice)
  }
  const socket = await connect(address, folder)
  const port = frameSocket(socket, { maxBytes: answerBytes })
  port.postMessage(JSON.stringify({ everyhop: 'local', token, version }))
  const reply = replySchema.safeParse(parsed(await port.next(handshakeMs)))
  if (!reply.success || reply.data.outcome !== 'welcome') {
    port.close()
    if (!reply.success || reply.data.outcome === 'stranger') throw nobody(folder, 'it did not answer as it should')
    throw new Failure(
      'unsupported-version',
      folder,
      `The Everyhop that keeps its records in ${folder} is version ${reply.data.version}, this one ${version}.`,
      'Stop that one, or use --live to do without it.',
    )
  }
  const ended = new AbortController()
  port.on('close', () => ended.abort(new Error('the owner hung up')))
  const client: ServiceClient = createORPCClient(new RPCLink({ port }))
  return { client, owner: { pid, host }, ended: ended.signal, close: () => port.close() }
}

function connect(address: string, folder: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: address })
    const failed = (reason: Error): void => reject(nobody(folder, errorWords(reason)))
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.off('error', failed)
      resolve(socket)
    })
  })
}

function nobody(folder: string, words: string): Failure {
  return new Failure(
    'unreachable',
    folder,
    `The Everyhop that keeps its records in ${folder} does not answer: ${words}.`,
  )
}

/** Somebody else's socket at that place would hear the token. */
function isOwn(address: string): boolean {
  if (process.getuid === undefined) return true
  try {
    return lstatSync(address).uid === process.getuid()
  } catch {
    return true // not there: connecting says so
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text)
  } catch {
    return null
  }
}
