import type { SourceTest } from '../../../shared/contract/environments.ts'
import type { VaultSource } from '../../../shared/domain/model/environment.ts'
import type { Report } from '../../../shared/domain/model/fact.ts'
import type { VaultTokenFact } from '../../../shared/domain/model/vault-facts.ts'
import { vaultRightText } from '../../../shared/domain/model/vault-rights.ts'
import { formatDuration } from '../../../shared/words/durations.ts'
import type { ConnectorPorts, HttpExchange, ObserveSettings } from '../../core/ports.ts'
import { createVaultClient, type VaultClient } from './client.ts'
import { leaseMounts } from './lease-mounts.ts'
import { createVaultMemory, readVault, type VaultMemory, type VaultPart, vaultParts } from './reading.ts'
import { isHeld } from './rights.ts'
import { withSlash } from './settings-reading.ts'
import { createVaultSession } from './sign-in.ts'

type Step = SourceTest['steps'][number]

/** Single look-ups of a test: enough to see that they are allowed. */
const mostLookups = 3

/** Signs in, reads everything once, and signs out again. */
export async function testVault(
  source: VaultSource,
  settings: ObserveSettings,
  ports: ConnectorPorts,
  exchange: HttpExchange,
  signal: AbortSignal,
): Promise<SourceTest> {
  const started = ports.clock.now()
  const client = createVaultClient(source, settings, ports, exchange)
  const session = createVaultSession(source, settings, ports, client)
  const lookupsPerMinute = Math.min(mostLookups, source.lookupsPerMinute)
  const memory = createVaultMemory({ ...source, lookupsPerMinute }, ports.clock.now)
  const reports = new Map<VaultPart, Report>()
  try {
    for await (const report of readVault(source, client, session, memory, ports, signal)) {
      const part = vaultParts.find((one) => report.scope === `vault/${source.id}/${one}`)
      if (part !== undefined) reports.set(part, report)
    }
  } finally {
    await session.end()
  }
  const server = reports.get('server')
  const steps = [
    connectionStep(source, server, client),
    ...identityStep(reports.get('token'), session.words),
    ...vaultParts.map((part) => stepOf(part, reports.get(part))),
    ...lineageStep(reports.get('leases')),
    ...rightSteps(reports, memory),
  ]
  const unread = vaultParts.filter((part) => (reports.get(part)?.facts ?? null) === null)
  const isWhole = steps.every(({ outcome }) => outcome === 'read')
  const [fact] = server?.facts ?? []
  return {
    source: 'vault',
    instance: source.id,
    address: ports.place ?? source.address,
    outcome: isWhole ? 'usable' : unread.length >= vaultParts.length - 1 ? 'unusable' : 'partly',
    version: fact?.kind === 'vault-server' ? fact.version : null,
    tookMs: ports.clock.now() - started,
    steps,
    ...(memory.mounts === null ? {} : { leaseMounts: mountsOf(memory.mounts, source, ports, memory) }),
  }
}

function mountsOf(
  engines: NonNullable<VaultMemory['mounts']>,
  { id, listLeasesOf }: VaultSource,
  { vaultLog }: ConnectorPorts,
  { lookups }: VaultMemory,
): NonNullable<SourceTest['leaseMounts']> {
  return leaseMounts(engines, new Set(listLeasesOf.map(withSlash)), vaultLog?.told(id) ?? [], lookups.walks)
}

const asks: Readonly<Record<VaultPart, string>> = {
  server: 'GET sys/health, sys/seal-status',
  token: 'GET auth/token/lookup-self, POST sys/capabilities-self',
  mounts: 'GET sys/mounts',
  'auth-methods': 'GET sys/auth',
  roles: 'LIST and GET auth/<method>/role, <engine>/roles',
  policies: 'LIST and GET sys/policies/acl',
  entities: 'GET identity/entity/id/<id>',
  leases: 'PUT sys/leases/lookup',
}

function stepOf(part: VaultPart, report: Report | undefined): Step {
  // Leases that nobody tells of have a step of their own.
  const gaps = (report?.gaps ?? []).filter(({ what }) => what !== 'lineage')
  const problem = report === undefined ? 'not asked' : gaps.map(({ detail }) => detail).join('; ')
  if (report === undefined || report.facts === null) {
    return { what: part, locator: asks[part], outcome: gaps[0]?.reason ?? 'unreachable', detail: problem }
  }
  const count = `${report.facts.length} ${report.facts.length === 1 ? 'fact' : 'facts'}`
  const [gap] = gaps
  if (gap !== undefined)
    return { what: gap.what, locator: asks[part], outcome: gap.reason, detail: `${count}; ${problem}` }
  return { what: part, locator: asks[part], outcome: 'read', detail: count }
}

/** Whether anybody tells who holds which lease; nothing where it did not come to that. */
function lineageStep(report: Report | undefined): readonly Step[] {
  const gap = report?.gaps.find(({ what }) => what === 'lineage')
  return gap === undefined
    ? []
    : [{ what: 'lineage', locator: 'sources.logs', outcome: gap.reason, detail: gap.detail }]
}

function connectionStep(source: VaultSource, server: Report | undefined, client: VaultClient): Step {
  const what = 'connection'
  const locator = source.address
  const [gap] = server?.gaps ?? []
  if (server?.facts === null || server === undefined) {
    return { what, locator, outcome: gap?.reason ?? 'unreachable', detail: gap?.detail ?? 'not asked' }
  }
  const tls = client.tls()
  if (tls === null) return { what, locator, outcome: 'read', detail: 'answers in plain HTTP' }
  const by =
    source.caFile === undefined ? "this machine's certificate authorities" : `the authority in ${source.caFile}`
  const until = tls.notAfter === null ? '' : `, valid until ${new Date(tls.notAfter).toISOString()}`
  const detail = `${tls.protocol}, certificate of ${tls.subject || 'no name'} issued by ${tls.issuer || 'no name'}${until}, verified by ${by}`
  return { what, locator, outcome: 'read', detail }
}

function identityStep(report: Report | undefined, words: string): readonly Step[] {
  const token = tokenIn(report)
  if (token === null) return []
  const policies = token.policies.length === 0 ? 'no policy' : `policies ${token.policies.join(', ')}`
  const until =
    token.expiresAt === null
      ? 'does not expire'
      : `ends ${new Date(token.expiresAt).toISOString()}, TTL ${formatDuration(token.expiresAt - token.from.observedAt)}, ${token.renewable ? 'renewable' : 'not renewable'}`
  const detail = `${token.displayName} by ${words}; ${policies}; ${until}`
  return [{ what: 'identity', locator: 'GET auth/token/lookup-self', outcome: 'read', detail }]
}

/**
 * Rights that are missing: all that Vault says the token does not have, also those that nothing was there to be read with yet.
 * Where it does not say that, those of what was refused.
 */
function rightSteps(reports: ReadonlyMap<VaultPart, Report>, memory: VaultMemory): readonly Step[] {
  const token = tokenIn(reports.get('token'))
  const gaps = [...reports.values()].flatMap((report) => report.gaps)
  const isTold = token !== null && !gaps.some(({ what }) => what === 'capabilities')
  const refused = new Set(gaps.flatMap(({ what, reason }) => (reason === 'forbidden' ? what : [])))
  // It was not asked about its rights then, and would be next.
  if (refused.has('token')) refused.add('capabilities')
  return memory.rights
    .filter((right) => (isTold ? !isHeld(right, token.capabilities[right.asked]) : refused.has(right.what)))
    .map((right) => ({
      what: right.what,
      locator: vaultRightText(right),
      outcome: 'forbidden',
      detail: `the token ${isTold ? 'may not' : 'may lack a right to'} ${right.capabilities.join(' with ')} ${right.path}`,
    }))
}

function tokenIn(report: Report | undefined): VaultTokenFact | null {
  const fact = report?.facts?.find((one) => one.kind === 'vault-token')
  return fact?.kind === 'vault-token' ? fact : null
}
