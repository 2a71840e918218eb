import { BookLock, GitCompareArrows, ListChecks, TriangleAlert, Undo2, Upload } from 'lucide-react'
import { useState } from 'react'
import type { PolicySubject } from '../../../../shared/contract/policy.ts'
import type { BundleRevision } from '../../../../shared/domain/model/policy.ts'
import { revisionName } from '../../../../shared/words/policy.ts'
import { opaSentences } from '../../../../shared/words/policy-release.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { useChangeMode } from '../../../api/changes.ts'
import { useMoment } from '../../../api/moment.tsx'
import { useRevisions } from '../../../api/policy.ts'
import { Banner, Button } from '../../../ui/atoms.tsx'
import { JournalDialog } from '../journal/journal-dialog.tsx'
import type { ReleasePanelProps } from '../panel-props.ts'
import { DifferenceDialog } from '../revisions/difference-dialog.tsx'
import { ConvergenceView } from './convergence-view.tsx'
import { PublishDialog } from './publish-dialog.tsx'
import { RecheckDialog } from './recheck-dialog.tsx'
import styles from './release.module.css'
import { RevisionTable } from './revision-table.tsx'
import { rollBackChoice } from './roll-back-choice.ts'
import { useConvergence } from './use-convergence.ts'

interface Publishing {
  readonly kind: 'publish' | 'roll-back'
  readonly of: PolicySubject
}

/** Revisions, which OPA has which, publishing and rolling back. */
export function ReleasePanel({ environment, bundle, draft, live, onOpenDraft }: ReleasePanelProps) {
  const revisions = useRevisions(environment, bundle.name)
  const mode = useChangeMode(environment)
  const { whyOff } = useMoment()
  const [open, setOpen] = useState<Publishing | 'differences' | 'journal' | 'refused' | null>(null)
  const list = revisions.data ?? []
  const watched = live?.revision ?? list.find(({ activeOn }) => activeOn.length > 0)?.revision ?? null
  const convergence = useConvergence(environment, bundle.name, watched)
  const previous = rollBackChoice(list, live)
  const rejected = convergence?.opas.filter(({ state }) => state === 'rejected') ?? []
  const back = (to: BundleRevision) => setOpen({ kind: 'roll-back', of: { revision: to.revision, digest: to.digest } })
  const canPublish = bundle.store !== null && whyOff === null
  return (
    <div className={styles.panel} data-testid="release-panel">
      <header className={styles.head}>
        <h2>Releases and convergence</h2>
        <span className={styles.grow} />
        <Button
          disabled={!canPublish || previous === null}
          title={whyOff ?? undefined}
          onClick={() => (previous === null ? undefined : back(previous))}
          data-testid="roll-back"
        >
          <Undo2 size={14} aria-hidden="true" />
          Roll back…
        </Button>
        <Button
          primary={draft !== null && canPublish}
          disabled={draft === null || !canPublish}
          title={whyOff ?? undefined}
          onClick={() => (draft === null ? undefined : setOpen({ kind: 'publish', of: { draft: draft.id } }))}
          data-testid="publish"
        >
          <Upload size={14} aria-hidden="true" />
          {draft === null ? 'Publish…' : `Publish ${draft.revision}…`}
        </Button>
      </header>
      {bundle.live.known ? null : (
        <Banner tone="unknown" icon={<TriangleAlert size={16} aria-hidden="true" />}>
          {reasonSentence(bundle.live.reason)}
        </Banner>
      )}
      {rejected.length === 0 || convergence === null ? null : (
        <Banner
          tone="fail"
          icon={<TriangleAlert size={16} aria-hidden="true" />}
          action={
            previous === null ? undefined : (
              <Button small disabled={!canPublish} onClick={() => back(previous)} data-testid="offer-roll-back">
                Roll back to {revisionName(previous)}…
              </Button>
            )
          }
        >
          {opaSentences(rejected, convergence.revision).map((text) => (
            <p key={text}>{text}</p>
          ))}
        </Banner>
      )}
      <RevisionTable
        revisions={revisions.data ?? null}
        error={revisions.error}
        draft={draft}
        live={live}
        bundle={bundle}
        convergence={convergence}
        {...(canPublish ? { onRollBack: back } : {})}
      />
      <ConvergenceView convergence={convergence} bundle={bundle} areRefusalsTold />
      <footer className={styles.foot}>
        <Button small onClick={() => setOpen('differences')} data-testid="differences">
          <GitCompareArrows size={12} aria-hidden="true" />
          Differences…
        </Button>
        <Button
          small
          disabled={live === null || previous === null}
          title={live === null || previous === null ? 'Needs what is live and a revision before it' : undefined}
          onClick={() => setOpen('refused')}
          data-testid="recheck-refused"
        >
          <ListChecks size={12} aria-hidden="true" />
          Refused requests…
        </Button>
        <Button small onClick={() => setOpen('journal')} data-testid="journal">
          <BookLock size={12} aria-hidden="true" />
          Journal…
        </Button>
        <span className={styles.quiet}>
          {whyOff !== null
            ? `${whyOff}.`
            : mode.data === undefined
              ? ''
              : mode.data.until === null
                ? 'Publishing needs change mode. Nothing here changes the live bundle.'
                : 'Change mode is on.'}
        </span>
      </footer>
      {open === null ? null : open === 'differences' ? (
        <DifferenceDialog
          environment={environment}
          bundle={bundle.name}
          revisions={list}
          live={live}
          draft={draft}
          onClose={() => setOpen(null)}
        />
      ) : open === 'journal' ? (
        <JournalDialog environment={environment} onClose={() => setOpen(null)} />
      ) : open === 'refused' ? (
        live === null || previous === null ? null : (
          <RecheckDialog
            environment={environment}
            bundle={bundle.name}
            before={{ revision: previous.revision, digest: previous.digest }}
            live={live}
            convergence={convergence}
            onClose={() => setOpen(null)}
          />
        )
      ) : (
        <PublishDialog
          key={JSON.stringify(open.of)}
          environment={environment}
          bundle={bundle}
          of={open.of}
          kind={open.kind}
          revisions={list}
          live={live}
          onOther={(of) => setOpen({ kind: 'roll-back', of })}
          onPublished={() => (open.kind === 'publish' ? onOpenDraft(null) : undefined)}
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  )
}
