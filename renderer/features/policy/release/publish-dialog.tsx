import { AlertDialog } from '@base-ui/react/alert-dialog'
import { TriangleAlert, Undo2, Upload } from 'lucide-react'
import { useRef, useState } from 'react'
import type { PolicySubject } from '../../../../shared/contract/policy.ts'
import type { BundleOverview, BundleRevision, RevisionId } from '../../../../shared/domain/model/policy.ts'
import { revisionName } from '../../../../shared/words/policy.ts'
import { useChangeMode } from '../../../api/changes.ts'
import { Button, Keys, Tag } from '../../../ui/atoms.tsx'
import popover from '../../../ui/popover.module.css'
import { TypedName } from '../../../ui/typed-name.tsx'
import { mayLeave } from './publication-state.ts'
import styles from './publish-dialog.module.css'
import { PublishProgressView } from './publish-progress.tsx'
import { PublishReview } from './publish-review.tsx'
import { RevisionChoice } from './revision-choice.tsx'
import { rollBackChoice } from './roll-back-choice.ts'
import { usePlan } from './use-plan.ts'
import { usePublication } from './use-publication.ts'

export interface PublishDialogProps {
  readonly environment: string
  readonly bundle: BundleOverview
  readonly of: PolicySubject
  readonly kind: 'publish' | 'roll-back'
  readonly revisions: readonly BundleRevision[]
  readonly live: RevisionId | null
  /** Looks at the roll-back to another revision instead. */
  readonly onOther: (of: PolicySubject) => void
  /** The pointer was moved. */
  readonly onPublished: () => void
  readonly onClose: () => void
}

interface Published {
  readonly from: RevisionId | null
  /** What refused requests are evaluated under as they were before; null: nothing that can be. */
  readonly compared: RevisionId | null
  readonly to: RevisionId
}

/** What changes, what is uncertain, the typed name in production, then how it goes. Rolling back is the same. */
export function PublishDialog(props: PublishDialogProps) {
  const { environment, bundle, of, kind, revisions, live, onOther, onPublished, onClose } = props
  const cancel = useRef<HTMLButtonElement>(null)
  const mode = useChangeMode(environment)
  const plan = usePlan(environment, bundle.name, of)
  const { publication, publish, again } = usePublication()
  const [typed, setTyped] = useState('')
  const [accepted, setAccepted] = useState<readonly string[]>([])
  const [published, setPublished] = useState<Published | null>(null)
  const production = mode.data?.production ?? true // unknown: asked for as if it were
  const isOn = mode.data?.until !== null && mode.data?.until !== undefined
  const isReview = publication.phase === 'idle'
  const ready = plan.data ?? null
  const name = ready?.to.revision ?? ''
  const verb = kind === 'publish' ? 'Publish' : 'Roll back'
  const blocked = ready?.gates.some(
    ({ gate, blocks, outcome }) => gate !== 'change-mode' && blocks && outcome === 'failed',
  )
  const isAccepted =
    ready?.warnings.every(({ code, mustBeAccepted }) => !mustBeAccepted || accepted.includes(code)) === true
  const isConfirmed =
    ready !== null && isOn && blocked === false && isAccepted && (!production || typed === environment)
  const brings = 'revision' in of ? revisionName(of) : null
  const back = published === null ? null : rollBackChoice(revisions, published.to)
  const leave = () => {
    if (!mayLeave(publication)) return
    if (publication.steps.some(({ step }) => step === 'pointed')) onPublished()
    onClose()
  }
  const confirm = () => {
    if (ready === null || !isConfirmed) return
    // What is live and cannot be read decides nothing that could be compared.
    setPublished({ from: ready.from, compared: ready.differences === null ? null : ready.from, to: ready.to })
    const said = { typed: production ? typed : null, accepted: [...accepted] }
    publish({ environment, bundle: bundle.name, of, token: ready.token, ...said })
  }
  return (
    <AlertDialog.Root open onOpenChange={(open) => (open ? undefined : leave())}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={popover.backdrop} />
        <AlertDialog.Popup
          className={`${popover.dialog} ${styles.dialog}`}
          initialFocus={cancel}
          data-testid="publish-dialog"
          data-phase={publication.phase}
        >
          <header className={styles.head}>
            <div>
              <AlertDialog.Title render={<h2 />}>
                {kind === 'publish'
                  ? `Publish ${name} to ${environment}`.replace('  ', ' ')
                  : `Roll ${environment} back to ${brings ?? name}`}
              </AlertDialog.Title>
              <AlertDialog.Description render={<p />}>
                {isReview
                  ? description(kind, brings, ready?.to ?? null, production)
                  : 'What was confirmed is being done.'}
              </AlertDialog.Description>
            </div>
            {production && mode.data !== undefined ? (
              <Tag tone="warn" icon={<TriangleAlert size={13} aria-hidden="true" />}>
                production
              </Tag>
            ) : null}
          </header>
          <div className={styles.body}>
            {isReview ? (
              <>
                {kind === 'roll-back' ? (
                  <RevisionChoice revisions={revisions} live={live} of={of} onChoose={onOther} />
                ) : null}
                <PublishReview
                  environment={environment}
                  bundle={bundle.name}
                  plan={plan}
                  mode={mode.data ?? null}
                  accepted={accepted}
                  onAccept={setAccepted}
                />
                {ready !== null && production ? (
                  <section>
                    <TypedName
                      name={environment}
                      verb={kind === 'publish' ? 'publish' : 'roll back'}
                      value={typed}
                      onChange={setTyped}
                    />
                  </section>
                ) : null}
              </>
            ) : (
              <PublishProgressView
                environment={environment}
                bundle={bundle}
                publication={publication}
                from={published?.from ?? null}
                compared={published?.compared ?? null}
                to={published?.to ?? null}
              />
            )}
          </div>
          <footer className={styles.foot}>
            <span>{isReview ? footnote(ready?.from ?? null, kind) : ''}</span>
            <AlertDialog.Close
              ref={cancel}
              render={
                <Button disabled={!mayLeave(publication)} data-testid="publish-cancel">
                  {isReview ? 'Cancel' : 'Close'}
                  {isReview ? <Keys keys={['esc']} /> : null}
                </Button>
              }
            />
            {isReview ? (
              <Button primary disabled={!isConfirmed} onClick={confirm} data-testid="publish-confirm">
                {kind === 'publish' ? <Upload size={14} aria-hidden="true" /> : <Undo2 size={14} aria-hidden="true" />}
                {kind === 'publish' ? `${verb} ${name}` : `${verb} to ${brings ?? ''}`}
              </Button>
            ) : publication.phase === 'failed' || publication.phase === 'lost' ? (
              <Button
                onClick={() => {
                  void plan.refetch()
                  again()
                }}
              >
                Look at the plan again
              </Button>
            ) : publication.phase === 'stuck' && back !== null ? (
              <Button
                primary
                onClick={() => onOther({ revision: back.revision, digest: back.digest })}
                data-testid="publish-roll-back"
              >
                <Undo2 size={14} aria-hidden="true" />
                Roll back to {revisionName(back)}…
              </Button>
            ) : null}
          </footer>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

function description(
  kind: PublishDialogProps['kind'],
  brings: string | null,
  to: RevisionId | null,
  production: boolean,
): string {
  const read = production ? 'Read what changes before you type.' : 'Read what changes before you go on.'
  if (kind === 'publish' || to === null) return `${read} Nothing has been sent yet.`
  return `${read} It is published as ${revisionName(to)}, a new revision with the content of ${brings ?? 'the old one'}. Nothing has been sent yet.`
}

function footnote(from: RevisionId | null, kind: PublishDialogProps['kind']): string {
  if (from === null) return 'Nothing is live now: there would be nothing to roll back to.'
  return kind === 'publish'
    ? `Roll back brings ${revisionName(from)} back as a new revision.`
    : `${revisionName(from)} stays in the store and can be brought back.`
}
