import type { LiveEvent } from '../../shared/contract/live.ts'
import type { RefusedInput } from '../../shared/contract/logs.ts'
import type { SecretsState } from '../../shared/contract/secrets.ts'
import { defaultSettings } from '../../shared/contract/settings.ts'
import { searchGraph } from '../../shared/domain/graph/search.ts'
import type { Fact } from '../../shared/domain/model/fact.ts'
import type { GraphView } from '../../shared/domain/model/view.ts'
import type { Client } from '../api/client.ts'
import { diagnosisFixture } from './fixture-diagnosis.ts'
import {
  contextsFixture,
  notKeptFixture,
  proposalFixture,
  questionFixture,
  roleFixture,
  testingFixture,
} from './fixture-environments.ts'
import { evidenceFixture } from './fixture-evidence.ts'
import { historyFixture, pastViewOf } from './fixture-history.ts'
import { largeFixture } from './fixture-large.ts'
import { playgroundFixture } from './fixture-playground.ts'
import { policyFixture } from './fixture-policy.ts'
import { refusedAnswer } from './fixture-refused.ts'
import { type Fixture, labFixture, troubledFixture } from './fixture-view.ts'

/** Which invented situation the development page shows: `dev.html?show=…`. */
export type Situation =
  | 'lab'
  | 'troubled'
  | 'large'
  | 'none'
  | 'empty'
  | 'loading'
  | 'gone'
  | 'broken'
  | 'last-known'
  | 'locked'
  | 'playground'
  | 'asks'

/** A client that answers from invented data, so that the screen can be looked at without a service. */
export function createFixtureClient(situation: Situation): Client {
  const moment = { now: Date.now() }
  const make = (open: readonly string[]): Fixture =>
    situation === 'large'
      ? largeFixture(moment, open)
      : situation === 'lab'
        ? labFixture(moment)
        : troubledFixture(moment)
  let fixture = make([])
  const fails = () => Promise.reject(new Error('connection refused'))
  const answers = {
    system: {
      info: async () => ({
        version: '0.1.0',
        host: 'web',
        home: '~/.config/everyhop',
        notKept: situation === 'asks' ? notKeptFixture : null,
      }),
    },
    shell: {
      can: async () => ({ chooseFile: situation === 'asks' }),
      chooseFile: async () => ({ path: '/etc/everyhop/chosen.pem' }),
    },
    environments: {
      list: async () =>
        situation === 'none'
          ? []
          : [
              {
                name: situation === 'playground' ? 'playground' : 'lab',
                production: situation === 'troubled',
                playground: situation === 'playground',
                file: '~/.config/everyhop/lab/environment.yaml',
                problem:
                  situation === 'broken'
                    ? { message: 'sources.envoy[2].admin: expected an http address', line: 14, column: 7 }
                    : null,
                sourceCounts: {},
              },
            ],
      test: async () => [],
      testing: async () => testingFixture(),
      contexts: async () => contextsFixture,
      propose: async () => proposalFixture,
      programs: async () => (situation === 'asks' ? [questionFixture] : []),
      allowProgram: async () => [],
      preview: async () => ({ environment: 'preview.1', until: moment.now + 180_000 }),
      forget: async () => ({ forgotten: true }),
      role: async () => roleFixture,
      read: async () => ({ draft: proposalFixture.draft, file: 'environment.yaml', version: '1' }),
      save: async () => ({ environment: 'lab', file: 'environment.yaml' }),
      remove: async () => ({ movedTo: 'lab.yaml.removed' }),
      health: async () => healthOf(situation, fixture),
    },
    graph: {
      view: async (input: { filter?: string; at?: number | null; focus?: { open?: string[] } }) => {
        fixture = make(input.focus?.open ?? [])
        const view = filtered(viewOf(situation, fixture), input.filter ?? '')
        return input.at === null || input.at === undefined ? view : pastViewOf(view, input.at, moment.now)
      },
      changes: async () => ({ type: 'whole', view: { ...fixture.view, revision: 2 } }),
      workload: async ({ id }: { id: string }) => {
        const workload = fixture.workloads.find((item) => item.id === id)
        if (workload === undefined) return fails()
        const hops = fixture.hops.filter((item) => item.from === id || item.to === id)
        return { asOf: moment.now, workload, hops, facts: factsOf(fixture, moment.now) }
      },
      control: async ({ id }: { id: string }) => {
        const component = fixture.view.control.find((item) => item.id === id)
        return { asOf: moment.now, component, facts: factsOf(fixture, moment.now) }
      },
      hop: async ({ id }: { id: string }) => {
        const hop = fixture.hops.find((item) => item.id === id)
        const from = fixture.workloads.find((item) => item.id === hop?.from)
        const to = fixture.workloads.find((item) => item.id === hop?.to)
        return { asOf: moment.now, hop, from, to, facts: factsOf(fixture, moment.now) }
      },
      search: async ({ text }: { text: string }) =>
        searchGraph({ asOf: moment.now, workloads: fixture.workloads, hops: fixture.hops }, text),
      document: fails,
      attend: async () => ({ attending: true }),
    },
    history: historyFixture(() => fixture, moment),
    logs: {
      refused: async (input: RefusedInput) => refusedAnswer(situation, moment.now, input),
      find: async () => ({ heldSince: null, records: [], complete: true }),
    },
    diagnosis: diagnosisFixture(situation, moment),
    settings: {
      get: async () => ({ settings: defaultSettings, file: 'settings.json', isNew: false, problem: null }),
      put: async () => ({ settings: defaultSettings, file: 'settings.json', isNew: false, problem: null }),
    },
    secrets: {
      state: async () => secretsState(situation),
      unlock: fails,
      list: async () => [
        { name: 'vault.token', changedAt: moment.now - 86_400_000 },
        { name: 'loki.password', changedAt: moment.now - 9 * 86_400_000 },
      ],
    },
    ...evidenceFixture(situation, moment.now),
    playground: playgroundFixture(situation === 'playground'),
    ...policyFixture(situation, { production: situation === 'troubled' }),
    live: {
      topics: async () => {
        if (situation === 'gone') return fails()
        return (async function* events(): AsyncGenerator<LiveEvent> {
          yield { topic: 'sources', health: healthOf(situation, fixture) }
          for (;;) {
            yield { topic: 'clock', now: Date.now() }
            await new Promise((resolve) => setTimeout(resolve, 5000))
          }
        })()
      },
    },
  }
  // The fixture stands in for the whole contract; the development page is the only place that may do this.
  return answers as unknown as Client
}

function secretsState(situation: Situation): SecretsState {
  const common = { keyring: { available: false, name: null, problem: null }, file: '~/.config/everyhop/secrets.json' }
  if (situation === 'asks') return { ...common, condition: 'open', protection: 'passphrase', problem: null, count: 2 }
  return situation === 'locked'
    ? { ...common, condition: 'locked', protection: 'passphrase', problem: null, count: 2 }
    : { ...common, condition: 'unset', protection: null, problem: null, count: 0 }
}

function viewOf(situation: Situation, fixture: Fixture): GraphView {
  if (situation === 'last-known') {
    const age = fixture.view.asOf - 12 * 60_000
    return { ...fixture.view, lastKnown: { scopes: 64, of: 64, oldestReadAt: age, newestReadAt: age } }
  }
  return situation === 'empty' || situation === 'loading'
    ? { ...fixture.view, nodes: [], edges: [], control: [] }
    : fixture.view
}

function healthOf(situation: Situation, fixture: Fixture) {
  return situation === 'loading'
    ? fixture.health.map((source, index) => ({ ...source, pending: index === 0 ? 0 : source.configured, answering: 0 }))
    : fixture.health
}

function filtered(view: GraphView, filter: string): GraphView {
  if (filter === '') return view
  const edges = view.edges.map((edge) => ({
    ...edge,
    matches:
      edge.type === 'hop' && filter.startsWith('tls:') && filter.slice(4).split(',').includes(edge.hop.transport.state),
  }))
  const near = new Set(edges.flatMap((edge) => (edge.matches ? [edge.from, edge.to] : [])))
  const nodes = view.nodes.map((node) => ({ ...node, matches: near.has(node.id) }))
  const counts = {
    ...view.counts,
    matchingHops: edges.filter((edge) => edge.matches).length,
    matchingWorkloads: near.size,
  }
  return { ...view, edges, nodes, counts }
}

function factsOf(fixture: Fixture, now: number): readonly Fact[] {
  return fixture.workloads.map((item) => ({
    kind: 'envoy-proxy',
    id: `envoy/${item.name}#GET /certs`,
    from: { source: 'envoy', instance: item.name, locator: 'GET /certs', observedAt: now - 2000, basis: 'measured' },
    envoy: item.name,
    nodeId: null,
    version: '1.40.0',
    state: 'LIVE',
    uptimeSeconds: 100,
    waitingFor: [],
    clockSkewMs: 0,
  }))
}
