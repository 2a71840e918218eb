import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Menu } from '@base-ui/react/menu'
import { Check, ChevronDown, FilePen, Lock, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { DraftSummary } from '../../../shared/contract/policy.ts'
import type { RevisionId } from '../../../shared/domain/model/policy.ts'
import { useApi } from '../../api/api-context.tsx'
import { useCommand } from '../../api/environments.ts'
import { usePolicyAgain, useRevisions } from '../../api/policy.ts'
import { Button } from '../../ui/atoms.tsx'
import popover from '../../ui/popover.module.css'
import dialogs from './dialogs.module.css'
import styles from './policy-screen.module.css'

const mostRevisions = 12

/** Drafts of the bundle: open, start from live or an earlier revision, discard. */
export function DraftMenu({
  environment,
  bundle,
  deployed,
  drafts,
  draft,
  onDraft,
}: {
  readonly environment: string
  readonly bundle: string
  readonly deployed: RevisionId | null
  readonly drafts: readonly DraftSummary[]
  readonly draft: DraftSummary | null
  readonly onDraft: (id: string | null) => void
}) {
  const { client } = useApi()
  const again = usePolicyAgain()
  const revisions = useRevisions(environment, bundle)
  const { busy, failure, run, forget } = useCommand()
  const [discarding, setDiscarding] = useState(false)
  const start = (from: RevisionId) =>
    run(async () => {
      const started = await client.policy.startDraft({ environment, bundle, from })
      await again()
      onDraft(started.id)
    })
  const discard = async () => {
    if (draft === null) return
    const isDone = await run(async () => {
      onDraft(null)
      await client.policy.discardDraft({ draft: draft.id })
      await again()
    })
    if (isDone) setDiscarding(false)
  }
  const earlier = (revisions.data ?? []).filter((each) => each.held !== 'seen' && each.digest !== deployed?.digest)
  return (
    <>
      {draft === null && deployed !== null ? (
        <Button primary disabled={busy} onClick={() => void start(deployed)} data-testid="start-draft">
          <Plus size={14} aria-hidden="true" />
          Start a draft
        </Button>
      ) : null}
      <Menu.Root>
        <Menu.Trigger render={<Button data-testid="draft-menu" />}>
          {draft === null ? <Lock size={14} aria-hidden="true" /> : <FilePen size={14} aria-hidden="true" />}
          {draft === null ? 'Deployed' : `Draft ${draft.revision}`}
          <ChevronDown size={14} aria-hidden="true" />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner sideOffset={6} align="start" className={popover.positioner}>
            <Menu.Popup className={`${popover.popup} ${popover.menu}`}>
              <Menu.Item className={popover.item} onClick={() => onDraft(null)}>
                {draft === null ? <Check size={14} aria-hidden="true" /> : <Lock size={14} aria-hidden="true" />}
                <span>
                  What is deployed
                  <small>{deployed === null ? 'not known' : `${deployed.revision}, read-only`}</small>
                </span>
              </Menu.Item>
              {drafts.map((each) => (
                <Menu.Item key={each.id} className={popover.item} onClick={() => onDraft(each.id)}>
                  {each.id === draft?.id ? (
                    <Check size={14} aria-hidden="true" />
                  ) : (
                    <FilePen size={14} aria-hidden="true" />
                  )}
                  <span>
                    Draft {each.revision}
                    <small>
                      from {each.basedOn.revision}, {each.changed.length} changed, saved{' '}
                      {new Date(each.savedAt).toISOString().slice(0, 19).replace('T', ' ')} UTC
                    </small>
                  </span>
                </Menu.Item>
              ))}
              {deployed === null ? null : (
                <Menu.Item className={popover.item} onClick={() => void start(deployed)}>
                  <Plus size={14} aria-hidden="true" />
                  Start a draft from {deployed.revision}, which is live
                </Menu.Item>
              )}
              {earlier.slice(0, mostRevisions).map((each) => (
                <Menu.Item
                  key={`${each.revision} ${each.digest ?? ''}`}
                  className={popover.item}
                  onClick={() => void start({ revision: each.revision, digest: each.digest })}
                >
                  <Plus size={14} aria-hidden="true" />
                  Start a draft from {each.revision}
                </Menu.Item>
              ))}
              {draft === null ? null : (
                <Menu.Item className={popover.item} onClick={() => setDiscarding(true)}>
                  <Trash2 size={14} aria-hidden="true" />
                  Discard draft {draft.revision}…
                </Menu.Item>
              )}
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      {failure === null || discarding ? null : (
        <span className={styles.failure} role="alert">
          {failure}{' '}
          <Button small onClick={forget}>
            Close
          </Button>
        </span>
      )}
      {discarding && draft !== null ? (
        <AlertDialog.Root open onOpenChange={(open) => (open ? undefined : setDiscarding(false))}>
          <AlertDialog.Portal>
            <AlertDialog.Backdrop className={popover.backdrop} />
            <AlertDialog.Popup className={popover.dialog} data-testid="discard-dialog">
              <div className={dialogs.dialog}>
                <AlertDialog.Title render={<h2 />}>Discard draft {draft.revision}?</AlertDialog.Title>
                <AlertDialog.Description render={<p />}>
                  {draft.changed.length === 0
                    ? 'It differs in nothing from what it began with.'
                    : `Its changes to ${draft.changed.join(', ')} are deleted from this computer. Nothing else keeps them.`}{' '}
                  What is deployed stays as it is.
                </AlertDialog.Description>
                {failure === null ? null : (
                  <p className={dialogs.problem} role="alert">
                    {failure}
                  </p>
                )}
                <div className={dialogs.actions}>
                  <AlertDialog.Close render={<Button>Keep it</Button>} />
                  <Button primary disabled={busy} onClick={() => void discard()}>
                    Discard draft {draft.revision}
                  </Button>
                </div>
              </div>
            </AlertDialog.Popup>
          </AlertDialog.Portal>
        </AlertDialog.Root>
      ) : null}
    </>
  )
}
