import { createPrivateKey, X509Certificate } from 'node:crypto'
import { Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import type { Dial, JwtSvids, X509Svids } from '../../core/ports.ts'
import { connectUnix, type OpenConnection } from './connect.ts'
import { failureOf, SpireFailure, textOf } from './failure.ts'
import { SpiffeWorkloadAPI, type X509SVID, type X509SVIDResponse } from './gen/workload_pb.ts'
import type { OwnIdentity } from './own-identity.ts'

/** https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Workload_API.md, section 3: calls without it are refused. */
const workloadHeader = 'workload.spiffe.io'
const deadlineMs = 10_000
const longestAnswer = 4 * 1024 * 1024

const withHeader: Interceptor = (next) => (request) => {
  request.header.set(workloadHeader, 'true')
  return next(request)
}

/** `unix:///run/agent.sock` as in SPIFFE_ENDPOINT_SOCKET, or the path alone. */
export function socketPath(address: string): string {
  return address.replace(/^unix:(\/\/(?=\/))?/, '')
}

/**
 * The X509-SVIDs that this process may have, again whenever the agent renewed them or the bundle, until the signal or the
 * agent ends it. Throws SpireFailure. `spiffeId` chooses one of several; the first is the default by the standard.
 */
export async function* watchX509Svids(
  socket: string,
  spiffeId: string | null,
  dial: Dial,
  signal: AbortSignal,
): AsyncGenerator<OwnIdentity> {
  const asked = `FetchX509SVID at ${socket}`
  const connection = await connectAgent(socket, dial, signal)
  try {
    for await (const answer of clientOf(connection, 'streams').fetchX509SVID({}, { signal })) {
      yield identityOf(answer, spiffeId, socket)
    }
  } catch (thrown) {
    signal.throwIfAborted()
    throw agentFailure(connection.brokenBy() ?? thrown, thrown, asked, socket)
  } finally {
    connection.close()
  }
  throw new SpireFailure('unreachable', `${asked}: the SPIRE agent ended the stream`)
}

/** X509-SVIDs of the Workload API of this machine, for whoever shows one once. */
export function createX509Svids(dial: Dial): X509Svids {
  return {
    async fetch(address, spiffeId, signal) {
      const ended = new AbortController()
      try {
        const limit = AbortSignal.any([signal, ended.signal])
        for await (const identity of watchX509Svids(socketPath(address), spiffeId, dial, limit)) {
          return { spiffeId: identity.spiffeId, certificate: identity.certificate, key: identity.key }
        }
        throw new SpireFailure('unreachable', `the Workload API at ${address} ended without an X509-SVID`)
      } finally {
        ended.abort()
      }
    },
  }
}

/** JWT-SVIDs of the Workload API of this machine, for whoever signs in with one. */
export function createJwtSvids(dial: Dial): JwtSvids {
  return {
    async fetch(address, audience, signal) {
      const socket = socketPath(address)
      const limit = AbortSignal.any([AbortSignal.timeout(deadlineMs), ...(signal === undefined ? [] : [signal])])
      const asked = `FetchJWTSVID at ${socket}`
      const connection = await connectAgent(socket, dial, limit).catch((thrown: unknown) => {
        signal?.throwIfAborted()
        throw limit.aborted ? late(asked) : thrown
      })
      try {
        const answer = await clientOf(connection, 'answers').fetchJWTSVID({ audience: [audience] }, { signal: limit })
        const token = answer.svids[0]?.svid ?? ''
        if (token === '') throw new SpireFailure('invalid', `${asked}: the answer holds no JWT-SVID`)
        return token
      } catch (thrown) {
        signal?.throwIfAborted()
        if (limit.aborted) throw late(asked)
        throw agentFailure(connection.brokenBy() ?? thrown, thrown, asked, socket)
      } finally {
        connection.close()
      }
    },
  }
}

function late(asked: string): SpireFailure {
  return new SpireFailure('timed-out', `${asked}: no answer within ${deadlineMs / 1000} s`)
}

function clientOf({ baseUrl, sessions }: OpenConnection, kind: 'answers' | 'streams') {
  const request: OpenConnection['sessions']['request'] =
    kind === 'streams' ? (...call) => sessions.stream(...call) : (...call) => sessions.request(...call)
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager: { ...sessions, request },
    interceptors: [withHeader],
    readMaxBytes: longestAnswer,
  })
  return createClient(SpiffeWorkloadAPI, transport)
}

async function connectAgent(socket: string, dial: Dial, signal: AbortSignal): Promise<OpenConnection> {
  try {
    return await connectUnix(socket, 'http://localhost', dial, signal)
  } catch (thrown) {
    signal.throwIfAborted()
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null
    const told = thrown instanceof SpireFailure ? thrown.message : textOf(thrown)
    const gone = code === 'ENOENT' || /ENOENT/.test(told)
    throw new SpireFailure(
      gone ? 'not-configured' : thrown instanceof SpireFailure ? thrown.reason : 'unreachable',
      `${told}; the Workload API of a SPIRE agent should be there: start the agent on this machine, or correct workloadApi`,
    )
  }
}

function agentFailure(broken: unknown, thrown: unknown, asked: string, socket: string): SpireFailure {
  if (thrown instanceof ConnectError && thrown.code === Code.PermissionDenied) {
    const user = process.getuid?.()
    const example = user === undefined ? '' : `, such as unix:uid:${user}`
    return new SpireFailure(
      'forbidden',
      `the SPIRE agent at ${socket} knows this process, but no identity is registered for it (PERMISSION_DENIED ${thrown.rawMessage}); create a registration entry with selectors that fit Everyhop${example}`,
    )
  }
  return failureOf(thrown instanceof SpireFailure ? thrown : broken, asked)
}

function identityOf({ svids }: X509SVIDResponse, spiffeId: string | null, socket: string): OwnIdentity {
  const chosen = spiffeId === null ? svids[0] : svids.find((each) => each.spiffeId === spiffeId)
  if (chosen === undefined) {
    const given = svids.map((each) => each.spiffeId).join(', ')
    throw new SpireFailure(
      'not-configured',
      spiffeId === null
        ? `the SPIRE agent at ${socket} gives no X509-SVID`
        : `the SPIRE agent at ${socket} does not give ${spiffeId}, but ${given || 'nothing'}: correct spiffeId in environment.yaml, or register it`,
    )
  }
  try {
    return fromDer(chosen)
  } catch {
    // What a parser of keys says is not passed on: it is about a secret.
    throw new SpireFailure('invalid', `the SPIRE agent at ${socket} gave an X509-SVID that could not be understood`)
  }
}

function fromDer({ spiffeId, x509Svid, x509SvidKey, bundle }: X509SVID): OwnIdentity {
  const chain = certificatesOf(x509Svid)
  const authorities = certificatesOf(bundle)
  const [leaf] = chain
  if (leaf === undefined || authorities.length === 0) throw new Error('no certificate')
  const key = createPrivateKey({ key: Buffer.from(x509SvidKey), format: 'der', type: 'pkcs8' })
  if (!leaf.checkPrivateKey(key)) throw new Error('the key is of another certificate')
  return {
    spiffeId,
    certificate: chain.map((each) => each.toString()).join(''),
    key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    bundle: authorities.map((each) => each.toString()).join(''),
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
  }
}

/** Certificates one after the other, each a DER SEQUENCE (X.690 section 8.1) with its length in at most four bytes. */
export function certificatesOf(bytes: Uint8Array): readonly X509Certificate[] {
  const found: X509Certificate[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = sequenceSize(bytes, at)
    found.push(new X509Certificate(bytes.subarray(at, at + size)))
    at += size
  }
  return found
}

function sequenceSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1] ?? 0
  if (bytes[at] !== 0x30) throw new Error('not a SEQUENCE')
  if (first < 0x80) return 2 + first
  const count = first & 0x7f
  if (count < 1 || count > 4) throw new Error('no length that a certificate has')
  let length = 0
  for (let index = 0; index < count; index += 1) length = length * 256 + (bytes[at + 2 + index] ?? 0)
  if (at + 2 + count + length > bytes.length) throw new Error('cut short')
  return 2 + count + length
}
