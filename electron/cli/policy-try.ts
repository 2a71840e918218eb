import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { PolicyDocumentOf } from '../../shared/contract/policy-document.ts'
import type { Evaluation, PolicyProblem } from '../../shared/domain/model/policy.ts'
import { countOf } from '../../shared/words/durations.ts'
import { decisionWord, maskedSentence } from '../../shared/words/policy.ts'
import { Failure } from '../core/failure.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import {
  bundleOf,
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
import { readOnce } from './read-once.ts'
import { jsonText, plainText } from './text.ts'

export const policyCheck: Command = {
  name: 'policy check',
  usage: `everyhop policy check --env <name> (--draft <id> | --folder <path>) [--json]

What OPA finds: what does not parse or compile is an error; what Envoy's input has no place for is a warning.

${commonHelp}
${editedHelp}

Exit code 1: there are errors.`,
  summary: 'checks a draft or a folder of Rego',
  async run(words, output, signal) {
    const options = { ...common, ...editedOptions } as const
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true })
    noMore(positionals)
    return onPolicy(values, output, signal, async (on) => {
      const bundle = await bundleOf(on, values.bundle)
      const problems = await withDraft(on, bundle, values, (draft) => on.client.policy.check({ draft }, { signal }))
      if (values.json) {
        const document = { ...head('PolicyCheck'), environment: on.environment, bundle }
        print(output, { ...document, problems: problems.map((each) => ({ ...each })) })
      } else for (const problem of problems) output.out(`${plainText(problemText(problem))}\n`)
      const errors = problems.filter(({ severity }) => severity === 'error').length
      output.err(`${countOf(errors, 'error')}, ${countOf(problems.length - errors, 'warning')}\n`)
      return errors > 0 ? exitCodes.failed : exitCodes.done
    })
  },
}

function problemText({ path, row, column, severity, message, code }: PolicyProblem): string {
  const place = [path ?? '', row ?? '', column ?? ''].filter((part) => part !== '').join(':')
  return `${place === '' ? '' : `${place}: `}${severity}: ${message} (${code})`
}

export const policyTest: Command = {
  name: 'policy test',
  usage: `everyhop policy test --env <name> (--draft <id> | --folder <path>) [--json]

Runs the tests (rules that begin with test_) by OPA, with coverage.

${commonHelp}
${editedHelp}

Exit code 1: a test failed, or none could be run.`,
  summary: 'runs the tests of a draft or a folder of Rego',
  async run(words, output, signal) {
    const options = { ...common, ...editedOptions } as const
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true })
    noMore(positionals)
    return onPolicy(values, output, signal, async (on) => {
      const bundle = await bundleOf(on, values.bundle)
      const run = await withDraft(on, bundle, values, (draft) => on.client.policy.test({ draft }, { signal }))
      const bad = run.results.filter(({ outcome }) => outcome === 'failed' || outcome === 'error')
      if (values.json) {
        const coverage = run.coverage.map(({ path, percent, notCovered }) => ({
          path,
          percent,
          notCovered: [...notCovered],
        }))
        const results = run.results.map((each) => ({ ...each }))
        print(output, {
          ...head('PolicyTest'),
          environment: on.environment,
          bundle,
          problem: run.problem,
          results,
          coverage,
        })
      } else {
        for (const each of bad)
          output.out(`${plainText(`${each.path}:${each.row}: ${each.outcome}: ${each.package}.${each.name}`)}\n`)
      }
      if (run.problem !== null) output.err(`${plainText(run.problem)}\n`)
      output.err(`${countOf(run.results.length, 'test')}, ${bad.length} failed\n`)
      return bad.length > 0 || run.problem !== null || run.results.length === 0 ? exitCodes.failed : exitCodes.done
    })
  },
}

export const policySimulate: Command = {
  name: 'policy simulate',
  usage: `everyhop policy simulate --env <name> (--input <file> | --decision <id> | --hop <id>) [--draft <id> | --folder <path>]
                         [--deployed <revision>] [--query <rule>] [--expect allow|deny] [--json]

Evaluates one input under what is deployed and under a draft, on an OPA of Everyhop's own, never on one of the environment.

${commonHelp}
${editedHelp}
  --input <file>        JSON as OPA gets it; "-" is standard input
  --decision <id>       the input of a recorded decision
  --hop <id>            an input as this hop sends it
  --deployed <revision> instead of what is live
  --query <rule>        instead of the rule that decides, such as data.pipeline.authz.result
  --expect <decision>   what the draft, or without one what is deployed, should decide (default allow)

Exit code 1: it decides otherwise.`,
  summary: 'evaluates an input under the deployed policy and a draft',
  async run(words, output, signal) {
    const more = { input: { type: 'string' }, decision: { type: 'string' }, hop: { type: 'string' } } as const
    const rest = {
      deployed: { type: 'string', default: 'live' },
      query: { type: 'string' },
      expect: { type: 'string', default: 'allow' },
    } as const
    const options = { ...common, ...editedOptions, ...more, ...rest } as const
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true })
    noMore(positionals)
    const { expect } = values
    if (expect !== 'allow' && expect !== 'deny') throw new UsageError('--expect takes allow or deny')
    if ([values.input, values.decision, values.hop].filter((each) => each !== undefined).length !== 1) {
      throw new UsageError('say one of --input, --decision and --hop')
    }
    return onPolicy(values, output, signal, async (on) => {
      const { client, environment } = on
      const bundle = await bundleOf(on, values.bundle)
      const { input, masked } = await inputOf(on, values)
      const deployed = await subjectOf(on, bundle, values.deployed)
      const query = values.query ?? null
      // Only the document names the rules that decided.
      const explain = values.json
      const simulate = (draft: string | null) =>
        client.policy.simulate({ environment, bundle, deployed, draft, query, explain, input }, { signal })
      const hasDraft = values.draft !== undefined || values.folder !== undefined
      const found = hasDraft ? await withDraft(on, bundle, values, simulate) : await simulate(null)
      const sides = { deployed: evaluationOf(found.deployed), draft: evaluationOf(found.draft) }
      if (values.json) {
        print(output, {
          ...head('PolicySimulation'),
          environment,
          bundle,
          masked: [...masked],
          ...sides,
          problem: found.problem,
        })
      } else {
        for (const [side, one] of Object.entries(sides)) {
          if (one === null) continue
          output.out(
            `${plainText(`${side} ${one.of}: ${decisionWord(one.decision)}${one.error === null ? '' : `: ${one.error}`}`)}\n`,
          )
          output.out(`${jsonText(one.result)}\n`)
        }
        const sentence = maskedSentence(masked)
        if (sentence !== null) output.err(`${plainText(sentence)}\n`)
      }
      if (found.problem !== null) output.err(`everyhop: ${plainText(found.problem)}\n`)
      const decided = (hasDraft ? sides.draft : sides.deployed)?.decision
      return decided === expect ? exitCodes.done : exitCodes.failed
    })
  },
}

async function inputOf(
  { client, clock, environment, signal }: OnPolicy,
  {
    input,
    decision,
    hop,
  }: { readonly input?: string | undefined; readonly decision?: string | undefined; readonly hop?: string | undefined },
): Promise<{ readonly input: unknown; readonly masked: readonly string[] }> {
  if (input !== undefined) return { input: await jsonOf(input), masked: [] }
  await readOnce(client, environment, 20_000, clock, signal)
  if (decision !== undefined) return client.policy.inputOf({ environment, from: { decisionId: decision } }, { signal })
  return client.policy.inputOf({ environment, from: { hop: hop ?? '' } }, { signal })
}

async function jsonOf(file: string): Promise<unknown> {
  try {
    return JSON.parse(file === '-' ? await standardInput() : await readFile(file, 'utf8'))
  } catch (reason) {
    const words = reason instanceof Error ? reason.message : String(reason)
    throw new Failure('invalid', file, `The input ${file} cannot be used: ${words}`)
  }
}

async function standardInput(): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(Buffer.from(part))
  return Buffer.concat(parts).toString('utf8')
}

function evaluationOf(found: Evaluation | null): PolicyDocumentOf<'PolicySimulation'>['draft'] {
  if (found === null) return null
  const { of, decision, result, error, metrics, trace } = found
  const left = trace.filter(({ event }) => event.toLowerCase() === 'exit')
  const rules = left.map(({ path, row, expression }) => ({ path, row, expression }))
  return { of, decision, result, error, evaluationMs: metrics.evaluationMs, rules }
}
