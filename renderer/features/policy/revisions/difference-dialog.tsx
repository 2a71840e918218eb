import { Dialog } from '@base-ui/react/dialog'
import { ArrowRight, FileMinus, FilePen, FilePlus } from 'lucide-react'
import { lazy, Suspense, useId, useState } from 'react'
import type { DraftSummary } from '../../../../shared/contract/policy.ts'
import type { BundleRevision, FileDifference, RevisionId } from '../../../../shared/domain/model/policy.ts'
import { differenceCounts } from '../../../../shared/words/policy.ts'
import { failureSentence } from '../../../api/environments.ts'
import { useDifference } from '../../../api/policy.ts'
import { Button } from '../../../ui/atoms.tsx'
import popover from '../../../ui/popover.module.css'
import { type Comparable, comparables, firstComparison } from './compared.ts'
import styles from './revisions.module.css'

const MonacoDiff = lazy(() => import('./monaco-diff.tsx'))

/** How any two revisions differ, or what is live and the draft, file by file. */
export function DifferenceDialog({
  environment,
  bundle,
  revisions,
  live,
  draft,
  onClose,
}: {
  readonly environment: string
  readonly bundle: string
  readonly revisions: readonly BundleRevision[]
  readonly live: RevisionId | null
  readonly draft: DraftSummary | null
  readonly onClose: () => void
}) {
  const all = comparables(revisions, live, draft)
  const [chosen, setChosen] = useState(() => firstComparison(all, live))
  const of = (key: string | null) => all.find((each) => each.key === key)?.subject ?? null
  const [from, to] = [of(chosen.from), of(chosen.to)]
  const difference = useDifference(environment, bundle, from, to)
  const [path, setPath] = useState<string | null>(null)
  const files = difference.data ?? []
  const open = files.find((each) => each.path === path) ?? files[0] ?? null
  return (
    <Dialog.Root open onOpenChange={(isOpen) => (isOpen ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={`${popover.dialog} ${styles.dialog}`} data-testid="difference-dialog">
          <header className={styles.head}>
            <Dialog.Title render={<h2 />}>Differences of {bundle}</Dialog.Title>
            <div className={styles.choose}>
              <Choice
                label="From"
                value={chosen.from}
                all={all}
                onChoose={(key) => setChosen({ ...chosen, from: key })}
              />
              <ArrowRight size={14} aria-hidden="true" />
              <Choice label="To" value={chosen.to} all={all} onChoose={(key) => setChosen({ ...chosen, to: key })} />
              <span className={styles.quiet} role="status">
                {from === null || to === null
                  ? 'Choose two to compare.'
                  : difference.data === undefined
                    ? ''
                    : differenceCounts(files)}
              </span>
            </div>
          </header>
          {difference.error === null ? null : (
            <p className={styles.problem} role="alert">
              {failureSentence(difference.error)}
            </p>
          )}
          <div className={styles.work}>
            <ul className={styles.files}>
              {files.map((each) => (
                <li key={each.path}>
                  <button
                    type="button"
                    aria-current={open?.path === each.path ? 'true' : undefined}
                    onClick={() => setPath(each.path)}
                    title={`${each.path}, ${each.change}`}
                  >
                    <ChangeIcon change={each.change} />
                    <span>{each.path}</span>
                    <small>
                      +{each.added} −{each.removed}
                    </small>
                  </button>
                </li>
              ))}
            </ul>
            <div className={styles.text}>{open === null ? null : <Texts file={open} />}</div>
          </div>
          <footer className={styles.foot}>
            <Dialog.Close render={<Button>Close</Button>} />
          </footer>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Texts({ file }: { readonly file: FileDifference }) {
  if (file.before === null && file.after === null) {
    return <p className={styles.quiet}>{file.path} is no text, or longer than 1 MB: its content is not shown.</p>
  }
  return (
    <Suspense fallback={<p className={styles.quiet}>Loading the editor…</p>}>
      <MonacoDiff path={file.path} before={file.before ?? ''} after={file.after ?? ''} />
    </Suspense>
  )
}

function Choice({
  label,
  value,
  all,
  onChoose,
}: {
  readonly label: string
  readonly value: string | null
  readonly all: readonly Comparable[]
  readonly onChoose: (key: string | null) => void
}) {
  const id = useId()
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value ?? ''} onChange={(event) => onChoose(event.target.value || null)}>
        <option value="">nothing chosen</option>
        {all.map((each) => (
          <option key={each.key} value={each.key}>
            {each.label}
          </option>
        ))}
      </select>
    </>
  )
}

function ChangeIcon({ change }: { readonly change: FileDifference['change'] }) {
  const size = { size: 14, 'aria-hidden': true }
  if (change === 'added') return <FilePlus {...size} />
  return change === 'removed' ? <FileMinus {...size} /> : <FilePen {...size} />
}
