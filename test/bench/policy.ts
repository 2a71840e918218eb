import { spiffeIdOf, stageOf } from '../../electron/playground/pipeline/topology.ts'
import { bundle, environment, startPolicyOnLab } from '../conformance/policy-on-lab.ts'
import { type BenchRow, within } from './row.ts'

const runs = 50

/** The lab's bundle: one request under what is live and a draft, and from the moved pointer until every OPA has it. */
export async function run(): Promise<readonly BenchRow[]> {
  const on = await startPolicyOnLab()
  try {
    const { client } = on
    await on.settled()
    const draft = await on.draftWith((data) => Object.assign(data.pipeline, { note: 'bench' }))
    const hop = await on.hopWithDecision(spiffeIdOf(stageOf('model-server')), spiffeIdOf(stageOf('tool-runtime')))
    const { input } = await client.policy.inputOf({ environment, from: { decisionId: hop.decisionId } })
    const deployed = { revision: 'lab-001', digest: null }
    const simulated: number[] = []
    const evaluated: number[] = []
    for (let index = 0; index < runs; index += 1) {
      const started = performance.now()
      const found = await client.policy.simulate({ environment, bundle, deployed, draft, input })
      simulated.push(performance.now() - started)
      if (found.problem !== null || found.draft === null) throw new Error(`not simulated: ${found.problem}`)
      evaluated.push(found.draft.metrics.evaluationMs ?? Number.NaN)
    }
    await client.changes.enable({ environment, minutes: 5, typed: null })
    const last = (await on.publish({ draft })).at(-1)
    const opas = last?.step === 'convergence' && last.convergence.state === 'converged' ? last.convergence.opas : []
    return [
      within(`simulate, deployed and draft, with explanation (p95 of ${runs})`, ninetyFifth(simulated), 'ms', 50),
      within('of this OPA’s evaluation alone (p95)', ninetyFifth(evaluated), 'ms', 50),
      {
        name: 'published, until the last of three OPAs has it (they poll every 1 to 2 s)',
        value: Math.max(...opas.map(({ seconds }) => seconds ?? Number.NaN)),
        unit: 's',
        comparedWith: null,
        ratio: null,
      },
    ]
  } finally {
    await on.stop()
  }
}

function ninetyFifth(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN
}
