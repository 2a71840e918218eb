import { Clock3, FileWarning, History, ListFilter, OctagonX, SquareDashed } from 'lucide-react'
import { useState } from 'react'
import type { SourceHealth } from '../../../shared/contract/environments.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { GraphView } from '../../../shared/domain/model/view.ts'
import { formatClock, formatDuration } from '../../../shared/words/durations.ts'
import { errorSentence } from '../../../shared/words/errors.ts'
import { filterProblemSentence, noMatchSentence } from '../../../shared/words/filter.ts'
import { recordedWords, stateOfWords } from '../../../shared/words/moments.ts'
import { noticeSentence } from '../../../shared/words/notices.ts'
import { lastKnownSentence, silentSourceSentence, sourceProblemSentence } from '../../../shared/words/sources.ts'
import { capitalise, sourceLabel } from '../../../shared/words/states.ts'
import { useLiveNow } from '../../api/clock.tsx'
import { useLive } from '../../api/live.tsx'
import { useMoment } from '../../api/moment.tsx'
import { Banner, Button, Keys } from '../../ui/atoms.tsx'
import styles from './graph-screen.module.css'
import type { ChangeViewState, ViewState } from './view-state.ts'

/**
 * What is not as it should be with the picture itself, above it. Over the map it is one line that opens: it lies on room that
 * the map leaves free, so that a source that falls silent moves nothing that is drawn.
 */
export function Banners({
  view,
  state,
  change,
  health,
}: {
  readonly view: GraphView | null
  readonly state: ViewState
  readonly change: ChangeViewState
  readonly health: readonly SourceHealth[] | null
}) {
  const live = useLive()
  const { shown, snapshot, go } = useMoment()
  const now = useLiveNow(1000)
  const [isOpen, setOpen] = useState(false)
  const lost = live.connection.state === 'lost' ? live.connection : null
  const noMatch =
    view !== null &&
    state.filter !== '' &&
    view.filterProblem === null &&
    view.counts.matchingHops === 0 &&
    view.counts.matchingWorkloads === 0
  return (
    <div className={styles.strip} data-over={state.show === 'map' && view !== null} data-open={isOpen}>
      <div className={styles.banners} data-testid="banners">
        {lost === null ? null : (
          <Banner
            tone="fail"
            icon={<OctagonX size={16} aria-hidden="true" />}
            action={<Button onClick={live.retry}>Try now</Button>}
          >
            {lost.failure === null
              ? noticeSentence('service-gone')
              : errorSentence(lost.failure.code, lost.failure.subject, lost.failure.advice)}{' '}
            Since {formatClock(lost.since, now)}, {formatDuration(now - lost.since)}.
          </Banner>
        )}
        {shown === null || (view?.past?.gap ?? null) !== null ? null : (
          <Banner
            tone="info"
            icon={<Clock3 size={16} aria-hidden="true" />}
            action={
              snapshot === null ? (
                <Button small onClick={() => go(null)} data-testid="back-to-live">
                  Back to live <Keys keys={['l']} />
                </Button>
              ) : undefined
            }
          >
            <b>
              {snapshot === null ? '' : `Snapshot of ${snapshot.of}. `}
              {stateOfWords(shown, now)}.
            </b>{' '}
            {view === null || view.past === null ? '' : `${capitalise(recordedWords(view.past))}.`}
          </Banner>
        )}
        {view === null || view.filterProblem === null ? null : (
          <Banner tone="warn" icon={<ListFilter size={16} aria-hidden="true" />}>
            {filterProblemSentence(view.filterProblem)}
          </Banner>
        )}
        {noMatch ? (
          <Banner
            tone="info"
            icon={<ListFilter size={16} aria-hidden="true" />}
            action={
              <Button onClick={() => change({ filter: '' })}>
                Clear <Keys keys={['esc']} />
              </Button>
            }
          >
            {noMatchSentence(state.filter)}
          </Banner>
        ) : null}
        {view === null || view.lastKnown === null || shown !== null ? null : (
          <Banner tone="unknown" icon={<History size={16} aria-hidden="true" />}>
            <b>{lastKnownSentence(view.lastKnown, now)}</b> The sources are being asked.
          </Banner>
        )}
        {lost === null && shown === null ? <SilentSources health={health} now={now} /> : null}
        {view === null || view.intentProblem === null ? null : (
          <Banner tone="warn" icon={<FileWarning size={16} aria-hidden="true" />}>
            {noticeSentence('intent-problem', { message: view.intentProblem })}
          </Banner>
        )}
        {state.open.length === 0 || state.show !== 'map' ? null : (
          <Banner
            tone="info"
            icon={<SquareDashed size={16} aria-hidden="true" />}
            action={<Button onClick={() => change({ open: [], selected: null })}>Close groups</Button>}
          >
            {state.open.length === 1 ? '1 group is open' : `${state.open.length} groups are open`}: their workloads are
            drawn singly.
          </Banner>
        )}
      </div>
      <Button small className={styles.more} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? 'Less' : 'More'}
      </Button>
    </div>
  )
}

/** Sources that stopped answering: the first two in words, the rest counted. The top bar has all of them. */
function SilentSources({ health, now }: { readonly health: readonly SourceHealth[] | null; readonly now: EpochMs }) {
  const silent = (health ?? []).filter(
    (source) => source.configured > 0 && source.pending === 0 && source.answering < source.configured,
  )
  return silent.slice(0, 2).map((source) => {
    const first = source.problems[0]
    const more = source.problems.length - 1
    const text =
      // One that never answered has a reason to tell; of one that did, since when it is silent says more.
      first === undefined || (source.answering === 0 && source.newestReadAt !== null)
        ? silentSourceSentence(source.source, source.newestReadAt, now)
        : `${sourceLabel(source.source)} ${sourceProblemSentence(first, now)}`
    return (
      <Banner key={source.source} tone="unknown" icon={<SquareDashed size={16} aria-hidden="true" />}>
        <b>{text}</b> {more > 0 ? `And ${more} more. ` : ''}
        {source.newestReadAt === null ? '' : 'What it said before is shown as last known.'}
      </Banner>
    )
  })
}
