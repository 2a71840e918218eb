import { parseArgs } from 'node:util'
import {
  type PlaygroundFaultSummary,
  type PlaygroundState,
  playgroundEnvironment,
} from '../../shared/contract/playground.ts'
import { type FaultId, faultKinds, isFaultId } from '../../shared/faults/index.ts'
import {
  faultKindTitles,
  playgroundAuthorisationSentence,
  playgroundIntroduction,
  playgroundPhrase,
  playgroundTrafficSentence,
} from '../../shared/words/playground.ts'
import { Failure } from '../core/failure.ts'
import type { Clock } from '../core/ports.ts'
import type { ServiceClient } from '../service/in-process.ts'
import { type Command, type ExitCode, exitCodes, type Output, UsageError } from './command.ts'
import { withOwner, withService } from './connection.ts'
import { untilStopped } from './serve.ts'
import { columns, jsonText, plainText } from './text.ts'

export const playgroundStart: Command = {
  name: 'playground start',
  usage: `everyhop playground start [--fault <id>]

${playgroundIntroduction}
It is the environment "${playgroundEnvironment}" of every Everyhop of this user, until Ctrl-C. When an Everyhop runs already, the
playground is started there, and stays there.

  --fault <id>  breaks something at once; "everyhop playground faults" lists what`,
  summary: 'the demonstration pipeline, until Ctrl-C',
  async run(words, output, signal) {
    const { values } = parseArgs({ args: [...words], options: { fault: { type: 'string' } } })
    const fault = values.fault === undefined ? null : faultIn([values.fault])
    const { openSharedService } = await import('../service/shared-service.ts')
    const service = await openSharedService({ host: 'cli' })
    try {
      const client = await service.client('playground')
      const state = await client.playground.start({}, { signal })
      if (state.phase !== 'running') return report(state, output)
      report(fault === null ? state : await client.playground.inject({ fault }, { signal }), output)
      say(output, `Environment ${playgroundEnvironment}: everyhop graph show --env ${playgroundEnvironment}`)
      if (service.composed() === null) {
        say(output, 'It runs in the Everyhop that was open already. To end it: everyhop playground stop')
        return exitCodes.done
      }
      output.out(tableOf(await client.playground.faults({}, { signal })))
      say(
        output,
        'Break something: everyhop playground inject <id>. Mend it: everyhop playground heal. Ctrl-C stops it.',
      )
      await untilEnded(client, service.clock, signal)
      return exitCodes.done
    } finally {
      await service.stop()
    }
  },
}

export const playgroundFaults: Command = {
  name: 'playground faults',
  usage: `everyhop playground faults [--json]

What can be broken in the playground, and what to look for then.`,
  summary: 'what can be broken in the playground',
  async run(words, output, signal) {
    const { values } = parseArgs({ args: [...words], options: { json: { type: 'boolean' } } })
    return withService(async (client) => {
      const faults = await client.playground.faults({}, { signal })
      output.out(values.json === true ? `${jsonText(faults)}\n` : tableOf(faults))
      return exitCodes.done
    })
  },
}

export const playgroundStop: Command = {
  name: 'playground stop',
  usage: `everyhop playground stop

Ends the playground of the Everyhop that runs; that itself goes on.`,
  summary: 'ends the playground that runs',
  run: (words, output, signal) => changed(words, output, (client) => client.playground.stop({}, { signal })),
}

export const playgroundInject: Command = {
  name: 'playground inject',
  usage: `everyhop playground inject <id>

Breaks something in the playground that runs, after mending what was broken before. "everyhop playground faults" lists the ids.`,
  summary: 'breaks something in the playground that runs',
  run(words, output, signal) {
    const { positionals } = parseArgs({ args: [...words], options: {}, allowPositionals: true })
    const fault = faultIn(positionals)
    return changed([], output, (client) => client.playground.inject({ fault }, { signal }))
  },
}

export const playgroundHeal: Command = {
  name: 'playground heal',
  usage: `everyhop playground heal

Mends what is broken in the playground that runs.`,
  summary: 'mends what is broken in the playground',
  run: (words, output, signal) => changed(words, output, (client) => client.playground.heal({}, { signal })),
}

/** Until Ctrl-C, or until another command or window stopped it. */
async function untilEnded(client: ServiceClient, clock: Clock, signal: AbortSignal): Promise<void> {
  const gone = new AbortController()
  const watching = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(lookAgainMs, signal)
      if ((await client.playground.state({}, { signal })).phase !== 'stopped') continue
      // It may still be ending for whoever stopped it, who is to have the answer before this program ends.
      await client.playground.stop({}, { signal })
      return gone.abort()
    }
  }
  // Who asks last is told by the signal, or by the service that ends.
  const watched = watching().catch(() => {})
  await untilStopped(AbortSignal.any([signal, gone.signal]), () => {})
  await watched
}

const lookAgainMs = 1000

/** Of the Everyhop that runs: a command of its own would have none to change. */
async function changed(
  words: readonly string[],
  output: Output,
  change: (client: ServiceClient) => Promise<PlaygroundState>,
): Promise<ExitCode> {
  parseArgs({ args: [...words], options: {} })
  const state = await withOwner(async (client) => {
    if ((await client.playground.state({})).phase === 'stopped') throw notRunning()
    return change(client)
  })
  if (state === null) throw notRunning()
  return report(state, output)
}

function notRunning(): Failure {
  const sentence = 'No playground runs.'
  return new Failure('not-found', playgroundEnvironment, sentence, 'Start one: everyhop playground start')
}

function faultIn([fault, ...more]: readonly string[]): FaultId {
  if (fault === undefined || more.length > 0) throw new UsageError('say which fault; see: everyhop playground faults')
  if (!isFaultId(fault)) throw new UsageError(`there is no fault "${fault}"; see: everyhop playground faults`)
  return fault
}

function report(state: PlaygroundState, output: Output): ExitCode {
  if (state.phase === 'failed') {
    say(output, state.message)
    return exitCodes.failed
  }
  say(output, `Playground: ${playgroundPhrase(state).toLowerCase()}.`)
  const busy = playgroundTrafficSentence(state)
  if (busy !== null) say(output, busy)
  const unknown = playgroundAuthorisationSentence(state)
  if (unknown !== null) say(output, unknown, 'To have it: everyhop tools list')
  if (state.phase === 'running' && state.active !== null) say(output, `Broken now: ${state.active.fault}.`)
  return exitCodes.done
}

function tableOf(faults: readonly PlaygroundFaultSummary[]): string {
  return faultKinds
    .map((kind) => {
      const rows = faults.filter((fault) => fault.kind === kind)
      const lines = rows.map(({ id, title, lookFor, notHere }) => [
        `  ${id}`,
        title,
        notHere === null ? lookFor : `Not in the playground: ${notHere}`,
      ])
      return rows.length === 0 ? '' : `${faultKindTitles[kind]}\n${columns(lines)}`
    })
    .filter((text) => text !== '')
    .join('\n')
}

function say(output: Output, ...lines: readonly string[]): void {
  for (const line of lines) output.err(`${plainText(line)}\n`)
}
