import { parseArgs } from 'node:util'
import type { EnvironmentSummary, SourceTestReport } from '../../shared/contract/environments.ts'
import {
  identitySentence,
  rightsSentence,
  supportSentence,
  testOutcomeWords,
  tlsSentence,
  unknownSentences,
} from '../../shared/words/environment-tests.ts'
import { gapReasonPhrase, whatTitle } from '../../shared/words/gaps.ts'
import { leaseMountSentence } from '../../shared/words/lease-mounts.ts'
import { sourceLabel } from '../../shared/words/states.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { withService } from './connection.ts'
import { columns, jsonText, plainText } from './text.ts'

export const envList: Command = {
  name: 'env list',
  usage: `everyhop env list [--json]

Shows the environments that are written down, and what is wrong with those that cannot be used.`,
  summary: 'the environments that are written down',
  async run(words, output, signal) {
    const { values } = parseArgs({ args: [...words], options: { json: { type: 'boolean' } } })
    return withService(async (client) => {
      const found = await client.environments.list({}, { signal })
      if (values.json) output.out(`${jsonText(found)}\n`)
      else if (found.length === 0) {
        const { home } = await client.system.info({}, { signal })
        output.out(`No environment is written down in ${plainText(home)}, folder environments.\n`)
        output.out('Write a file there, or look at the demonstration pipeline: everyhop playground start\n')
      } else output.out(columns([['NAME', 'SOURCES', 'FILE'], ...found.map(rowOf)]))
      return found.some(({ problem }) => problem !== null) ? exitCodes.failed : exitCodes.done
    })
  },
}

function rowOf({ name, production, sourceCounts, file, problem }: EnvironmentSummary): readonly string[] {
  const sources = Object.entries(sourceCounts).map(([kind, count]) => `${kind} ${count}`)
  if (problem === null) return [production ? `${name} (production)` : name, sources.join(', '), file]
  const place = problem.line === null ? '' : `:${problem.line}:${problem.column ?? 1}`
  return [name, 'cannot be used', `${file}${place}: ${problem.message}`]
}

export const envTest: Command = {
  name: 'env test',
  usage: `everyhop env test <name> [--json]

Asks every source of an environment once, side by side, and says what can be read and what will be unknown.
Exit code 3: some sources can be read in part or not at all.`,
  summary: 'what can be read of an environment, and what cannot',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { json: { type: 'boolean' } },
      allowPositionals: true,
    })
    const [environment, ...more] = positionals
    if (environment === undefined || more.length > 0)
      throw new UsageError('say which environment, such as: env test lab')
    return withService(
      async (client) => {
        const tests = await client.environments.test({ environment }, { signal })
        if (values.json) output.out(`${jsonText(tests)}\n`)
        else for (const test of tests) output.out(reportText(test))
        if (tests.length === 0) output.err(`everyhop: ${plainText(environment)} names no source\n`)
        return tests.every(({ outcome }) => outcome === 'usable') ? exitCodes.done : exitCodes.gaps
      },
      { environment },
    )
  },
}

/** One source as text for a terminal. */
export function reportText(test: SourceTestReport): string {
  const head = `${sourceLabel(test.source)} ${test.instance} at ${test.address}: ${testOutcomeWords(test).toLowerCase()}`
  const failed = test.steps.filter(({ outcome }) => outcome !== 'read')
  const lines = failed.map((step) => {
    const own = step.detail === '' ? '' : `: ${step.detail}`
    return `  ${whatTitle(step.what)} (${step.locator}): ${gapReasonPhrase(step.outcome)}${own}`
  })
  // Why something was asked that nobody named.
  const found = test.steps.filter(({ what, outcome }) => what === 'discovery' && outcome === 'read')
  const reasons = found.map(({ locator, detail }) => `  ${locator} is ${detail}`)
  const unknown = unknownSentences(test.source, test.unknown).map((sentence) => `  ${sentence}`)
  const ask = test.ask === null ? [] : [`  To ask for it: everyhop env role ${roleWords(test.ask)}`]
  const way = [tlsSentence(test.tls), identitySentence(test.identity)].map((sentence) => `  ${sentence}`)
  // Whose token, for how long, and what it costs to know more of a Vault.
  const told = test.steps.filter(({ what, outcome }) => what === 'identity' && outcome === 'read')
  const tokens = told.map(({ detail }) => `  Token: ${detail}`)
  const mounts = (test.leaseMounts ?? []).map((mount) => `  ${leaseMountSentence(mount)}`)
  const own = [supportSentence(test), `Rights: ${rightsSentence(test.rights)}`].map((sentence) => `  ${sentence}`)
  return [head, ...reasons, ...way, ...tokens, ...own, ...mounts, ...lines, ...unknown, ...ask]
    .map((line) => `${lineText(line)}\n`)
    .join('')
}

function roleWords({ kind, rights, user, trustDomain }: NonNullable<SourceTestReport['ask']>): string {
  const options = [
    rights === null ? '' : ` --only ${wordOf(rights.join(','))}`,
    user === null ? '' : ` --user ${user}`,
    trustDomain === null ? '' : ` --trust-domain ${trustDomain}`,
  ]
  return `${kind}${options.join('')}`
}

/** As a shell takes it for one word. */
function wordOf(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

function lineText(line: string): string {
  return line.startsWith('  ') ? `  ${plainText(line.slice(2))}` : plainText(line)
}
