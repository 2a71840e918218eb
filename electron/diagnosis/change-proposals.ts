import { changedLines } from '../../shared/domain/diagnosis/change/difference.ts'
import type { DraftOfChange, ProposedChange } from '../../shared/domain/diagnosis/change/model.ts'
import type { Candidate } from '../../shared/domain/diagnosis/change/propose.ts'
import { tellOfChange } from '../../shared/domain/diagnosis/change/reasons.ts'
import type { RevisionId } from '../../shared/domain/model/policy.ts'
import type { FileText, Place } from '../core/policy-trials.ts'

const mostValueCharacters = 200
/** A file that is longer is no answer for a window; it is changed in the workbench. */
const mostDraftCharacters = 1_000_000

/** What the caller would have to send: no file, and no draft. */
export function ofInput(candidate: Candidate, number: number): ProposedChange {
  const at = writtenPath('input', candidate.path)
  const [before, after] = [cutJson(candidate.before), cutJson(candidate.after) ?? 'null']
  const line = (value: string): string => `${at} = ${value}`
  return {
    id: `${number}`,
    kind: 'input',
    reason:
      before === null
        ? tellOfChange('change-input-added', { at, after })
        : tellOfChange('change-input-replaced', { at, before, after }),
    loosens: false,
    proven: true,
    file: null,
    at,
    before,
    after,
    difference: [
      ...(before === null ? [] : [{ kind: 'removed' as const, row: 1, text: line(before) }]),
      { kind: 'added', row: 1, text: line(after) },
    ],
    draft: null,
  }
}

export interface DataChange {
  readonly candidate: Candidate
  readonly bundle: string
  readonly from: RevisionId
  /** The revision that allowed it. */
  readonly before: string | null
}

export function ofText(text: FileText, change: DataChange, proven: boolean, number: number): ProposedChange {
  const { candidate, bundle, from } = change
  const { before: earlier, after: later, how } = candidate
  const at = writtenPath('data', candidate.path)
  const [before, after] = [cutJson(earlier), cutJson(later) ?? 'null']
  const file = text.path
  const added = how === 'member-added' && Array.isArray(later) ? (cutJson(later.at(-1)) ?? 'null') : after
  const reason =
    how === 'as-before' && change.before !== null
      ? tellOfChange('change-data-as-before', { at, after, revision: change.before, file })
      : how === 'member-added'
        ? tellOfChange('change-data-member-added', { at, after: added, file })
        : before === null
          ? tellOfChange('change-data-added', { at, after, file })
          : tellOfChange('change-data-replaced', { at, before, after, file })
  return {
    id: `${number}`,
    kind: 'data',
    reason,
    loosens: false,
    proven,
    file,
    at,
    before,
    after,
    difference: changedLines(text.before, text.text),
    draft: draftOf(text, bundle, from),
  }
}

export interface RuleChange {
  readonly what: 'expression' | 'rule'
  readonly place: Place
  readonly bundle: string
  readonly from: RevisionId
}

export function ofRule(text: FileText, { what, place, bundle, from }: RuleChange, number: number): ProposedChange {
  const { file, row } = place
  return {
    id: `${number}`,
    kind: 'rule',
    reason: tellOfChange(what === 'rule' ? 'change-rule-removed' : 'change-expression-removed', { file, row }),
    loosens: true,
    proven: true,
    file,
    at: null,
    before: null,
    after: null,
    difference: changedLines(text.before, text.text),
    draft: draftOf(text, bundle, from),
  }
}

function draftOf({ path, text }: FileText, bundle: string, { revision, digest }: RevisionId): DraftOfChange | null {
  if (text.length > mostDraftCharacters) return null
  return { bundle, from: { revision, digest }, changes: [{ path, text }] }
}

/** As Rego writes it. */
function writtenPath(root: string, path: Candidate['path']): string {
  return `${root}${path
    .map((member) =>
      typeof member === 'string' && /^[A-Za-z_]\w*$/.test(member) ? `.${member}` : `[${JSON.stringify(member)}]`,
    )
    .join('')}`
}

/** null: there is none. */
function cutJson(value: unknown): string | null {
  if (value === undefined) return null
  const text = JSON.stringify(value)
  return text.length > mostValueCharacters ? `${text.slice(0, mostValueCharacters - 1)}…` : text
}
