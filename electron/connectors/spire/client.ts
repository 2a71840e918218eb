import { type Client, Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import type { OpenConnection } from './connect.ts'
import { SpireFailure } from './failure.ts'
import { Agent } from './gen/agent_pb.ts'
import { Bundle } from './gen/bundle_pb.ts'
import { Debug } from './gen/debug_pb.ts'
import { Entry } from './gen/entry_pb.ts'
import { Health } from './gen/health_pb.ts'
import { LocalAuthority } from './gen/localauthority_pb.ts'
import { TrustDomain } from './gen/trustdomain_pb.ts'
import { longestAnswer } from './unary-stream.ts'

/** Everything that may be asked. Reading only: no method that mints, changes or deletes is ever called. */
export const methods = {
  health: 'grpc.health.v1.Health/Check',
  info: 'spire.api.server.debug.v1.Debug/GetInfo',
  entries: 'spire.api.server.entry.v1.Entry/ListEntries',
  agents: 'spire.api.server.agent.v1.Agent/ListAgents',
  bundle: 'spire.api.server.bundle.v1.Bundle/GetBundle',
  federated: 'spire.api.server.bundle.v1.Bundle/ListFederatedBundles',
  federation: 'spire.api.server.trustdomain.v1.TrustDomain/ListFederationRelationships',
  x509Authorities: 'spire.api.server.localauthority.v1.LocalAuthority/GetX509AuthorityState',
  jwtAuthorities: 'spire.api.server.localauthority.v1.LocalAuthority/GetJWTAuthorityState',
} as const

const allowed: ReadonlySet<string> = new Set(Object.values(methods))

/** For one call; pages are calls of their own. */
export const deadlineMs = 3000
const pageSize = 500
/** 500,000 items. A server that gives more is not believed. */
const mostPages = 1000

/** What a call needs: it takes a token of the request budget, then it has `deadlineMs`. */
export interface Asking {
  readonly signal: AbortSignal
  budget(signal: AbortSignal): Promise<void>
  /** The server said that it is asked too much. */
  holdOff(): void
}

export interface SpireClient {
  readonly health: Client<typeof Health>
  readonly debug: Client<typeof Debug>
  readonly entry: Client<typeof Entry>
  readonly agent: Client<typeof Agent>
  readonly bundle: Client<typeof Bundle>
  readonly trustDomain: Client<typeof TrustDomain>
  readonly localAuthority: Client<typeof LocalAuthority>
}

export function spireClient(connection: OpenConnection): SpireClient {
  const transport = createGrpcTransport({
    baseUrl: connection.baseUrl,
    sessionManager: connection.sessions,
    interceptors: [onlyAllowed],
    readMaxBytes: longestAnswer,
  })
  return {
    health: createClient(Health, transport),
    debug: createClient(Debug, transport),
    entry: createClient(Entry, transport),
    agent: createClient(Agent, transport),
    bundle: createClient(Bundle, transport),
    trustDomain: createClient(TrustDomain, transport),
    localAuthority: createClient(LocalAuthority, transport),
  }
}

/** The last line before the wire: what is not on the list is not sent. */
export const onlyAllowed: Interceptor = (next) => (request) => {
  assertAllowed(`${request.service.typeName}/${request.method.name}`)
  return next(request)
}

export function assertAllowed(method: string): void {
  if (!allowed.has(method)) throw new SpireFailure('unsupported', `${method} is not on the list of what Everyhop asks`)
}

export interface CallSettings {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** One call within the budget and the deadline. */
export async function ask<Answer>(asking: Asking, call: (settings: CallSettings) => Promise<Answer>): Promise<Answer> {
  await asking.budget(asking.signal)
  try {
    return await call({ signal: asking.signal, timeoutMs: deadlineMs })
  } catch (thrown) {
    // SPIRE limits the rate of some methods; gRPC has no header that says for how long.
    if (thrown instanceof ConnectError && thrown.code === Code.ResourceExhausted) asking.holdOff()
    throw thrown
  }
}

/** All pages of a list. Throws SpireFailure when the server does not come to an end. */
export async function askPages<Item>(
  asking: Asking,
  call: (
    page: { readonly pageSize: number; readonly pageToken: string },
    settings: CallSettings,
  ) => Promise<{ readonly items: readonly Item[]; readonly nextPageToken: string }>,
): Promise<readonly Item[]> {
  const items: Item[] = []
  const tokens = new Set<string>()
  let pageToken = ''
  for (;;) {
    const page = await ask(asking, (settings) => call({ pageSize, pageToken }, settings))
    for (const item of page.items) items.push(item)
    if (page.nextPageToken === '') return items
    if (tokens.has(page.nextPageToken) || tokens.size >= mostPages) {
      throw new SpireFailure(
        'invalid',
        `the list does not end: page token ${page.nextPageToken} after ${items.length} items`,
      )
    }
    tokens.add(page.nextPageToken)
    pageToken = page.nextPageToken
  }
}
