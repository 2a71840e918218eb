import { expect, test } from 'vitest'
import type { VaultSource } from '../../shared/domain/model/environment.ts'
import type { Report } from '../../shared/domain/model/fact.ts'
import type { VaultAuditFact } from '../../shared/domain/model/vault-facts.ts'
import { fakeCluster, vaultPod } from '../../test/builders/cluster-parts.ts'
import { loadedEnvironment, type Observe } from '../../test/builders/core-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { startObservation } from './observation.ts'
import type { Connector, ConnectorPorts, LogStream, VaultLog } from './ports.ts'
import { testSources } from './source-tests.ts'

const account = { cluster: 'c', namespace: 'console', serviceAccount: 'everyhop' }
const signIn = { kubernetes: { role: 'everyhop', from: account } }
const inCluster = { id: 'vault', cluster: 'c', signIn }

function audit(log: string): VaultAuditFact {
  const from = { source: 'logs', instance: log, locator: 'x', observedAt: 0, basis: 'measured' } as const
  const counts = { lines: 0, refusedLines: 0, heldLeases: 0, droppedLeases: 0 }
  const id = `logs/${log}/activity#vault-audit/vault`
  return { kind: 'vault-audit', id, from, vault: 'vault', log, since: null, newestAt: null, ...counts }
}

function start(sources: Record<string, unknown>) {
  const clock = createManualClock()
  const asked: { source: VaultSource; ports: ConnectorPorts }[] = []
  const streams: LogStream[] = []
  let signedOut = 0
  const silent: Observe = async function* (instance, _ports, signal) {
    yield { scope: `logs/${instance}/intake`, at: 0, facts: [], gaps: [] }
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
  const cluster = fakeCluster(clock, silent)
  const vault: Connector<VaultSource> = {
    ...cluster.connectors.vault,
    async *observe(source, _settings, ports, signal) {
      asked.push({ source, ports })
      await ports.dial({ kind: 'tcp', host: 'vault', port: 8200 }, signal)
      yield { scope: `vault/${source.id}/server`, at: clock.now(), facts: [], gaps: [] }
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      await Promise.resolve()
      signedOut += 1
    },
  }
  const connectors = {
    ...cluster.connectors,
    vault,
    logs: {
      ...cluster.connectors.logs,
      observeStream: async function* (stream: LogStream, _settings: unknown, _ports: unknown, signal: AbortSignal) {
        streams.push(stream)
        yield { scope: `logs/${stream.id}/activity`, at: 0, facts: [audit(stream.id)], gaps: [] }
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      },
    },
  }
  const loaded = loadedEnvironment({ sources: { kubernetes: [{ id: 'c' }], ...sources } })
  const observation = startObservation(loaded, connectors, cluster.ports)
  const show = async (...pods: Parameters<typeof vaultPod>[]) => {
    cluster.show(pods.map((parts) => vaultPod(...parts)))
    await clock.advance(1000)
  }
  return { clock, cluster, asked, streams, observation, show, signedOut: () => signedOut }
}

test('a Vault in a cluster is dialled where it is ready, with the tokens of that cluster, and its pods’ logs are its audit log', async () => {
  const on = start({ vault: [inCluster] })
  await on.show(['vault-0', { ready: false }], ['vault-1'])
  expect(on.cluster.dialled).toContain('vault/vault-1:8200')
  const [first] = on.asked
  expect(first?.source.address).toBe('http://vault:8200')
  expect(first?.ports.place).toBe('vault in cluster c')
  expect(await first?.ports.serviceAccounts?.token(account, null, new AbortController().signal)).toBe('token')
  expect(on.streams.map(({ record, writtenBy }) => [record, writtenBy])).toEqual([
    ['vault-audit', 'vault'],
    ['vault-audit', 'vault'],
  ])
  // What the logs told is there for whoever looks leases up.
  expect(first?.ports.vaultLog?.told('vault').map(({ kind }) => kind)).toEqual(['vault-audit', 'vault-audit'])
  expect(first?.ports.vaultLog?.told('other')).toEqual([])
  on.observation.stop()
  await on.observation.ended()
  expect(on.signedOut()).toBe(1)
})

test('with a name in its certificate, or an authority, it is asked over TLS inside of the port-forward', async () => {
  const on = start({ vault: [{ ...inCluster, serverName: 'vault.vault.svc' }] })
  await on.show(['vault-0'])
  expect(on.asked[0]?.source.address).toBe('https://vault.vault.svc:8200')
  on.observation.stop()
})

test('a Vault that is found and that nobody says how to sign in to is a gap that says so, and is not dialled', async () => {
  const on = start({})
  await on.show(['vault-0'])
  expect(on.observation.store.states.get('vault/vault.vault.vault-0.vault/server')?.gaps).toMatchObject([
    { what: 'sign-in', reason: 'not-configured', detail: expect.stringContaining('docs/rights/vault.md') },
  ])
  expect(on.cluster.dialled).toEqual([])
  on.observation.stop()
})

test('by address it is asked as it is, on no detour', async () => {
  const on = start({ vault: [{ id: 'vault', address: 'https://vault.example:8200', signIn: { tokenFile: 'token' } }] })
  await on.clock.advance(100)
  expect(on.asked[0]?.source).toMatchObject({ address: 'https://vault.example:8200', lookupsPerMinute: 30 })
  expect(on.asked[0]?.ports.place).toBeUndefined()
  on.observation.stop()
})

/** What a Vault is handed when its sources are tested, with logs that tell of this many lines; null: they may not be read. */
async function handed(sources: Record<string, unknown>, lines: number | null) {
  const clock = createManualClock()
  const { connectors, ports, show } = fakeCluster(clock, async function* () {})
  show([vaultPod('vault-0')])
  const logs: VaultLog[] = []
  const tell = async function* (instance: string): AsyncGenerator<Report> {
    const gap = { source: 'logs', instance, what: 'log', reason: 'forbidden', detail: 'not for you', at: 0 } as const
    const isRead = lines !== null
    const facts = isRead ? [{ ...audit(instance), lines }] : null
    yield { scope: `logs/${instance}/activity`, at: 0, facts, gaps: isRead ? [] : [gap] }
    await clock.advance(2000)
  }
  const vault: Connector<VaultSource> = {
    ...connectors.vault,
    test: async (source, settings, own, signal) => {
      if (own.vaultLog !== undefined) logs.push(own.vaultLog)
      return connectors.vault.test(source, settings, own, signal)
    },
  }
  const observeStream = (stream: LogStream) => tell(stream.id)
  const logConnector = {
    ...connectors.logs,
    observe: ({ id }: { id: string }) => tell(id),
    observeStream,
  }
  const loaded = loadedEnvironment({ sources })
  const parts = {
    connectors: { ...connectors, vault, logs: logConnector },
    ports,
  }
  await testSources(loaded, parts, new AbortController().signal)
  return logs.map((log) => ({ told: log.told('vault').map(({ id }) => id), unread: log.unread }))
}

const direct = { id: 'vault', address: 'https://vault.example:8200', signIn: { tokenFile: 'token' } }
const file = { id: 'a', record: 'vault-audit', file: 'audit.log', writtenBy: 'vault' }

test.each([
  ['without any log', { vault: [direct] }, 1, { told: [], unread: [] }],
  ['with a file', { vault: [direct], logs: [file] }, 1, { told: ['logs/a/activity#vault-audit/vault'], unread: [] }],
  [
    'with the file of another',
    { vault: [direct], logs: [{ ...file, writtenBy: 'other' }] },
    1,
    { told: [], unread: [] },
  ],
  ['with a file that may not be read', { vault: [direct], logs: [file] }, null, { told: [], unread: ['not for you'] }],
  [
    'in a cluster, whose pod tells nothing',
    { kubernetes: [{ id: 'c' }], vault: [inCluster] },
    0,
    { told: [expect.stringMatching(/^logs\/vault\..*#vault-audit\/vault$/)], unread: [] },
  ],
  [
    'in a cluster, whose pod’s log may not be read',
    { kubernetes: [{ id: 'c' }], vault: [inCluster] },
    null,
    { told: [], unread: ['not for you'] },
  ],
])('a Vault %s is tested with what its audit log tells now', async (_name, sources, lines, expected) => {
  expect(await handed(sources, lines)).toEqual([expected])
})
