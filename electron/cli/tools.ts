import { parseArgs } from 'node:util'
import type { ToolState } from '../../shared/contract/policy.ts'
import { releaseSentences, toolFoundWords, toolNotes, toolSentence } from '../../shared/words/tools.ts'
import type { Clock } from '../core/ports.ts'
import type { ServiceClient } from '../service/in-process.ts'
import { type ToolName, toolNames } from '../tools/tool.ts'
import { type Command, type ExitCode, exitCodes, type Output, UsageError } from './command.ts'
import { withService } from './connection.ts'
import { columns, jsonText, plainText } from './text.ts'

const lookAgainMs = 200

export const toolsList: Command = {
  name: 'tools list',
  usage: `everyhop tools list [--json]

The programs that Everyhop works with Rego by, opa and regal: which is used, from where, and how to have what is missing.
They are looked for where EVERYHOP_OPA and EVERYHOP_REGAL say, where the settings say (settings set opaPath <path>), on PATH,
in the installed application, and among those that Everyhop built or downloaded. Exit code 3: one is missing.`,
  summary: 'opa and regal: which is used, and how to have what is missing',
  async run(words, output, signal) {
    const { values } = parseArgs({ args: [...words], options: { json: { type: 'boolean' } } })
    return withService(async (client) => {
      const states = await client.policy.tools({}, { signal })
      if (values.json === true) output.out(`${jsonText(states)}\n`)
      else {
        const rows = states.map(({ tool, found, version, place }) => [
          tool,
          toolFoundWords[found],
          version ?? '',
          place ?? '',
        ])
        output.out(columns([['TOOL', 'FOUND', 'VERSION', 'PLACE'], ...rows]))
        for (const state of states) {
          if (state.found === 'missing') say(output, toolSentence(state), ...waysOf(state))
          say(output, ...toolNotes(state))
        }
      }
      return states.some(({ found }) => found === 'missing') ? exitCodes.gaps : exitCodes.done
    })
  },
}

export const toolsBuild: Command = {
  name: 'tools build',
  usage: `everyhop tools build <opa|regal>

Builds the pinned version with the Go of this machine, from sources that are named by their hashes. It takes
minutes, and the network unless Go has the sources already. Ctrl-C stops it; nothing of it is left then.`,
  summary: 'builds opa or regal with Go',
  async run(words, output, signal) {
    const { positionals } = parseArgs({ args: [...words], options: {}, allowPositionals: true })
    const tool = toolIn(positionals)
    return withService(async (client, clock) => {
      await client.policy.getTool({ tool, how: 'build' }, { signal })
      return followed(tool, client, clock, output, signal)
    })
  },
}

export const toolsDownload: Command = {
  name: 'tools download',
  usage: `everyhop tools download <opa|regal> [--sha256 <sum>]

Without --sha256: shows the pinned release for this machine, and the SHA-256 that its publisher tells; nothing else happens.
With it: downloads that release, and keeps it if it has this sum.`,
  summary: 'shows the release of opa or regal, and downloads it by its SHA-256',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { sha256: { type: 'string' } },
      allowPositionals: true,
    })
    const tool = toolIn(positionals)
    const sha256 = values.sha256?.toLowerCase()
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) {
      throw new UsageError('--sha256 takes 64 hexadecimal digits')
    }
    return withService(async (client, clock) => {
      const release = await client.policy.toolRelease({ tool }, { signal })
      if (sha256 === undefined) {
        for (const line of releaseSentences(release)) output.out(`${plainText(line)}\n`)
        say(output, `To download it: everyhop tools download ${tool} --sha256 ${release.sha256}`)
        return exitCodes.done
      }
      await client.policy.getTool({ tool, how: 'download', sha256 }, { signal })
      return followed(tool, client, clock, output, signal)
    })
  },
}

function toolIn([name, ...more]: readonly string[]): ToolName {
  const tool = toolNames.find((each) => each === name)
  if (tool === undefined || more.length > 0) throw new UsageError('say which: opa or regal')
  return tool
}

/** Tells how it goes on until it has ended. */
async function followed(
  tool: ToolName,
  client: ServiceClient,
  clock: Clock,
  output: Output,
  signal: AbortSignal,
): Promise<ExitCode> {
  let told = ''
  for (;;) {
    const state = (await client.policy.tools({}, { signal })).find((each) => each.tool === tool)
    if (state === undefined) throw new Error(`nothing is told of ${tool}`)
    if (state.progress === null) {
      say(output, ...toolNotes(state), toolSentence(state))
      return state.failure === null && state.found !== 'missing' ? exitCodes.done : exitCodes.failed
    }
    if (state.progress !== told) say(output, state.progress)
    told = state.progress
    await clock.sleep(lookAgainMs, signal)
  }
}

function waysOf({ tool, ways }: ToolState): readonly string[] {
  return ways.map((way) => `Or: everyhop tools ${way} ${tool}`)
}

function say(output: Output, ...lines: readonly string[]): void {
  for (const line of lines) output.err(`${plainText(line)}\n`)
}
