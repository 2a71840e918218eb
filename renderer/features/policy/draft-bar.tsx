import { CircleCheck, CircleX, GitCompareArrows, LoaderCircle, Save, TriangleAlert, WandSparkles } from 'lucide-react'
import type { DraftSummary } from '../../../shared/contract/policy.ts'
import type { BundleOverview, RevisionId } from '../../../shared/domain/model/policy.ts'
import { revisionName } from '../../../shared/words/policy.ts'
import { reasonSentence } from '../../../shared/words/reasons.ts'
import { useDifference } from '../../api/policy.ts'
import { Button } from '../../ui/atoms.tsx'
import bar from '../../ui/bar.module.css'
import { BundleMenu } from './bundle-menu.tsx'
import { DraftMenu } from './draft-menu.tsx'
import { type BenchState, problemsOf } from './editor/bench-state.ts'
import styles from './policy-screen.module.css'

export interface DraftBarProps {
  readonly environment: string
  readonly bundles: readonly BundleOverview[]
  readonly bundle: BundleOverview
  readonly deployed: RevisionId | null
  readonly drafts: readonly DraftSummary[]
  readonly draft: DraftSummary | null
  readonly state: BenchState
  readonly isComparing: boolean
  readonly onBundle: (name: string) => void
  readonly onDraft: (id: string | null) => void
  readonly onCompare: () => void
  readonly onSave: () => void
  readonly onFormat: () => void
}

/** Which bundle, what is live, which draft, and how it stands with that. */
export function DraftBar(props: DraftBarProps) {
  const { environment, bundles, bundle, deployed, drafts, draft, state, isComparing } = props
  const { live } = bundle
  return (
    <header className={`${bar.bar} ${styles.bar}`}>
      <h1>Policy</h1>
      <BundleMenu bundles={bundles} chosen={bundle.name} onChoose={props.onBundle} />
      {live.known ? (
        <span className={styles.live}>
          Live <b>{live.value.revision === '' ? 'unnamed' : live.value.revision}</b>
          {live.value.digest === null ? null : <code>{live.value.digest.slice(0, 7)}</code>}
        </span>
      ) : (
        <span className={styles.unknown} title={reasonSentence(live.reason)}>
          Live revision unknown
        </span>
      )}
      <span className={styles.divider} />
      <DraftMenu
        environment={environment}
        bundle={bundle.name}
        deployed={deployed}
        drafts={drafts}
        draft={draft}
        onDraft={props.onDraft}
      />
      {draft === null ? (
        <span className={styles.quiet}>What is deployed, read-only</span>
      ) : (
        <DraftSize environment={environment} draft={draft} />
      )}
      <span className={styles.grow} />
      {draft === null ? null : <Counts state={state} />}
      {draft === null ? null : (
        <>
          <Button
            disabled={deployed === null}
            aria-pressed={isComparing}
            onClick={props.onCompare}
            title={deployed === null ? 'It is not known what is live' : undefined}
          >
            <GitCompareArrows size={14} aria-hidden="true" />
            Diff with live
          </Button>
          <Button onClick={props.onFormat} disabled={state.active?.endsWith('.rego') !== true} title="Shift Alt F">
            <WandSparkles size={14} aria-hidden="true" />
            Format
          </Button>
          <Button onClick={props.onSave} title="Ctrl S: writes, checks and tests">
            <Save size={14} aria-hidden="true" />
            Save
          </Button>
        </>
      )}
    </header>
  )
}

function DraftSize({ environment, draft }: { readonly environment: string; readonly draft: DraftSummary }) {
  const { revision, digest } = draft.basedOn
  const difference = useDifference(environment, draft.bundle, { revision, digest }, { draft: draft.id })
  const lines = difference.data
  const added = lines?.reduce((sum, file) => sum + file.added, 0)
  const removed = lines?.reduce((sum, file) => sum + file.removed, 0)
  const files = draft.changed.length
  return (
    <span className={styles.quiet} data-testid="draft-size">
      {files} {files === 1 ? 'file' : 'files'}
      {added === undefined || removed === undefined ? null : `, +${added} −${removed}`}
      {draft.overtakenBy === null ? null : (
        <b className={styles.overtaken} title={`The draft began with ${revisionName(draft.basedOn)}`}>
          {revisionName(draft.overtakenBy)} went live since
        </b>
      )}
      {draft.leftOut.length === 0 ? null : (
        <b className={styles.overtaken} title={draft.leftOut.join(' ')} data-testid="draft-left-out">
          not all of {revisionName(draft.basedOn)}
        </b>
      )}
    </span>
  )
}

/** Errors, warnings and tests in numbers; what has not been counted is not shown as none. */
function Counts({ state }: { readonly state: BenchState }) {
  const problems = problemsOf(state)
  const errors = problems.filter(({ severity, by }) => severity === 'error' && by !== 'test').length
  const warnings = problems.filter(({ severity }) => severity === 'warning').length
  const { tests, testing } = state
  const failed = tests?.results.filter(({ outcome }) => outcome === 'failed' || outcome === 'error').length ?? 0
  const total = tests?.results.length ?? 0
  return (
    <span className={styles.counts} data-testid="counts">
      {errors === 0 ? null : (
        <span data-tone="fail">
          <CircleX size={14} aria-hidden="true" /> {errors} {errors === 1 ? 'error' : 'errors'}
        </span>
      )}
      {warnings === 0 ? null : (
        <span data-tone="warn">
          <TriangleAlert size={14} aria-hidden="true" /> {warnings} {warnings === 1 ? 'warning' : 'warnings'}
        </span>
      )}
      {testing ? (
        <span data-tone="none">
          <LoaderCircle size={14} aria-hidden="true" /> testing
        </span>
      ) : tests === null || tests.problem !== null ? (
        <span data-tone="none">tests did not run</span>
      ) : failed > 0 ? (
        <span data-tone="fail">
          <CircleX size={14} aria-hidden="true" /> {failed} of {total} tests fail
        </span>
      ) : (
        <span data-tone={total === 0 || tests.isOld ? 'none' : 'ok'}>
          {total === 0 ? null : <CircleCheck size={14} aria-hidden="true" />}{' '}
          {total === 0
            ? 'no tests'
            : `${total} ${total === 1 ? 'test' : 'tests'}${tests.isOld ? ', before the last edit' : ''}`}
        </span>
      )}
    </span>
  )
}
