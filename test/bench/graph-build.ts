import {
  buildGraph,
  type GraphBuild,
  type GraphSettings,
  startGraph,
  updateGraph,
} from '../../shared/domain/graph/build.ts'
import { graphView } from '../../shared/domain/graph/view.ts'
import type { ScopeState } from '../../shared/domain/model/fact.ts'
import { spiffe } from '../builders/facts.ts'
import { largePipeline } from '../builders/pipeline.ts'
import { vaultHolder, vaultLease, vaultScopes } from '../builders/vault-facts.ts'
import { type BenchRow, within } from './row.ts'

const workloads = 5_000
const hops = 25_000
const leases = 50_000
const rounds = 7

/** Builds the large graph from facts, changes one scope of each kind, and cuts a view; the middle of several rounds. */
export async function run(): Promise<BenchRow[]> {
  const pipeline = largePipeline(workloads, hops)
  const settings: GraphSettings = {
    environment: 'bench',
    intent: pipeline.intent,
    windowSeconds: 60,
    bundleStaleAfterSeconds: null,
  }
  let built: GraphBuild = startGraph(settings, pipeline.scopes, pipeline.now)
  const whole = await middle(() => {
    built = startGraph(settings, pipeline.scopes, pipeline.now)
  })
  const rows = [within('build 5,000 workloads and 25,000 hops from facts', whole, 'ms', 500)]
  let now = pipeline.now
  for (const id of [
    'envoy/w-02500/counters',
    'envoy/w-02500/secrets',
    'envoy/w-02500/listeners',
    'envoy/w-02500/clusters',
    'logs/w-02500-access/activity',
    'opa/opa-25/status',
    'spire/spire/entries',
  ]) {
    const known = pipeline.scopes.find((state) => state.scope === id)
    if (known === undefined) throw new Error(`the large pipeline has no scope ${id}`)
    const took = await middle(() => {
      now += 1
      built = updateGraph(built, [readAgain(known, now)], now)
    })
    rows.push(within(`one changed scope: ${id}`, took, 'ms', 50))
  }
  const again = await middle(() => {
    now += 1
    built = updateGraph(built, [], now)
  })
  rows.push(within('a second passed, nothing changed', again, 'ms', 50))
  const view = await middle(() => {
    graphView(built.graph, { filter: '', grouping: 'auto', focus: { open: [], selected: null } }, 1)
  })
  rows.push(within('grouped view of it', view, 'ms', 200))
  rows.push(await oneLease())
  const update = rows[1]?.value ?? Number.NaN
  const wholeAgain = await middle(() => {
    buildGraph(settings, pipeline.scopes, now)
  })
  rows.push({
    name: 'one changed scope against building everything',
    value: update,
    unit: 'ms',
    comparedWith: { name: 'whole build in the same run', value: wholeAgain },
    ratio: wholeAgain / update,
  })
  return rows
}

/** An audit log that tells of one lease anew, among as many as are held of a log. */
async function oneLease(): Promise<BenchRow> {
  const pipeline = largePipeline(1_000, 5_000)
  const holders = pipeline.workloads.map(({ name, namespace }) => vaultHolder(spiffe(name, namespace)))
  const held = Array.from({ length: leases }, (_, place) =>
    vaultLease(`l${place}`, holders[place % holders.length] ?? null),
  )
  const scopes = vaultScopes(held)
  const settings: GraphSettings = {
    environment: 'bench',
    intent: pipeline.intent,
    windowSeconds: 60,
    bundleStaleAfterSeconds: null,
  }
  let built = startGraph(settings, [...pipeline.scopes, ...scopes], pipeline.now)
  const known = scopes.find((state) => state.facts.length >= leases)
  if (known === undefined) throw new Error('no scope has all leases')
  let now = pipeline.now
  let { facts } = known
  let round = 0
  const took = await middle(() => {
    now += 1
    round += 1
    // The line that renews it is told of, too; all other facts are the same objects.
    const renewed = leases / 2 + round
    facts = facts.map((fact, place) => {
      if (fact.kind === 'vault-audit') return { ...fact, newestAt: now, from: { ...fact.from, observedAt: now } }
      if (place !== renewed || fact.kind !== 'vault-lease' || fact.expiresAt === null) return fact
      return { ...fact, expiresAt: fact.expiresAt + 1_000, lastRenewedAt: now, from: { ...fact.from, observedAt: now } }
    })
    built = updateGraph(built, [{ ...known, facts, readAt: now, triedAt: now }], now)
  })
  return within('one lease of 50,000 in an audit log, 1,000 workloads', took, 'ms', 50)
}

/** The same content, read again: every fact is a new object with a new time. */
function readAgain(state: ScopeState, at: number): ScopeState {
  return {
    ...state,
    readAt: at,
    triedAt: at,
    facts: state.facts.map((fact) => ({ ...fact, from: { ...fact.from, observedAt: at } })),
  }
}

/** The middle of several rounds, after one that is not counted. Lets other work happen between the rounds. */
async function middle(work: () => void): Promise<number> {
  const took: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const from = performance.now()
    work()
    if (round > 0) took.push(performance.now() - from)
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return took.toSorted((a, b) => a - b)[Math.floor(took.length / 2)] ?? Number.NaN
}
