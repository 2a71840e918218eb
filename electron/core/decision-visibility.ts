import type { SourceTest } from '../../shared/contract/environments.ts'
import type { OpaDecisionLogFact } from '../../shared/domain/model/opa-facts.ts'
import { noRecordsYet } from './cluster-tasks.ts'
import type { LoadedEnvironment } from './environments.ts'
import type { ConnectorPorts } from './ports.ts'
import type { SourceTask } from './source-tasks.ts'

/**
 * Adds to the test of each OPA whether its decisions come to Everyhop by any way: a log file, its container's log, the
 * receiver. Where its own configuration sends them elsewhere, that is named, with the ways out.
 */
export async function withDecisions(
  tests: readonly SourceTest[],
  opas: readonly SourceTask[],
  loaded: LoadedEnvironment,
  portsOf: (task: SourceTask) => ConnectorPorts,
  receivesDecisions: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<readonly SourceTest[]> {
  if (opas.length === 0 || (await receivesDecisions())) return tests
  const files = loaded.environment.sources.logs.filter(({ record }) => record === 'opa-decisions')
  // A file that says nothing of its writer may be that of any OPA.
  if (files.some(({ writtenBy }) => writtenBy === undefined)) return tests
  const unseen = opas.filter(
    ({ instance, source }) =>
      !files.some(({ writtenBy }) => writtenBy === instance) &&
      !tests.some((test) => isReadLog(test, instance)) &&
      tests.some((test) => test.outcome !== 'unusable' && `${test.source}/${test.instance}` === source),
  )
  const steps = new Map(
    await Promise.all(
      unseen.map(async (task) => [task.source, stepOf(await decisionLog(task, portsOf(task), signal))] as const),
    ),
  )
  return tests.map((test) => {
    const step = steps.get(`${test.source}/${test.instance}`) ?? null
    if (step === null) return test
    return { ...test, outcome: test.outcome === 'usable' ? 'partly' : test.outcome, steps: [...test.steps, step] }
  })
}

function isReadLog(test: SourceTest, instance: string): boolean {
  return (
    test.source === 'logs' &&
    test.instance === instance &&
    test.steps.some(
      ({ what, outcome, detail }) => what === 'opa-decisions' && outcome === 'read' && detail !== noRecordsYet,
    )
  )
}

/** What the OPA says of its decision log; null: it did not say. */
async function decisionLog(
  task: SourceTask,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<OpaDecisionLogFact | null> {
  const enough = new AbortController()
  try {
    for await (const { scope, facts } of task.observe(ports, AbortSignal.any([signal, enough.signal]))) {
      if (scope !== `${task.source}/decision-log`) continue
      return facts?.find((fact) => fact.kind === 'opa-decision-log') ?? null
    }
  } finally {
    enough.abort(new Error('it was told'))
  }
  return null
}

const waysOut =
  'Ways out: let this OPA write its decisions to its own log too (decision_logs.console: true), send them to ' +
  'everyhop serve --decision-logs, which can forward them, or name a file of them under sources.logs (record: opa-decisions)'

function stepOf(fact: OpaDecisionLogFact | null): SourceTest['steps'][number] | null {
  if (fact === null) return null
  const step = { what: 'decisions', locator: 'GET /v1/config', outcome: 'not-configured' } as const
  if (!fact.configured)
    return { ...step, detail: `decisions are logged nowhere, so Everyhop cannot see them. ${waysOut}` }
  const where = fact.service === null ? 'to a plugin or to its own log' : `to service ${JSON.stringify(fact.service)}`
  return { ...step, detail: `decision logs go ${where}; Everyhop cannot see them. ${waysOut}` }
}
