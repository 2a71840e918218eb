import { createSecureServer } from 'node:http2'
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { Agent } from '../../electron/connectors/spire/gen/agent_pb.ts'
import { Bundle } from '../../electron/connectors/spire/gen/bundle_pb.ts'
import { Entry } from '../../electron/connectors/spire/gen/entry_pb.ts'
import { LocalAuthority } from '../../electron/connectors/spire/gen/localauthority_pb.ts'
import { TrustDomain } from '../../electron/connectors/spire/gen/trustdomain_pb.ts'
import { closingOf } from './closing.ts'

/** A SPIRE server that does what it is told, for what a real one never does. Speaks gRPC over mTLS on 127.0.0.1. */
export interface FakeSpire {
  readonly address: string
  close(): Promise<void>
}

/** Answers of the services; what is left out answers PERMISSION_DENIED, as SPIRE does without the right. */
export interface FakeAnswers {
  readonly entry?: Partial<ServiceImpl<typeof Entry>>
  readonly agent?: Partial<ServiceImpl<typeof Agent>>
  readonly bundle?: Partial<ServiceImpl<typeof Bundle>>
  readonly trustDomain?: Partial<ServiceImpl<typeof TrustDomain>>
  readonly localAuthority?: Partial<ServiceImpl<typeof LocalAuthority>>
}

export interface FakeTls {
  readonly certificate: string
  readonly key: string
  /** Authority of clients' certificates. */
  readonly clientAuthority: string
}

export async function startFakeSpire(tls: FakeTls, answers: FakeAnswers): Promise<FakeSpire> {
  const server = createSecureServer(
    {
      cert: tls.certificate,
      key: tls.key,
      ca: tls.clientAuthority,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    },
    connectNodeAdapter({
      connect: false,
      grpcWeb: false,
      routes(router) {
        router.service(Entry, { listEntries: denied, ...answers.entry })
        router.service(Agent, { listAgents: denied, ...answers.agent })
        router.service(Bundle, { getBundle: denied, listFederatedBundles: denied, ...answers.bundle })
        router.service(TrustDomain, { listFederationRelationships: denied, ...answers.trustDomain })
        router.service(LocalAuthority, {
          getX509AuthorityState: denied,
          getJWTAuthorityState: denied,
          ...answers.localAuthority,
        })
      },
    }),
  )
  server.on('session', (session) => session.on('error', () => {}))
  const close = closingOf(server)
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the fake has no port')
  return {
    address: `127.0.0.1:${bound.port}`,
    close,
  }
}

function denied(): never {
  throw new ConnectError('authorization denied for method', Code.PermissionDenied)
}
