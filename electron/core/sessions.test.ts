import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import { connectorsFrom, deadPorts, loadedEnvironment } from '../../test/builders/core-parts.ts'
import { builtAt } from '../../test/builders/facts.ts'
import { plainInput } from '../../test/builders/graph-parts.ts'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { smallPipeline } from '../../test/builders/pipeline.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { openLastKnown } from '../platform/state-facts.ts'
import type { EnvironmentRegistry } from './environments.ts'
import { createFactStore } from './fact-store.ts'
import { bindGraphModel } from './graph-model.ts'
import { keepLastKnown } from './last-known.ts'
import { createSessions } from './sessions.ts'

const quiet = { info() {}, warn() {}, error() {} }

/** An environment with the sources of the small pipeline. */
function environment() {
  const { scopes, intent } = smallPipeline()
  const instances = (kind: string) => [
    ...new Set(scopes.map(({ scope }) => scope.split('/')).flatMap(([of, id = '']) => (of === kind ? [id] : []))),
  ]
  const sources = {
    envoy: instances('envoy').map((id) => ({ id, admin: 'http://127.0.0.1:1' })),
    opa: instances('opa').map((id) => ({ id, api: 'http://127.0.0.1:1' })),
    spire: instances('spire').map((id) => ({ id, socket: 'nothing.sock', trustDomain: 'pipeline.example' })),
    logs: instances('logs').map((id) => ({ id, record: 'envoy-access', file: 'nothing' })),
  }
  const loaded = loadedEnvironment({ sources })
  return { ...loaded, intent: { ...loaded.intent, intent } }
}

/** One run of Everyhop on what is kept in `folder`; its sources say nothing, ever. */
function startSilent(folder: string) {
  const clock = createManualClock(builtAt + 60_000)
  const loaded = environment()
  const registry: EnvironmentRegistry = {
    ready: async () => {},
    summaries: () => [],
    get: () => loaded,
    subscribe: () => () => {},
  }
  const silent = connectorsFrom(async function* (_instance, _ports, signal) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    yield* []
  })
  const sessions = createSessions(registry, silent, deadPorts(clock), bindGraphModel, undefined, (name) =>
    openLastKnown({ path: join(folder, `${name}.sqlite`), mark: 'one', now: () => clock.now(), log: quiet }),
  )
  return { clock, sessions }
}

/** What an earlier run left. */
async function kept(states: readonly ScopeState[]): Promise<string> {
  const folder = await temporaryFolder()
  const disk = openLastKnown({ path: join(folder, 'lab.sqlite'), mark: 'one', now: () => builtAt, log: quiet })
  const store = createFactStore((work) => work())
  const keeper = keepLastKnown(store, disk, createManualClock(builtAt), quiet)
  for (const { scope, facts, gaps, readAt } of states) store.accept({ scope, at: readAt ?? builtAt, facts, gaps })
  keeper.stop()
  return folder
}

test('the first view after a start shows what was last known, before any source has answered', async () => {
  const { scopes, workloads } = smallPipeline()
  const folder = await kept(scopes)
  const { sessions } = startSilent(folder)
  expect(sessions.isRead('lab')).toBe(false)
  const session = await sessions.use('lab')
  expect(sessions.isRead('lab')).toBe(true)
  const view = session.keeper.view({ ...plainInput, environment: 'lab' })
  expect(view.nodes.length).toBeGreaterThanOrEqual(workloads.length)
  expect(view.lastKnown).toMatchObject({ scopes: scopes.length, of: scopes.length })
  expect(view.counts.workloads.verified + view.counts.transport.verified + view.counts.authorisation.allowing).toBe(0)
  expect(session.observation.health().every(({ pending, configured }) => pending === configured)).toBe(true)
  sessions.stop()
  // A run in which nothing was read loses nothing of what was known before it.
  const again = startSilent(folder)
  expect((await again.sessions.use('lab')).keeper.view(plainInput).lastKnown).toMatchObject({ scopes: scopes.length })
  again.sessions.stop()
})

test('facts that make no graph are given up, and the environment opens without them', async () => {
  const [first] = smallPipeline().scopes
  const facts = first?.facts.map(({ kind, id, from }) => ({ kind, id, from })) ?? []
  const folder = await temporaryFolder()
  const disk = openLastKnown({ path: join(folder, 'lab.sqlite'), mark: 'one', now: () => builtAt, log: quiet })
  // Without their fields, as no version writes them; only a defect of ours could.
  const hollow: unknown = { ...first, facts }
  disk.save([hollow as ScopeState], [])
  disk.close()
  const { sessions } = startSilent(folder)
  const session = await sessions.use('lab')
  expect(session.keeper.view(plainInput).environment).toBe('lab')
  sessions.stop()
})
