import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { mostLineCharacters, type RequestAsked } from '../../shared/contract/diagnosis.ts'
import type { HandshakeDiagnosis, RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { handshakeNote } from '../../shared/words/handshake-note.ts'
import { incidentNote } from '../../shared/words/incident-note.ts'
import { sourceHealthSentence } from '../../shared/words/sources.ts'
import type { Clock } from '../core/ports.ts'
import type { ServiceClient } from '../service/in-process.ts'
import { momentOf } from './asking-the-past.ts'
import { type Command, type ExitCode, exitCodes, type Output, UsageError } from './command.ts'
import { liveHelp, usualFolder, withService } from './connection.ts'
import { changeText, draftText, openDraft } from './diagnose-change.ts'
import { handshakeText, requestText } from './diagnose-text.ts'
import { probed, probeText } from './probe.ts'
import { readOnce } from './read-once.ts'
import { jsonText, plainText } from './text.ts'

export const common = {
  env: { type: 'string' },
  json: { type: 'boolean', default: false },
  data: { type: 'string' },
  at: { type: 'string' },
  wait: { type: 'string', default: '20' },
  live: { type: 'boolean', default: false },
} as const

export interface CommonValues {
  readonly env?: string | undefined
  readonly json: boolean
  readonly data?: string | undefined
  readonly at?: string | undefined
  readonly wait: string
  readonly live: boolean
}

export const commonHelp = `  --json            the answer as JSON
  --data <folder>   the records that "everyhop serve --data <folder>" keeps there
  --at <time>       what was known then: -2h, "2h ago", 2026-11-21T03:12:07Z
  --wait <seconds>  how long to wait for sources that have not been read (default 20)
${liveHelp}

Exit code 0: a cause is named, or nothing is wrong. 3: unknown, which says why.`

export const noteOption = { note: { type: 'boolean', default: false } } as const
export const noteHelp = '  --note            as an incident note in Markdown, in which text of logs stays text'

export function oneForm({ note, json }: { readonly note: boolean; readonly json: boolean }): void {
  if (note && json) throw new UsageError('choose one of --json and --note')
}

export const diagnoseRequest: Command = {
  name: 'diagnose request',
  usage: `everyhop diagnose request <id> --env <name> [--trace | --decision] [--change [--draft]] [--json | --note]
everyhop diagnose request --line '<line>' [--env <name>] [--json | --note]

Why a request was refused: the cause and how certain it is, every step from caller to callee with what tells of it, what was
ruled out, what is still open, and what to do next. The id is that of the request (x-request-id) unless said otherwise.

  --line <line>     a line of an Envoy's access log, JSON or default text. Without an environment only the line itself speaks
  --env <name>      the environment; "everyhop env list" shows them
  --trace           the id is that of a trace
  --decision        the id is that of an OPA decision
  --change          and the smallest change of data, request or rule that would let it pass, found by trying
  --draft           with --change: opens the first change of the policy as a draft, as the window does
${noteHelp}
${commonHelp}`,
  summary: 'why a request was refused, and how that is known',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: {
        ...common,
        trace: { type: 'boolean', default: false },
        decision: { type: 'boolean', default: false },
        line: { type: 'string' },
        ...noteOption,
        change: { type: 'boolean', default: false },
        draft: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    })
    const environment = values.env ?? null
    const asked = askedOf(positionals, values)
    oneForm(values)
    if (values.draft && !values.change) throw new UsageError('--draft opens what --change finds: give both')
    if (values.draft && values.live) throw new UsageError('with --live nothing is kept, so no draft can be opened')
    if (values.change && values.at !== undefined) throw new UsageError('--change is of now: leave --at')
    if (values.change && values.note) throw new UsageError('choose one of --change and --note')
    if (values.change && environment === null) throw new UsageError('--change needs an environment: --env <name>')
    if (asked.by !== 'line' && environment === null) throw new UsageError('say which environment with --env <name>')
    const kept = values.draft ? { ...values, data: values.data ?? (await usualFolder()) } : values
    return onService(kept, output, signal, async (client, clock, at) => {
      const diagnosis = await client.diagnosis.request({ environment, at, asked }, { signal })
      const text = values.note ? incidentNote(diagnosis, { environment, now: clock.now() }) : requestText(diagnosis)
      const { decisionId } = diagnosis.subject
      if (!values.change || environment === null) return { document: diagnosis, text, isKnown: isNamed(diagnosis) }
      if (decisionId === null) {
        const why =
          '\nSmallest change that allows it\n  No decision of it is known, so no change of the policy can be tried.\n'
        return { document: { ...diagnosis, change: null }, text: `${text}${why}`, isKnown: isNamed(diagnosis) }
      }
      const change = await client.diagnosis.change({ environment, decisionId }, { signal })
      const told = { document: { ...diagnosis, change }, text: `${text}${changeText(change)}` }
      if (!values.draft) return { ...told, isKnown: isNamed(diagnosis) }
      const draft = await openDraft(client, environment, change, signal)
      return {
        document: { ...told.document, draft },
        text: `${told.text}${draftText(draft, environment)}`,
        isKnown: isNamed(diagnosis),
      }
    })
  },
}

export const diagnoseHandshake: Command = {
  name: 'diagnose handshake',
  usage: `everyhop diagnose handshake <from> <to> --env <name> [--probe [--confirm <name>]] [--json | --note]

Which side of a handshake is wrong, in the direction of the call: what both sides have, require, trust and log. Workloads are
named by SPIFFE ID, by stage or as they are drawn. No connection is made without --probe.

  --env <name>      the environment; "everyhop env list" shows them. playground: started for the moment when none runs
  --probe           makes a live handshake with the server as well: written down in the journal, no application data is sent
  --confirm <name>  needed to probe where environment.yaml says production: the environment's name once more
${noteHelp}
${commonHelp}`,
  summary: 'which side of a handshake is wrong, and what to do',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { ...common, ...noteOption, probe: { type: 'boolean', default: false }, confirm: { type: 'string' } },
      allowPositionals: true,
    })
    const [from, to, ...more] = positionals
    if (from === undefined || to === undefined || more.length > 0) {
      throw new UsageError('say between whom, such as: diagnose handshake gateway orchestrator --env lab')
    }
    const environment = values.env
    if (environment === undefined) throw new UsageError('say which environment with --env <name>')
    oneForm(values)
    if (values.probe && values.at !== undefined) throw new UsageError('--probe is of now: leave --at')
    if (values.probe && values.note) throw new UsageError('choose one of --probe and --note')
    return onService(values, output, signal, async (client, clock, at) => {
      const diagnosis = await client.diagnosis.handshake({ environment, at, from, to }, { signal })
      const text = values.note ? handshakeNote(diagnosis, clock.now()) : handshakeText(diagnosis)
      if (!values.probe) return { document: diagnosis, text, isKnown: isNamed(diagnosis) }
      const probe = await probed(client, { environment, from, to }, values.confirm ?? null, signal)
      return { document: { diagnosis, probe }, text: `${text}${probeText(probe)}`, isKnown: isNamed(diagnosis) }
    })
  },
}

/** Of what is not known there is an answer too, with an exit code of its own. */
function isNamed({ verdict }: RequestDiagnosis | HandshakeDiagnosis): boolean {
  return verdict.cause !== 'unknown'
}

function askedOf(
  [id, ...more]: readonly string[],
  {
    trace,
    decision,
    line,
  }: { readonly trace: boolean; readonly decision: boolean; readonly line?: string | undefined },
): RequestAsked {
  if (more.length > 0) throw new UsageError(`"${more.join(' ')}" is too much`)
  if (trace && decision) throw new UsageError('choose one of --trace and --decision')
  if (line !== undefined) {
    if (id !== undefined || trace || decision) throw new UsageError('--line takes the place of an id')
    if (line.trim().length < 2) throw new UsageError('--line is empty')
    if (line.length > mostLineCharacters) throw new UsageError(`--line takes at most ${mostLineCharacters} characters`)
    return { by: 'line', line }
  }
  if (id === undefined || id === '') {
    throw new UsageError('say which request, such as: diagnose request <id> --env lab')
  }
  if (id.length > 200) throw new UsageError('an id has at most 200 characters')
  return { by: trace ? 'trace' : decision ? 'decision' : 'request', id }
}

/** What is printed: the document as JSON, or the text. */
export interface Answer {
  readonly document: unknown
  readonly text: string
  readonly isKnown: boolean
}

/** Reads every source once, where there is an environment, and then asks. What could not be read is said beside the answer. */
export async function onService(
  values: CommonValues,
  output: Output,
  signal: AbortSignal,
  ask: (client: ServiceClient, clock: Pick<Clock, 'now'>, at: EpochMs | null) => Promise<Answer>,
): Promise<ExitCode> {
  const environment = values.env
  const wait = Number(values.wait)
  if (!(wait >= 0 && wait <= 3600)) throw new UsageError('--wait takes seconds, 0 to 3600')
  const { at, choice } = await momentOf(values)
  return withService(
    async (client, clock) => {
      const silent =
        environment === undefined || at !== null ? [] : await readOnce(client, environment, wait * 1000, clock, signal)
      const { document, text, isKnown } = await ask(client, clock, at)
      output.out(values.json ? `${jsonText(document)}\n` : text)
      for (const health of silent) {
        output.err(`everyhop: after ${wait} s: ${plainText(sourceHealthSentence(health, clock.now()))}\n`)
      }
      return isKnown ? exitCodes.done : exitCodes.gaps
    },
    {
      ...choice,
      ...(values.data === undefined ? {} : { data: resolve(values.data) }),
      ...(environment === undefined ? {} : { environment }),
    },
  )
}
