import type { Fact, Gap, Report, ScopeId } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { type Asking, ask, askPages, deadlineMs, methods, type SpireClient } from './client.ts'
import type { OpenConnection } from './connect.ts'
import { failureOf, gapOf, SpireFailure } from './failure.ts'
import {
  agentFact,
  authorityFacts,
  bundleFact,
  entryFact,
  type Origin,
  relationshipFact,
  serverFact,
} from './translate.ts'
import {
  agentWire,
  authorityStateWire,
  bundleWire,
  entryWire,
  relationshipWire,
  type Understood,
  understand,
} from './wire.ts'

/** What one part of a reading needs to know. */
export interface Reading {
  readonly client: SpireClient
  readonly asking: Asking
  readonly instance: string
  readonly trustDomain: string
  readonly ownSvidNotAfter: EpochMs | null
  /** Words when the own SVID runs out soon. */
  readonly ownSvidWarning: string | null
  readonly connection: Pick<OpenConnection, 'brokenBy' | 'isOpen'>
  now(): EpochMs
}

/** One scope: what it is called when it is missing, what is asked, and how the answer is read. */
export interface Part {
  readonly name: string
  readonly what: string
  readonly asks: readonly string[]
  read(reading: Reading): Promise<Result>
}

/** Facts of a scope, with problems in words that did not stop the others from being read. */
interface Result {
  readonly facts: readonly Fact[]
  readonly gaps: readonly Gap[]
}

export const parts: readonly Part[] = [
  { name: 'server', what: 'server', asks: [methods.health], read: readServer },
  { name: 'entries', what: 'registration-entries', asks: [methods.entries], read: readEntries },
  { name: 'agents', what: 'agents', asks: [methods.agents], read: readAgents },
  { name: 'bundle', what: 'trust-bundle', asks: [methods.bundle], read: readBundle },
  { name: 'federated', what: 'federated-bundles', asks: [methods.federated], read: readFederated },
  {
    name: 'authorities',
    what: 'authorities',
    asks: [methods.x509Authorities, methods.jwtAuthorities],
    read: readAuthorities,
  },
  { name: 'federation', what: 'federation-relationships', asks: [methods.federation], read: readFederation },
]

export function scopeOf(instance: string, part: Part): ScopeId {
  return `spire/${instance}/${part.name}`
}

/** Never throws for what the server does; rethrows only when the whole observation was stopped. */
export async function readPart(
  part: Part,
  reading: Reading,
): Promise<{ report: Report; failure: SpireFailure | null }> {
  const scope = scopeOf(reading.instance, part)
  try {
    const { facts, gaps } = await part.read(reading)
    return { report: { scope, at: reading.now(), facts, gaps }, failure: null }
  } catch (thrown) {
    reading.asking.signal.throwIfAborted()
    const failure = await withCause(inWords(thrown, part.asks.join(', ')), part, reading)
    return { report: unread(reading.instance, part, failure, reading.now()), failure }
  }
}

export function unread(instance: string, part: Part, failure: SpireFailure, at: EpochMs): Report {
  return { scope: scopeOf(instance, part), at, facts: null, gaps: [gapOf(instance, part.what, failure, at)] }
}

/** A TLS alert ends the connection, and each call on it only says that it was cancelled. */
async function withCause(failure: SpireFailure, part: Part, reading: Reading): Promise<SpireFailure> {
  if (failure.reason !== 'unreachable') return failure
  // The connection's own error is told after those of the calls.
  await new Promise((resolve) => setImmediate(resolve))
  const asked = part.asks.join(', ')
  const cause = reading.connection.brokenBy()
  if (cause !== null) return failureOf(cause, asked)
  if (reading.connection.isOpen()) return failure
  return new SpireFailure('unreachable', `${asked}: the server closed the connection before it answered`)
}

function inWords(thrown: unknown, asked: string): SpireFailure {
  const failure = failureOf(thrown, asked)
  if (failure.reason !== 'timed-out') return failure
  return new SpireFailure('timed-out', `${asked}: no answer within ${deadlineMs / 1000} s`)
}

/**
 * The health service exists on the local socket only; over TCP its UNIMPLEMENTED still proves a server that answers,
 * and a caller whose certificate it took. Whether it is serving is then not known.
 */
async function readServer(reading: Reading): Promise<Result> {
  const at = reading.now()
  const serving = await ask(reading.asking, (settings) => reading.client.health.check({}, settings)).then(
    (answer) => answer.status === 1,
    (thrown: unknown) => {
      const failure = failureOf(thrown, methods.health)
      if (failure.reason === 'unsupported') return null
      throw failure
    },
  )
  const { trustDomain, ownSvidNotAfter, ownSvidWarning, instance } = reading
  const gaps =
    ownSvidWarning === null
      ? []
      : [gapOf(instance, 'own-svid-expiring', new SpireFailure('forbidden', ownSvidWarning), at)]
  return {
    facts: [serverFact(originOf(reading, 'server', methods.health), { trustDomain, serving, ownSvidNotAfter })],
    gaps,
  }
}

async function readEntries(reading: Reading): Promise<Result> {
  const found = await askPages(reading.asking, async (page, settings) => {
    const answer = await reading.client.entry.listEntries(page, settings)
    return { items: answer.entries, nextPageToken: answer.nextPageToken }
  })
  const origin = originOf(reading, 'entries', methods.entries)
  return translated(reading, 'registration-entries', understand(entryWire, found, 'entry'), (entry) =>
    entryFact(origin, entry),
  )
}

async function readAgents(reading: Reading): Promise<Result> {
  const outputMask = {
    attestationType: true,
    x509svidSerialNumber: true,
    x509svidExpiresAt: true,
    banned: true,
    canReattest: true,
    agentVersion: true,
  }
  const found = await askPages(reading.asking, async (page, settings) => {
    const answer = await reading.client.agent.listAgents({ ...page, outputMask }, settings)
    return { items: answer.agents, nextPageToken: answer.nextPageToken }
  })
  const origin = originOf(reading, 'agents', methods.agents)
  return translated(reading, 'agents', understand(agentWire, found, 'agent'), (agent) => agentFact(origin, agent))
}

async function readBundle(reading: Reading): Promise<Result> {
  const answer = await ask(reading.asking, (settings) => reading.client.bundle.getBundle({}, settings))
  const understood = understand(bundleWire, [answer], 'bundle')
  const [bundle] = understood.items
  if (bundle === undefined) throw new SpireFailure('invalid', understood.problems.join('; '))
  const { fact, problems } = bundleFact(originOf(reading, 'bundle', methods.bundle), 'own', bundle)
  const gaps = problemGaps(reading, 'trust-bundle', problems)
  if (bundle.trustDomain !== reading.trustDomain) {
    const words = `the server is of trust domain ${bundle.trustDomain}, environment.yaml says ${reading.trustDomain}`
    throw new SpireFailure('invalid', words)
  }
  return { facts: [fact], gaps }
}

async function readFederated(reading: Reading): Promise<Result> {
  const found = await askPages(reading.asking, async (page, settings) => {
    const answer = await reading.client.bundle.listFederatedBundles(page, settings)
    return { items: answer.bundles, nextPageToken: answer.nextPageToken }
  })
  const origin = originOf(reading, 'federated', methods.federated)
  const understood = understand(bundleWire, found, 'federated bundle')
  const bundles = understood.items.map((bundle) => bundleFact(origin, 'federated', bundle))
  const problems = [...understood.problems, ...bundles.flatMap((bundle) => bundle.problems)]
  return { facts: bundles.map((bundle) => bundle.fact), gaps: problemGaps(reading, 'federated-bundles', problems) }
}

/** Two calls, one scope. Without the X.509 authorities the scope is unread; without the JWT ones they are a gap of it. */
async function readAuthorities(reading: Reading): Promise<Result> {
  const { localAuthority } = reading.client
  const [x509, jwt] = await Promise.allSettled([
    ask(reading.asking, (settings) => localAuthority.getX509AuthorityState({}, settings)),
    ask(reading.asking, (settings) => localAuthority.getJWTAuthorityState({}, settings)),
  ])
  if (x509.status === 'rejected') throw inWords(x509.reason, methods.x509Authorities)
  const facts = authoritiesOf(reading, 'x509', methods.x509Authorities, x509.value)
  if (jwt.status === 'rejected') {
    reading.asking.signal.throwIfAborted()
    const failure = inWords(jwt.reason, methods.jwtAuthorities)
    return { facts, gaps: [gapOf(reading.instance, 'jwt-authorities', failure, reading.now())] }
  }
  return { facts: [...facts, ...authoritiesOf(reading, 'jwt', methods.jwtAuthorities, jwt.value)], gaps: [] }
}

function authoritiesOf(reading: Reading, kind: 'x509' | 'jwt', method: string, answer: unknown): readonly Fact[] {
  const parsed = authorityStateWire.safeParse(answer)
  if (!parsed.success)
    throw new SpireFailure('invalid', `${method}: ${parsed.error.issues[0]?.message ?? 'not understood'}`)
  return authorityFacts(originOf(reading, 'authorities', method), kind, parsed.data)
}

async function readFederation(reading: Reading): Promise<Result> {
  const outputMask = { bundleEndpointUrl: true, bundleEndpointProfile: true }
  const found = await askPages(reading.asking, async (page, settings) => {
    const answer = await reading.client.trustDomain.listFederationRelationships({ ...page, outputMask }, settings)
    return { items: answer.federationRelationships, nextPageToken: answer.nextPageToken }
  })
  const origin = originOf(reading, 'federation', methods.federation)
  const understood = understand(relationshipWire, found, 'federation relationship')
  return translated(reading, 'federation-relationships', understood, (item) => relationshipFact(origin, item))
}

function translated<Item>(
  reading: Reading,
  what: string,
  understood: Understood<Item>,
  translate: (item: Item) => Fact,
): Result {
  return { facts: understood.items.map(translate), gaps: problemGaps(reading, what, understood.problems) }
}

/** One gap for all problems of a scope: a thousand bad items are one thing to look at. */
function problemGaps(reading: Reading, what: string, problems: readonly string[]): readonly Gap[] {
  if (problems.length === 0) return []
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return [gapOf(reading.instance, what, new SpireFailure('invalid', `${problems[0]}${more}`), reading.now())]
}

function originOf(reading: Reading, name: string, locator: string): Origin {
  const { instance } = reading
  const from = { source: 'spire', instance, locator, observedAt: reading.now(), basis: 'measured' } as const
  return { scope: `spire/${instance}/${name}`, from }
}
