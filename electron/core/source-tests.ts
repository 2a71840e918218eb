import type { SourceTest, SourceTestReport, TestingEvent } from '../../shared/contract/environments.ts'
import { discoverySentence } from '../../shared/words/discovery.ts'
import { clusterTasks } from './cluster-tasks.ts'
import { createClusterLinks } from './clusters.ts'
import { configuredTasks } from './configured-tasks.ts'
import { withDecisions } from './decision-visibility.ts'
import type { Findings } from './discovery.ts'
import { learnCluster } from './environment-learning.ts'
import type { LoadedEnvironment } from './environments.ts'
import { mostStreams } from './log-turns.ts'
import { createPace } from './pace.ts'
import type { ConnectorPorts } from './ports.ts'
import { type Connectors, type FindCluster, type ObservationPorts, type SourceTask } from './source-tasks.ts'
import { reportOf } from './source-test-reports.ts'
import type { DiscoveredKind } from './target-programs.ts'
import { readAudits } from './vault-audits.ts'

export interface TestParts {
  readonly connectors: Connectors
  readonly ports: ObservationPorts
}

/**
 * Asks every source once, side by side, also those that are found in clusters; nothing of it enters a fact store.
 * `told` hears of each as soon as it answered; a later report of the same source replaces the one before.
 */
export async function testSources(
  loaded: LoadedEnvironment,
  { connectors, ports }: TestParts,
  signal: AbortSignal,
  told: (event: Exclude<TestingEvent, { type: 'done' }>) => void = () => {},
): Promise<readonly SourceTestReport[]> {
  const pace = createPace(ports.clock, loaded.environment.requestBudget)
  const links = createClusterLinks(ports)
  const found = new Map<string, Findings>()
  const portsOf = ({ source }: SourceTask): ConnectorPorts => ({ ...ports, pace: pace.forSource(source) })
  const clusterOf: FindCluster = (id) => {
    const link = links.linkOf(id)
    return link === null ? null : { link, findings: () => found.get(id) ?? null }
  }
  const tell = (test: SourceTest): SourceTestReport => {
    const report = reportOf(test, loaded.environment)
    told({ type: 'answered', report })
    return report
  }
  /** Who holds which lease of a Vault is in its audit log alone: the Vault is asked with that at hand, as when it is observed. */
  const portsWith = async (task: SourceTask, all: readonly SourceTask[]): Promise<ConnectorPorts> =>
    task.kind === 'vault'
      ? { ...portsOf(task), vaultLog: await readAudits(task.instance, all, portsOf, signal) }
      : portsOf(task)
  const testAll = (tasks: readonly SourceTask[], all: readonly SourceTask[]): Promise<readonly SourceTest[]> => {
    told({ type: 'asking', sources: tasks.map(({ kind, instance }) => ({ source: kind, instance })) })
    return Promise.all(tasks.map(async (task) => tell(await tested(task, () => portsWith(task, all), ports, signal))))
  }
  /** All questions at once may be more than a cluster, or this machine, answers in time: what was late is asked again, alone. */
  const askLateAgain = async (
    tests: readonly SourceTest[],
    tasks: readonly SourceTask[],
  ): Promise<readonly SourceTest[]> => {
    const last = new Map(tests.map((test) => [`${test.source}/${test.instance}`, test]))
    const late = tasks.filter(({ source }) => last.get(source)?.steps.some(({ outcome }) => outcome === 'timed-out'))
    for (const task of late.slice(0, mostAskedAgain)) {
      told({ type: 'asking', sources: [{ source: task.kind, instance: task.instance }] })
      last.set(task.source, tell(await tested(task, () => portsWith(task, tasks), ports, signal)))
    }
    return tests.map((test) => last.get(`${test.source}/${test.instance}`) ?? test)
  }
  try {
    links.update(loaded)
    const configured = configuredTasks(loaded, connectors, ports, clusterOf)
    const [own, rest] = await Promise.all([
      testAll(configured.filter(needsNoCluster), configured),
      // What is found in a cluster is asked as soon as the cluster is known.
      learnAll().then(() => {
        const seen = discovered(configured)
        return testAll([...configured.filter((task) => !needsNoCluster(task)), ...seen], [...configured, ...seen])
      }),
    ])
    const all = [...configured, ...discovered(configured)]
    const answered = await askLateAgain(
      [...own, ...rest],
      all.filter(({ streamOf }) => streamOf === undefined),
    )
    const tests = answered.map(withFindings)
    const opas = all.filter(({ kind }) => kind === 'opa')
    const whole = await withDecisions(tests, opas, loaded, portsOf, signal)
    const before = new Set<SourceTest>(answered)
    return whole.map((test) => (before.has(test) ? reportOf(test, loaded.environment) : tell(test)))
  } finally {
    links.close()
  }

  function needsNoCluster(task: SourceTask): boolean {
    const { spire, vault } = loaded.environment.sources
    return (
      !spire.some((source) => 'cluster' in source && task.source === `spire/${source.id}`) &&
      !vault.some((source) => 'cluster' in source && task.source === `vault/${source.id}`)
    )
  }

  async function learnAll(): Promise<void> {
    const sources = loaded.environment.sources.kubernetes
    await Promise.all(
      sources.map(async (source) => {
        const task = { ...ports, pace: pace.forSource(`kubernetes/${source.id}`) }
        found.set(source.id, (await learnCluster(connectors.kubernetes, source, loaded, task, signal)).findings)
      }),
    )
  }

  /** Logs are followed to be tested: no more of them than would be followed at once. */
  function discovered(configured: readonly SourceTask[]): readonly SourceTask[] {
    const taken = new Set(configured.map(({ source }) => source))
    const tasks = links.ids().flatMap((id) => {
      const known = clusterOf(id)
      return known === null ? [] : clusterTasks(loaded, id, known, connectors, ports, taken)
    })
    const logs = tasks.filter(({ streamOf }) => streamOf !== undefined).slice(0, mostStreams)
    return [...tasks.filter(({ streamOf }) => streamOf === undefined), ...logs]
  }

  /** What is found and not asked is told with its cluster. */
  function withFindings(test: SourceTest): SourceTest {
    const findings = test.source === 'kubernetes' ? found.get(test.instance) : undefined
    if (findings === undefined) return test
    const steps = findings.sources
      .filter(({ source }) => !askedKinds.has(source))
      .slice(0, mostTold)
      .map(({ source, pod, container, reason }): SourceTest['steps'][number] => ({
        what: 'discovery',
        locator: `container ${container} of pod ${pod.namespace}/${pod.name}`,
        outcome: 'read',
        detail: discoverySentence(source, reason),
      }))
    return { ...test, steps: [...test.steps, ...steps] }
  }
}

const askedKinds: ReadonlySet<DiscoveredKind> = new Set(['spire', 'envoy', 'opa', 'vault'])
const mostTold = 100
/** Each takes as long as its deadline at most; the rest stays what it is, which is unknown. */
const mostAskedAgain = 20

async function tested(
  task: SourceTask,
  portsFor: () => Promise<ConnectorPorts>,
  ports: ObservationPorts,
  signal: AbortSignal,
): Promise<SourceTest> {
  const startedAt = ports.clock.now()
  try {
    return await task.test(await portsFor(), signal)
  } catch (reason) {
    signal.throwIfAborted()
    ports.log.error('a connection test failed in an unexpected way', { source: task.source, reason: String(reason) })
    return brokenTest(task, ports.clock.now() - startedAt)
  }
}

function brokenTest(task: SourceTask, tookMs: number): SourceTest {
  const detail = 'the test itself failed; the log of Everyhop has the details'
  return {
    source: task.kind,
    instance: task.instance,
    address: '',
    outcome: 'unusable',
    version: null,
    tookMs,
    steps: [{ what: 'test', locator: '', outcome: 'invalid', detail }],
  }
}
