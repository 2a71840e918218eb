import { parseArgs } from 'node:util'
import { journalEntries } from '../../shared/contract/changes.ts'
import type { PolicyDocumentOf } from '../../shared/contract/policy-document.ts'
import type { BundleOnOpa, BundleOverview } from '../../shared/domain/model/policy.ts'
import { countOf, formatMoment } from '../../shared/words/durations.ts'
import { differenceCounts, revisionName } from '../../shared/words/policy.ts'
import {
  journalAction,
  journalCheckSentence,
  journalDetails,
  journalPhase,
  unfinishedSentence,
} from '../../shared/words/policy-journal.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { isoOf, isoOrNull } from './document-parts.ts'
import { bundleOf, common, commonHelp, head, noMore, onPolicy, print, subjectOf } from './policy-options.ts'
import { readOpas } from './read-once.ts'
import { columns, plainText } from './text.ts'

export const policyStatus: Command = {
  name: 'policy status',
  usage: `everyhop policy status --env <name> [--json] [--wait <seconds>]

What is deployed: for every bundle what its store's pointer leads to, and what each OPA has active.

${commonHelp}
  --wait <seconds>  how long to wait for OPAs that have not answered (default 20)

Exit code 1: an OPA has another revision than is live, or reports an error. 3: something could not be read.`,
  summary: 'which policy is live, and which OPA has it',
  async run(words, output, signal) {
    const options = { ...common, wait: { type: 'string', default: '20' } } as const
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true })
    noMore(positionals)
    const wait = Number(values.wait)
    if (!(wait >= 0 && wait <= 3600)) throw new UsageError('--wait takes seconds, 0 to 3600')
    return onPolicy(values, output, signal, async ({ client, clock, environment }) => {
      await readOpas(client, environment, wait * 1000, clock, signal)
      const all = await client.policy.bundles({ environment }, { signal })
      const document = statusOf(
        environment,
        all.filter(({ name }) => values.bundle === undefined || name === values.bundle),
      )
      if (values.json) print(output, document)
      else output.out(statusText(document))
      const states = document.bundles.flatMap(({ opas }) => opas.map(({ state }) => state))
      if (states.some((state) => state === 'behind' || state === 'failing')) return exitCodes.failed
      const isUnread = document.bundles.some(({ live, store }) => live === null && store !== null)
      const isBlind = states.some((state) => state === 'silent' || state === 'unknown') || states.length === 0
      return isUnread || isBlind ? exitCodes.gaps : exitCodes.done
    })
  },
}

export function statusOf(environment: string, bundles: readonly BundleOverview[]): PolicyDocumentOf<'PolicyStatus'> {
  return {
    ...head('PolicyStatus'),
    environment,
    bundles: bundles.map(({ name, store, live, opas }) => ({
      bundle: name,
      store,
      live: live.known ? live.value : null,
      liveProblem: live.known ? null : reasonSentence(live.reason),
      opas: opas.map((opa) => ({
        opa: opa.opa,
        revision: opa.activeRevision.known ? opa.activeRevision.value : null,
        state: stateOf(opa, live.known ? live.value.revision : null),
        lastRequestAt: isoOrNull(opa.lastRequestAt),
        lastActivationAt: isoOrNull(opa.lastActivationAt),
        error: opa.code === null ? null : [opa.code, opa.message, ...opa.errors].filter(Boolean).join('; '),
      })),
    })),
  }
}

/** Without knowing what is live nobody can say that an OPA has it. */
function stateOf({ activeRevision, code }: BundleOnOpa, live: string | null) {
  if (!activeRevision.known) return 'unknown'
  if (activeRevision.stale) return 'silent'
  if (code !== null) return 'failing'
  if (live === null) return 'unknown'
  return activeRevision.value === live ? 'live' : 'behind'
}

const stateWords = {
  live: 'has it',
  behind: 'has another revision',
  failing: 'reports an error',
  silent: 'does not answer; this is what it had',
  unknown: 'not known',
} as const

function statusText({ bundles }: PolicyDocumentOf<'PolicyStatus'>): string {
  if (bundles.length === 0) return 'No bundle is known.\n'
  return bundles
    .map(({ bundle, store, live, liveProblem, opas }) => {
      const place = store === null ? '' : ` at ${store.place} ${store.pointer}`
      const what = live === null ? (liveProblem ?? 'not known') : `${revisionName(live)} is live`
      const rows = opas.map(({ opa, revision, state, lastActivationAt, error }) => [
        opa,
        revision ?? 'none',
        error === null ? stateWords[state] : `${stateWords[state]}: ${error}`,
        lastActivationAt ?? 'never',
      ])
      const table =
        rows.length === 0 ? 'No OPA is known to have it.\n' : columns([['OPA', 'ACTIVE', 'STATE', 'SINCE'], ...rows])
      return `${plainText(`${bundle}: ${what}${place}`)}\n${table}`
    })
    .join('\n')
}

export const policyDiff: Command = {
  name: 'policy diff',
  usage: `everyhop policy diff <from> <to> --env <name> [--json]

What differs between two policies. Each is the name of a revision, "live", or "draft:<id>".

${commonHelp}

Exit code 0: nothing differs. 1: something does.`,
  summary: 'what differs between two revisions of a policy',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({ args: [...words], options: common, allowPositionals: true })
    const [from, to, ...more] = positionals
    if (from === undefined || to === undefined || more.length > 0)
      throw new UsageError('say two, such as: policy diff live draft:<id>')
    return onPolicy(values, output, signal, async (on) => {
      const { client, environment } = on
      const bundle = await bundleOf(on, values.bundle)
      const [before, after] = [await subjectOf(on, bundle, from), await subjectOf(on, bundle, to)]
      const files = await client.policy.difference({ environment, bundle, from: before, to: after }, { signal })
      if (values.json) {
        print(output, { ...head('PolicyDifference'), environment, bundle, files: [...files] })
      } else if (files.length === 0) output.out('Nothing differs.\n')
      else {
        output.out(columns(files.map(({ path, change, added, removed }) => [`+${added} -${removed}`, change, path])))
        output.err(`${countOf(files.length, 'file')}, ${differenceCounts(files)}\n`)
      }
      return files.length === 0 ? exitCodes.done : exitCodes.failed
    })
  },
}

export const policyDrafts: Command = {
  name: 'policy drafts',
  usage: `everyhop policy drafts --env <name> [--json]

Drafts that are kept here, and whether another revision went live since each began.

${commonHelp}`,
  summary: 'drafts of policies',
  async run(words, output, signal) {
    const { values, positionals } = parseArgs({ args: [...words], options: common, allowPositionals: true })
    noMore(positionals)
    return onPolicy(values, output, signal, async ({ client, environment }) => {
      const all = await client.policy.drafts({ environment }, { signal })
      const drafts = all.filter(({ bundle }) => values.bundle === undefined || bundle === values.bundle)
      if (values.json) {
        const told = drafts.map(({ id, bundle, basedOn, revision, changed, savedAt, overtakenBy }) => {
          return { id, bundle, basedOn, revision, changed: [...changed], savedAt: isoOf(savedAt), overtakenBy }
        })
        print(output, { ...head('PolicyDrafts'), environment, drafts: told })
        return exitCodes.done
      }
      const rows = drafts.map(({ id, bundle, basedOn, revision, changed, savedAt, overtakenBy }) => [
        id,
        bundle,
        `${revisionName(basedOn)} → ${revision}`,
        countOf(changed.length, 'changed file'),
        formatMoment(savedAt),
        overtakenBy === null ? '' : `${revisionName(overtakenBy)} went live meanwhile`,
      ])
      output.out(
        rows.length === 0
          ? 'There are no drafts.\n'
          : columns([['ID', 'BUNDLE', 'REVISION', 'CHANGED', 'SAVED', ''], ...rows]),
      )
      return exitCodes.done
    })
  },
}

export const policyJournal: Command = {
  name: 'policy journal',
  usage: `everyhop policy journal (--env <name> | --all) [--limit <number>|all] [--json]

What was changed through Everyhop, the latest first, and whether the chain of entries holds.

${commonHelp}
  --limit <number>  at most so many, or "all" (default 50)
  --all             of all environments

Exit code 1: the journal was changed after it was written. 3: how an action ended is not known.`,
  summary: 'what was changed through Everyhop, verified',
  async run(words, output, signal) {
    const options = {
      ...common,
      limit: { type: 'string', default: '50' },
      all: { type: 'boolean', default: false },
    } as const
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true })
    noMore(positionals)
    const limit = values.limit === 'all' ? Number.POSITIVE_INFINITY : Number(values.limit)
    if (!(Number.isInteger(limit) || values.limit === 'all') || limit < 1)
      throw new UsageError('--limit takes a number from 1, or "all"')
    const env = values.all ? '' : values.env
    return onPolicy({ ...values, env }, output, signal, async ({ client, environment: named }) => {
      const environment = values.all ? null : named
      const entries = await journalEntries(limit, (page) =>
        client.changes.journal({ environment, ...page }, { signal }),
      )
      const check = await client.changes.verify({}, { signal })
      if (values.json) {
        const { intact, problem, unfinished } = check
        const told = {
          entries: entries.map((each) => ({ ...each })),
          unfinished: unfinished.map((each) => ({ ...each })),
        }
        print(output, { ...head('PolicyJournal'), environment, intact, problem, ...told })
      } else {
        const rows = entries.map((entry) => [
          String(entry.number),
          formatMoment(entry.at),
          entry.environment,
          `${journalAction(entry.action)} ${journalPhase(entry.phase)}`,
          entry.actor,
          journalDetails(entry),
        ])
        if (rows.length > 0) output.out(columns([['', 'TIME', 'ENVIRONMENT', 'ACTION', 'BY', ''], ...rows]))
        output.err(`${plainText(journalCheckSentence(check))}\n`)
        const unfinished = unfinishedSentence(check)
        if (unfinished !== null) output.err(`${plainText(unfinished)}\n`)
      }
      if (!check.intact) return exitCodes.failed
      return check.unfinished.length > 0 ? exitCodes.gaps : exitCodes.done
    })
  },
}
