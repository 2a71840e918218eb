import type { SourceTest } from '../../shared/contract/environments.ts'
import type { Fact } from '../../shared/domain/model/fact.ts'
import type { OpaDecisionLogFact } from '../../shared/domain/model/opa-facts.ts'
import { noRecordsYet } from './cluster-tasks.ts'
import type { LoadedEnvironment } from './environments.ts'
import type { ConnectorPorts } from './ports.ts'
import type { SourceTask } from './source-tasks.ts'

/**
 * Adds to the test of each OPA whether its own decisions come to Everyhop by any way: a log file, its container's log, the
 * receiver. In a log of several OPAs its decisions are told by `labels.id`. Where its own configuration sends them elsewhere,
 * that is named, with the ways out.
 */
export async function withDecisions(
  tests: readonly SourceTest[],
  opas: readonly SourceTask[],
  loaded: LoadedEnvironment,
  portsOf: (task: SourceTask) => ConnectorPorts,
  signal: AbortSignal,
): Promise<readonly SourceTest[]> {
  const files = loaded.environment.sources.logs.filter(({ record }) => record === 'opa-decisions')
  const unnamed = opas.filter(
    ({ instance, source }) =>
      !files.some(({ writtenBy }) => writtenBy === instance) &&
      !tests.some((test) => isReadLog(test, instance)) &&
      tests.some((test) => test.outcome !== 'unusable' && `${test.source}/${test.instance}` === source),
  )
  const seen = new Set(tests.flatMap((test) => test.opas ?? []))
  const shared = tests.filter((test) => test.opas !== undefined).map(({ address }) => address)
  const steps = new Map(
    await Promise.all(
      unnamed.map(async (task) => {
        const told = await toldBy(task, portsOf(task), signal)
        const isSeen = told.instanceId !== null && seen.has(told.instanceId)
        return [task.source, isSeen ? null : stepOf(told, shared)] as const
      }),
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

interface Told {
  /** null: it did not say. */
  readonly decisionLog: OpaDecisionLogFact | null
  readonly instanceId: string | null
}

/** What the OPA says of itself and of its decision log, in one round of its reading. */
async function toldBy(task: SourceTask, ports: ConnectorPorts, signal: AbortSignal): Promise<Told> {
  const enough = new AbortController()
  const heard = new Map<string, readonly Fact[]>()
  try {
    for await (const { scope, facts } of task.observe(ports, AbortSignal.any([signal, enough.signal]))) {
      // A second answer of any part: the first round is over.
      if (heard.has(scope)) break
      heard.set(scope, facts ?? [])
      if (heard.has(`${task.source}/decision-log`) && heard.has(`${task.source}/instance`)) break
    }
  } finally {
    enough.abort(new Error('it was told'))
  }
  const facts = [...heard.values()].flat()
  return {
    decisionLog: facts.find((fact) => fact.kind === 'opa-decision-log') ?? null,
    instanceId: facts.find((fact) => fact.kind === 'opa-instance')?.instanceId ?? null,
  }
}

const waysOut =
  'Ways out: let this OPA write its decisions to its own log too (decision_logs.console: true), send them to ' +
  'everyhop serve --decision-logs, which can forward them, or name a file of them under sources.logs (record: opa-decisions)'

/** @param shared where decisions of OPAs come in that are told apart by their id alone. */
function stepOf({ decisionLog, instanceId }: Told, shared: readonly string[]): SourceTest['steps'][number] | null {
  if (decisionLog === null) return null
  const step = { what: 'decisions', locator: 'GET /v1/config', outcome: 'not-configured' } as const
  const where =
    decisionLog.service === null ? 'to a plugin or to its own log' : `to service ${JSON.stringify(decisionLog.service)}`
  const goes = decisionLog.configured ? `decision logs go ${where}` : 'decisions are logged nowhere'
  const who = instanceId === null ? 'it does not say its labels.id' : `labels.id ${instanceId}`
  const looked = shared.length === 0 ? '' : `: none of its own (${who}) is in ${shared.slice(0, 5).join(', ')}`
  const link = decisionLog.configured ? ';' : ', so'
  return { ...step, detail: `${goes}${link} Everyhop cannot see them${looked}. ${waysOut}` }
}
