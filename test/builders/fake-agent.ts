import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import { Code, ConnectError } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { SpiffeWorkloadAPI } from '../../electron/connectors/spire/gen/workload_pb.ts'
import { closingOf } from './closing.ts'

/** What the agent gives to whoever asks; DER. */
export interface GivenSvid {
  readonly spiffeId: string
  readonly certificates: Uint8Array
  readonly key: Uint8Array
  readonly bundle: Uint8Array
}

/** A Workload API that does what it is told, on a unix socket. Calls without the header of the standard are refused. */
export interface FakeAgent {
  /** The next answer of every open stream; null: nobody has an identity any more. */
  give(svids: readonly GivenSvid[] | null): void
  readonly audiences: readonly string[]
  /** Streams that are open. */
  streams(): number
  close(): Promise<void>
}

export async function startFakeAgent(socket: string, first: readonly GivenSvid[] | null): Promise<FakeAgent> {
  let svids = first
  const wakes = new Set<() => void>()
  const audiences: string[] = []
  const sessions = new Set<ServerHttp2Session>()
  const server: Http2Server = createServer(
    connectNodeAdapter({
      connect: false,
      grpcWeb: false,
      routes(router) {
        router.service(SpiffeWorkloadAPI, {
          async *fetchX509SVID(_request, { requestHeader, signal }) {
            checked(requestHeader)
            while (!signal.aborted) {
              if (svids === null) throw denied()
              yield {
                svids: svids.map(({ spiffeId, certificates, key, bundle }) => ({
                  spiffeId,
                  x509Svid: certificates,
                  x509SvidKey: key,
                  bundle,
                })),
              }
              await new Promise<void>((resolve) => {
                wakes.add(resolve)
                signal.addEventListener('abort', () => resolve(), { once: true })
              })
            }
          },
          fetchJWTSVID({ audience }, { requestHeader }) {
            checked(requestHeader)
            audiences.push(...audience)
            const [svid] = svids ?? []
            if (svid === undefined) throw denied()
            return { svids: [{ spiffeId: svid.spiffeId, svid: `header.${audience.join()}.signature` }] }
          },
        })
      },
    }),
  )
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  const close = closingOf(server)
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return {
    audiences,
    streams: () => sessions.size,
    give(next) {
      svids = next
      for (const wake of wakes) wake()
      wakes.clear()
    },
    close,
  }
}

function checked(headers: Headers): void {
  if (headers.get('workload.spiffe.io') !== 'true') {
    throw new ConnectError('security header missing from request', Code.InvalidArgument)
  }
}

function denied(): ConnectError {
  return new ConnectError('no identity issued', Code.PermissionDenied)
}
