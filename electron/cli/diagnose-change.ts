import type { ChangedLine, SmallestChange } from '../../shared/domain/diagnosis/change/model.ts'
import type { RuleTrace } from '../../shared/domain/diagnosis/model.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'
import type { ServiceClient } from '../service/in-process.ts'
import { plainText } from './text.ts'

const marks: Readonly<Record<'held' | 'failed', string>> = { held: '✓', failed: '✗' }
const signs: Readonly<Record<ChangedLine['kind'], string>> = { same: ' ', removed: '-', added: '+' }

/** Lines of the rule that decided, each with what became of it, and the values beside the one that decided. */
export function ruleText({ file, row, lines, values, revision, isRevisionThatDecided }: RuleShown): string {
  const width = String(lines.at(-1)?.row ?? row).length
  const written = lines.map((line) => {
    const mark = line.outcome === null ? ' ' : marks[line.outcome]
    const arrow = line.row === row ? '>' : ' '
    return `  ${arrow} ${String(line.row).padStart(width)} ${mark} ${plainText(line.text.replaceAll('\t', '    '))}\n`
  })
  const beside = values.map(({ name, json, masked }) => {
    const value = masked ? 'masked in the record' : (json ?? 'undefined')
    return `      ${plainText(name)} = ${plainText(value)}\n`
  })
  const of =
    revision === null ? '' : ` of ${revision}${isRevisionThatDecided ? '' : ', which is not the one that decided'}`
  return `\n${plainText(`${file}:${row}${of}`)}\n${written.join('')}${beside.join('')}`
}

type RuleShown = RuleTrace & { readonly values: RuleTrace['lines'][number]['values'] }

export function ruleShown(rule: RuleTrace): RuleShown {
  return { ...rule, values: rule.lines.find(({ row }) => row === rule.row)?.values ?? [] }
}

/** Each way with its difference; none, with why. */
export function changeText({ changes, none, evaluations, isComplete, basedOn }: SmallestChange): string {
  const title = '\nSmallest change that allows it\n'
  if (none !== null) return `${title}  ${plainText(reasonSentence(none))}\n`
  const ways = changes.map(({ reason, difference, file, proven, loosens }) => {
    const about = [proven ? 'tried: it allows it' : 'not proven', ...(loosens ? ['loosens the policy'] : [])]
    const lines = difference.map(
      ({ kind, row, text }) => `    ${signs[kind]} ${String(row).padStart(4)} ${plainText(text)}\n`,
    )
    return `  ${plainText(reasonSentence(reason))} (${about.join('; ')})\n${file === null ? '' : `    ${plainText(file)}\n`}${lines.join('')}`
  })
  const based = basedOn === null ? '' : `Based on ${basedOn.revision}. `
  const cut = isComplete ? '' : ' Not everything could be tried in the time.'
  return `${title}${ways.join('')}  ${plainText(`${based}${evaluations} evaluations.${cut}`)}\n`
}

interface DraftStarter {
  readonly policy: {
    startDraft(
      input: Parameters<ServiceClient['policy']['startDraft']>[0],
      options: { readonly signal: AbortSignal },
    ): Promise<Pick<Awaited<ReturnType<ServiceClient['policy']['startDraft']>>, 'id' | 'bundle'>>
  }
}

/** What was found as a draft, by the call that the window makes; null: nothing was found that is one. */
export async function openDraft(
  client: DraftStarter,
  environment: string,
  { changes }: SmallestChange,
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly bundle: string; readonly change: string } | null> {
  const first = changes.find(({ draft }) => draft !== null)
  if (first === undefined || first.draft === null) return null
  const { id, bundle } = await client.policy.startDraft({ environment, ...first.draft }, { signal })
  return { id, bundle, change: first.id }
}

export function draftText(draft: Awaited<ReturnType<typeof openDraft>>, environment: string): string {
  if (draft === null) return '\nNo draft\n  None of what was found is a change of the policy’s files.\n'
  const command = `everyhop policy diff live draft:${draft.id} --env ${environment} --bundle ${draft.bundle}`
  return `\nDraft ${plainText(draft.id)} has the first change of the policy\n  ${plainText(command)}\n`
}
