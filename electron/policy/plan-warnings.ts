import type { PublishWarning } from '../../shared/contract/policy.ts'
import type { BundleOnOpa, RevisionId } from '../../shared/domain/model/policy.ts'
import type { StoreGuard } from './stores/store.ts'
import { type Live, nameOf } from './subjects.ts'

export interface Uncertain {
  readonly bundle: string
  readonly live: Live | null
  /** null: not tried yet. */
  readonly guard: StoreGuard | null
  /** How long one reading of the pointer takes. */
  readonly readMs: number
  readonly opas: readonly BundleOnOpa[]
  readonly isSigned: boolean
  /** What the revision a draft is based on holds and the draft does not. */
  readonly leftOut: readonly string[]
  /** What a draft is based on; null: it is no draft. */
  readonly basedOn: RevisionId | null
}

/** What is uncertain about a publication, or would be lost by it; the worst first. */
export function warningsOf(about: Uncertain): readonly PublishWarning[] {
  const { bundle, live, guard, readMs, opas, isSigned, leftOut, basedOn } = about
  const from = live?.id ?? null
  // Read, moved, read again: three times there and back.
  const windowMs = 3 * readMs
  return [
    ...leftOut.map((detail) => ({ ...warning('publish-left-out', { detail }), mustBeAccepted: true })),
    ...(live?.problem === undefined || live.problem === null
      ? []
      : [warning('publish-live-unreadable', { detail: live.problem })]),
    ...(basedOn === null || from === null || isSame(basedOn, from)
      ? []
      : [warning('publish-overtaken', { based: nameOf(basedOn), live: nameOf(from) })]),
    ...(guard === null ? [warning('publish-guard-unknown', { windowMs })] : []),
    ...(guard?.kind === 'last-writer-wins'
      ? [warning('publish-last-writer-wins', { detail: guard.detail, windowMs })]
      : []),
    ...(live?.problem !== undefined && live.problem !== null ? [] : opas)
      .filter(({ activeRevision: has }) => !has.known || has.stale || has.value !== from?.revision)
      .map(({ opa, activeRevision: has }) =>
        warning('publish-opa-behind', { opa, revision: has.known ? has.value : null }),
      ),
    ...(opas.length === 0 ? [warning('publish-no-opas', { bundle })] : []),
    ...(isSigned ? [] : [warning('publish-unsigned', { bundle })]),
  ]
}

function warning(code: string, params: PublishWarning['params']): PublishWarning {
  return { code, params, mustBeAccepted: false }
}

/** Of a revision that only an OPA told there is no digest. */
function isSame(one: RevisionId, other: RevisionId): boolean {
  return one.digest === null || other.digest === null ? one.revision === other.revision : one.digest === other.digest
}
