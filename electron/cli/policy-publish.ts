import { parseArgs } from 'node:util'
import type { PolicySubject, PublishPlan, PublishProgress, Rechecked } from '../../shared/contract/policy.ts'
import type { PolicyDocumentOf } from '../../shared/contract/policy-document.ts'
import type { Convergence } from '../../shared/domain/model/policy.ts'
import { differenceCounts, gateLabel, gateOutcome, publishWarning, revisionName } from '../../shared/words/policy.ts'
import {
  convergedCount,
  lostUpdateSentence,
  opaSentence,
  pointerSentence,
  publishStepLabel,
  recheckedFor,
  recheckSummary,
} from '../../shared/words/policy-release.ts'
import { type Command, type ExitCode, exitCodes, type Output, UsageError } from './command.ts'
import { isoOf } from './document-parts.ts'
import {
  bundleOf,
  type CommonValues,
  common,
  commonHelp,
  editedHelp,
  editedOptions,
  head,
  noMore,
  type OnPolicy,
  onPolicy,
  print,
  subjectOf,
  withDraft,
} from './policy-options.ts'
import { readOnce, readOpas } from './read-once.ts'
import { plainText } from './text.ts'

type Document = PolicyDocumentOf<'PolicyPublication'>

const confirmation = {
  yes: { type: 'boolean', default: false },
  confirm: { type: 'string' },
  accept: { type: 'string', multiple: true, default: [] as string[] },
} as const
const confirmationHelp = `  --yes             do it; without it the plan is shown and nothing is changed
  --confirm <name>  the environment's name once more: needed where environment.yaml says production
  --accept <code>   publishes all the same what the plan warns of by this code; said only of what would be lost

Exit code 0: planned, or every OPA has it. 1: a gate failed, something would be lost and was not accepted, an OPA did not take
it, or another publisher was there.`

interface Confirmed extends CommonValues {
  readonly yes: boolean
  readonly confirm?: string | undefined
  readonly accept: readonly string[]
}

export const policyPublish: Command = {
  name: 'policy publish',
  usage: `everyhop policy publish --env <name> (--draft <id> | --folder <path>) [--yes] [--confirm <name>] [--json]

Builds, signs and publishes a policy to the bundle's store, then follows the OPAs until each has it or is named.

${commonHelp}
${editedHelp}
${confirmationHelp}`,
  summary: 'publishes a draft or a folder of Rego, and follows the OPAs',
  async run(words, output, signal) {
    const options = { ...common, ...editedOptions, ...confirmation } as const
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true })
    noMore(positionals)
    return onPolicy(values, output, signal, async (on) => {
      const bundle = await bundleOf(on, values.bundle)
      return withDraft(on, bundle, values, (draft) => carryOut(on, bundle, { draft }, values))
    })
  },
}

export const policyRollback: Command = {
  name: 'policy rollback',
  usage: `everyhop policy rollback <revision> --env <name> [--yes] [--confirm <name>] [--json]

Publishes what an older revision held as a new one, follows the OPAs, and evaluates the requests that were refused lately again.

${commonHelp}
${confirmationHelp}`,
  summary: 'publishes an older revision anew, with proof',
  async run(words, output, signal) {
    const options = { ...common, ...confirmation } as const
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true })
    const [revision, ...more] = positionals
    if (revision === undefined || more.length > 0)
      throw new UsageError('say which revision, such as: policy rollback r41')
    return onPolicy(values, output, signal, async (on) =>
      carryOut(on, ...(await revisionOf(on, values.bundle, revision)), values),
    )
  },
}

async function revisionOf(on: OnPolicy, named: string | undefined, word: string): Promise<[string, PolicySubject]> {
  const bundle = await bundleOf(on, named)
  return [bundle, await subjectOf(on, bundle, word)]
}

async function carryOut(on: OnPolicy, bundle: string, of: PolicySubject, values: Confirmed): Promise<ExitCode> {
  const { client, clock, environment, output, signal } = on
  // What OPAs have now tells which are behind, and later which took it.
  await readOpas(client, environment, 20_000, clock, signal)
  const mode = await client.changes.mode({ environment }, { signal })
  const typed = values.confirm ?? null
  if (values.yes && mode.production && typed !== environment) {
    throw new UsageError(`${environment} is production: say --confirm ${environment} as well`)
  }
  const plan = await client.policy.plan({ environment, bundle, of }, { signal })
  const document = planned(environment, bundle, plan)
  // What changes are allowed for is this one: it is off again afterwards, unless somebody had turned it on.
  const failed = plan.gates.filter(
    ({ gate, blocks, outcome }) => gate !== 'change-mode' && blocks && outcome === 'failed',
  )
  if (!values.json) tellPlan(output, plan)
  if (failed.length > 0) return end(on, values, { ...document, outcome: 'blocked' })
  if (!values.yes) {
    output.err('Nothing was changed: say --yes to publish.\n')
    return end(on, values, document)
  }
  const open = plan.warnings.find(({ code, mustBeAccepted }) => mustBeAccepted && !values.accept.includes(code))
  if (open !== undefined) {
    output.err(
      `Nothing was changed: ${publishWarning(open).title}. Say --accept ${open.code} to publish all the same.\n`,
    )
    return end(on, values, { ...document, outcome: 'blocked' })
  }
  if (mode.until === null) await client.changes.enable({ environment, minutes: 5, typed }, { signal })
  try {
    const asked = { environment, bundle, of, token: plan.token, typed, accepted: [...values.accept] }
    let found = document
    let convergence: Convergence | null = null
    for await (const step of await client.policy.publish(asked, { signal })) {
      found = after(found, step)
      if (step.step === 'convergence') convergence = step.convergence
      if (!values.json) tellStep(output, step, plan)
    }
    const before = plan.from
    const there = convergence?.opas.filter(({ state }) => state === 'converged').length ?? 0
    const isComparable = before !== null && plan.differences !== null
    if ('draft' in of || !isComparable || convergence === null || there === 0) return end(on, values, found)
    await readOnce(client, environment, 20_000, clock, signal) // the logs: what was refused
    const answer = await client.policy.recheck(
      { environment, bundle, before, after: plan.to, minutes: 60, limit: 200 },
      { signal },
    )
    const whom = recheckedFor(convergence)
    if (!values.json) output.out(`${plainText([recheckSummary(answer), whom].filter(Boolean).join(' '))}\n`)
    if (answer.problem !== null) output.err(`everyhop: ${plainText(answer.problem)}\n`)
    const { held, complete, withoutDecision } = answer
    const refused = { held, complete, withoutDecision }
    return end(on, values, { ...found, refused, rechecked: answer.requests.map(recheckedOf) })
  } finally {
    if (mode.until === null) await client.changes.disable({ environment })
  }
}

function end({ output }: OnPolicy, { json }: Confirmed, document: Document): ExitCode {
  if (json) print(output, document)
  return document.outcome === 'planned' || document.outcome === 'converged' ? exitCodes.done : exitCodes.failed
}

function planned(
  environment: string,
  bundle: string,
  { from, to, differences, gates, warnings }: PublishPlan,
): Document {
  return {
    ...head('PolicyPublication'),
    environment,
    bundle,
    from,
    to,
    differences: differences?.map(({ path, change, added, removed }) => ({ path, change, added, removed })) ?? null,
    gates: gates.map((each) => ({ ...each })),
    warnings: warnings.map(({ code, params, mustBeAccepted }) => ({ code, params: { ...params }, mustBeAccepted })),
    outcome: 'planned',
    pointer: 'unmoved',
    message: null,
    found: null,
    convergence: null,
    refused: null,
    rechecked: null,
  }
}

/** What is known after one more step. */
export function after(document: Document, step: PublishProgress): Document {
  switch (step.step) {
    case 'built':
    case 'signed':
    case 'uploaded':
      return { ...document, outcome: 'failed' } // until more is known
    case 'pointed':
    case 'verified':
      return { ...document, outcome: 'stuck', pointer: 'moved' }
    case 'convergence': {
      const { revision, startedAt, opas, state } = step.convergence
      const convergence = { revision, startedAt: isoOf(startedAt), state, opas: opas.map((each) => ({ ...each })) }
      return { ...document, convergence, outcome: state === 'converged' ? 'converged' : 'stuck' }
    }
    case 'lost-update':
      return { ...document, outcome: 'lost-update', found: step.found }
    case 'failed': {
      const outcome = document.outcome === 'lost-update' ? document.outcome : 'failed'
      return { ...document, outcome, message: step.message, pointer: step.pointer }
    }
  }
}

function recheckedOf({ decisionId, at, before, after: now, problem }: Rechecked) {
  return { decisionId, at: isoOf(at), before, after: now, problem }
}

function tellPlan(output: Output, { from, to, differences, gates, warnings, opas }: PublishPlan): void {
  const lines = [
    `${from === null ? 'nothing' : revisionName(from)} → ${revisionName(to)}, for ${opas.length === 0 ? 'no OPA that is known' : opas.join(', ')}`,
    ...(differences ?? []).map(({ path, change, added, removed }) => `  ${change} ${path} +${added} -${removed}`),
    `  ${differenceCounts(differences)}`,
    ...gates
      .filter(({ gate }) => gate !== 'change-mode')
      .map((each) => `${gateLabel(each.gate)}: ${gateOutcome(each)}${each.detail === '' ? '' : ` (${each.detail})`}`),
    ...warnings.map((each) => {
      const { title, detail } = publishWarning(each)
      return `${title}. ${detail}`
    }),
  ]
  for (const line of lines) output.out(`${plainText(line)}\n`)
}

function tellStep(output: Output, step: PublishProgress, { from, to }: PublishPlan): void {
  for (const line of stepLines(step, from, to)) output.out(`${plainText(line)}\n`)
}

function stepLines(step: PublishProgress, from: PublishPlan['from'], to: PublishPlan['to']): readonly string[] {
  switch (step.step) {
    case 'convergence': {
      const { convergence } = step
      if (convergence.state === 'converging') return [convergedCount(convergence)]
      return [
        convergedCount(convergence),
        ...convergence.opas.map((opa) => `  ${opaSentence(opa, convergence.revision)}`),
      ]
    }
    case 'lost-update':
      return [lostUpdateSentence(step.found, to)]
    case 'failed':
      return [step.message, pointerSentence(step.pointer, from)]
    default:
      return [`${publishStepLabel(step.step)}: ${step.detail}`]
  }
}
