import { X509Certificate } from 'node:crypto'
import type { World } from '../../parts.ts'
import { codes, GrpcStatus } from './grpc.ts'
import {
  each,
  encodeAgent,
  encodeAuthorities,
  encodeBundle,
  encodeEntry,
  message,
  readFields,
  text,
  type WireAuthority,
  type WireBundle,
} from './wire.ts'

/** SPIRE's version that answers and words are taken from. */
export const spireVersion = '1.15.3'

type Fields = ReadonlyMap<number, number | Uint8Array>
type Answer = (state: SpireState, request: Fields) => Uint8Array

/** What the server tells of the world; changes of the bundle are counted as SPIRE counts them. */
export interface SpireState {
  readonly world: World
  /** Grows with each change of the bundle. */
  sequenceNumber(): number
}

/** `spire.api.server.entry.v1.Entry` by `Entry`: every service that SPIRE offers over TCP. */
const services: Readonly<Record<string, readonly string[]>> = {
  'spire.api.server.entry.v1.Entry': [
    'CountEntries',
    'ListEntries',
    'GetEntry',
    'BatchCreateEntry',
    'BatchUpdateEntry',
    'BatchDeleteEntry',
    'GetAuthorizedEntries',
    'SyncAuthorizedEntries',
  ],
  'spire.api.server.agent.v1.Agent': [
    'CountAgents',
    'ListAgents',
    'GetAgent',
    'DeleteAgent',
    'BanAgent',
    'AttestAgent',
    'RenewAgent',
    'CreateJoinToken',
    'PostStatus',
  ],
  'spire.api.server.svid.v1.SVID': [
    'MintX509SVID',
    'MintJWTSVID',
    'MintWITSVID',
    'BatchNewX509SVID',
    'NewJWTSVID',
    'BatchNewWITSVID',
    'NewDownstreamX509CA',
  ],
  'spire.api.server.bundle.v1.Bundle': [
    'CountBundles',
    'GetBundle',
    'AppendBundle',
    'PublishJWTAuthority',
    'PublishWITAuthority',
    'ListFederatedBundles',
    'GetFederatedBundle',
    'BatchCreateFederatedBundle',
    'BatchUpdateFederatedBundle',
    'BatchSetFederatedBundle',
    'BatchDeleteFederatedBundle',
  ],
  'spire.api.server.trustdomain.v1.TrustDomain': [
    'ListFederationRelationships',
    'GetFederationRelationship',
    'BatchCreateFederationRelationship',
    'BatchUpdateFederationRelationship',
    'BatchDeleteFederationRelationship',
    'RefreshBundle',
  ],
  'spire.api.server.localauthority.v1.LocalAuthority': ['X509', 'JWT', 'WIT']
    .flatMap((kind) => [
      `Get${kind}AuthorityState`,
      `Prepare${kind}Authority`,
      `Activate${kind}Authority`,
      `Taint${kind}Authority`,
      `Revoke${kind}Authority`,
    ])
    .concat('TaintX509UpstreamAuthority', 'RevokeX509UpstreamAuthority'),
}

/** Method and service of a path; throws UNIMPLEMENTED, as SPIRE does before it asks who calls. */
export function methodOf(path: string): { readonly service: string; readonly method: string } {
  const [, service = '', method = ''] = /^\/([^/]+)\/([^/]+)$/.exec(path) ?? []
  const offered = Object.hasOwn(services, service) ? services[service] : undefined
  if (offered === undefined) throw new GrpcStatus(codes.unimplemented, `unknown service ${service}`)
  if (!offered.includes(method)) {
    throw new GrpcStatus(codes.unimplemented, `unknown method ${method} for service ${service}`)
  }
  return { service, method }
}

export function answerTo(path: string, state: SpireState, request: Uint8Array): Uint8Array {
  const answer = answers[path]
  if (answer === undefined) throw new GrpcStatus(codes.unimplemented, `the playground's SPIRE does not answer ${path}`)
  return answer(state, readFields(request))
}

const answers: Readonly<Record<string, Answer>> = {
  '/spire.api.server.entry.v1.Entry/ListEntries': ({ world }, request) => {
    const page = pageOf(world.entries(), request, 3)
    const entries = page.items.map((entry) => ({ ...entry, createdAt: seconds(entry.createdAt) }))
    return message(each(1, entries, encodeEntry), text(2, page.nextToken))
  },
  '/spire.api.server.agent.v1.Agent/ListAgents': ({ world }, request) => {
    const page = pageOf(world.agents(), request, 3)
    const mask = request.get(2)
    const wanted =
      mask instanceof Uint8Array ? new Set([...readFields(mask)].flatMap(([of, on]) => (on ? of : []))) : null
    const encode = (agent: (typeof page.items)[number]): Uint8Array =>
      encodeAgent(
        {
          spiffeId: agent.spiffeId,
          attestationType: 'k8s_psat',
          serial: BigInt(`0x${agent.serial}`).toString(),
          expiresAt: seconds(agent.notAfter),
          banned: agent.standing === 'banned',
          version: spireVersion,
        },
        wanted,
      )
    return message(each(1, page.items, encode), text(2, page.nextToken))
  },
  '/spire.api.server.bundle.v1.Bundle/GetBundle': (state) => encodeBundle(bundleOf(state)),
  // The trust domain federates with no other.
  '/spire.api.server.bundle.v1.Bundle/ListFederatedBundles': () => message(),
  '/spire.api.server.trustdomain.v1.TrustDomain/ListFederationRelationships': () => message(),
  '/spire.api.server.localauthority.v1.LocalAuthority/GetX509AuthorityState': ({ world }) => {
    const roots = world.authority.roots()
    const first = (...statuses: readonly string[]): WireAuthority | null => {
      const root = roots.find(({ status }) => statuses.includes(status))
      return root === undefined ? null : { id: root.id, expiresAt: seconds(root.notAfter) }
    }
    return encodeAuthorities({ active: first('active'), prepared: first('prepared'), old: first('old', 'tainted') })
  },
  '/spire.api.server.localauthority.v1.LocalAuthority/GetJWTAuthorityState': ({ world }) => {
    const [active = null, old = null] = world.authority
      .jwtKeys()
      .map(({ keyId, notAfter }) => ({ id: keyId, expiresAt: seconds(notAfter) }))
    return encodeAuthorities({ active, prepared: null, old })
  },
}

function bundleOf({ world, sequenceNumber }: SpireState): WireBundle {
  const { authority } = world
  const tainted = new Set(
    authority.roots().flatMap(({ certificate, status }) => (status === 'tainted' ? fingerprint(certificate) : [])),
  )
  return {
    trustDomain: authority.trustDomain,
    x509: certificatesIn(authority.bundle()).map((certificate) => ({
      der: certificate.raw,
      tainted: tainted.has(certificate.fingerprint256),
    })),
    jwt: authority.jwtKeys().map(({ keyId, publicKeyDer, notAfter }) => ({
      publicKey: publicKeyDer,
      keyId,
      expiresAt: seconds(notAfter),
    })),
    sequenceNumber: sequenceNumber(),
  }
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}

function fingerprint(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256
}

/** `page_size` is field `number`, `page_token` the one after it. */
function pageOf<Item>(
  all: readonly Item[],
  request: Fields,
  number: number,
): { readonly items: readonly Item[]; readonly nextToken: string } {
  const [size, token] = [request.get(number), request.get(number + 1)]
  const from = token instanceof Uint8Array ? Number(new TextDecoder().decode(token)) : 0
  if (!Number.isSafeInteger(from) || from < 0) throw new GrpcStatus(codes.invalidArgument, 'could not parse token')
  const to = typeof size === 'number' && size > 0 ? from + size : all.length
  return { items: all.slice(from, to), nextToken: to < all.length ? String(to) : '' }
}

function seconds(at: number): number {
  return Math.floor(at / 1000)
}
