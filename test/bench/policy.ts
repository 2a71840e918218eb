import { cp, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { spiffeIdOf, stageOf } from '../../electron/playground/pipeline/topology.ts'
import { opaCommand } from '../../electron/tools/opa-command.ts'
import { evaluate } from '../../electron/tools/opa-evaluate.ts'
import { bundle, environment, type PolicyOnLab, startPolicyOnLab } from '../conformance/policy-on-lab.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { type BenchRow, within } from './row.ts'

const runs = 50
const edits = 10
/** From a write to the simulation, milliseconds. */
const readyMs = 1500

/** The lab's bundle: one request under what is live and a draft, and from the moved pointer until every OPA has it. */
export async function run(): Promise<readonly BenchRow[]> {
  const on = await startPolicyOnLab()
  try {
    const { client } = on
    await on.settled()
    const draft = await on.draftWith((data) => Object.assign(data.pipeline, { note: 'bench' }))
    const hop = await on.hopWithDecision(spiffeIdOf(stageOf('model-server')), spiffeIdOf(stageOf('tool-runtime')))
    const { input } = await client.policy.inputOf({ environment, from: { decisionId: hop.decisionId } })
    const { live } = await on.overview()
    if (!live.known) throw new Error('nothing is live')
    // By revision and digest, as the window asks.
    const deployed = live.value
    const evaluated: number[] = []
    let asked = 0
    const simulate = async (explain: boolean): Promise<number> => {
      // Never the same question: nothing may answer from what it said before.
      const question = { ...objectOf(input), bench: (asked += 1) }
      const started = performance.now()
      const found = await client.policy.simulate({ environment, bundle, deployed, draft, explain, input: question })
      const took = performance.now() - started
      if (found.problem !== null || found.draft === null || found.deployed === null)
        throw new Error(`not simulated: ${found.problem}`)
      for (const { decision, trace } of [found.deployed, found.draft]) {
        if (decision !== 'allow') throw new Error(`it decided otherwise than was recorded: ${decision}`)
        if (trace.length > 0 !== explain) throw new Error('it explained what was not asked for, or the other way round')
      }
      if (!explain) evaluated.push(found.draft.metrics.evaluationMs ?? Number.NaN)
      return took
    }
    const first = await simulate(false)
    const load = loadavg()[0] ?? Number.NaN
    const decided: number[] = []
    const explained: number[] = []
    for (let index = 0; index < runs; index += 1) {
      // As the window asks: what is decided, and as soon as that is there why.
      const answer = await simulate(false)
      decided.push(answer)
      explained.push(answer + (await simulate(true)))
    }
    // The lab alone keeps both cores busy: what the program of the same policy takes then says what the figures stand for.
    const program = await programMs(on, draft, input)
    // Of a draft that was simulated before and is edited: made ready while the engineer looks up from the keys.
    const edited: number[] = []
    for (let index = 0; index < edits; index += 1) {
      const file = await client.policy.readDraft({ draft, path: 'data.json' })
      const text = file.text.replace(/"note": "[^"]*"/, `"note": "bench ${index}"`)
      await client.policy.writeDraft({ draft, path: 'data.json', text, version: file.version })
      await pause(readyMs)
      edited.push(await simulate(false))
    }
    await client.changes.enable({ environment, minutes: 5, typed: null })
    const last = (await on.publish({ draft })).at(-1)
    const opas = last?.step === 'convergence' && last.convergence.state === 'converged' ? last.convergence.opas : []
    return [
      within(`simulate: what deployed and draft decide (p95 of ${runs})`, ninetyFifth(decided), 'ms', 50),
      { name: 'the same, median', value: median(decided), unit: 'ms', comparedWith: null, ratio: null },
      {
        name: `until both are explained with values, too (p95 of ${runs})`,
        value: ninetyFifth(explained),
        unit: 'ms',
        comparedWith: null,
        ratio: null,
      },
      {
        name: 'the same, median; one `opa eval` of the draft at the same load',
        value: median(explained),
        unit: 'ms',
        comparedWith: { name: 'opa eval --explain=full', value: program },
        ratio: program / median(explained),
      },
      within(`the first after an edit and a second and a half (p95 of ${edits})`, ninetyFifth(edited), 'ms', 50),
      { name: 'the first of all', value: first, unit: 'ms', comparedWith: null, ratio: null },
      {
        name: `waiting processes on ${availableParallelism()} cores meanwhile`,
        value: load,
        unit: '',
        comparedWith: null,
        ratio: null,
      },
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

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

function objectOf(value: unknown): object {
  if (typeof value === 'object' && value !== null) return value
  throw new Error('the recorded input is no object')
}

/** What it takes without an OPA that stays up, milliseconds, the median of five. */
async function programMs(on: PolicyOnLab, draft: string, input: unknown): Promise<number> {
  const { path, version } = (await ensureBinaries(['opa-envoy'], { log: console.log }))['opa-envoy']
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-bench-'))
  const took: number[] = []
  try {
    await cp(join(on.data, 'policy', 'drafts', draft, 'files'), folder, { recursive: true })
    const opa = opaCommand(path, version)
    for (let index = 0; index < 5; index += 1) {
      const { metrics, error } = await evaluate(opa, {
        folder,
        query: 'data.pipeline.authz.result',
        input,
        of: 'bench',
      })
      if (error !== null) throw new Error(error)
      took.push(metrics.totalMs ?? Number.NaN)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return median(took)
}
