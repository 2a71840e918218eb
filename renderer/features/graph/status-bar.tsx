import type { SourceHealth } from '../../../shared/contract/environments.ts'
import type { GraphView } from '../../../shared/domain/model/view.ts'
import { countOf } from '../../../shared/words/durations.ts'
import { formatPast, recordedWords } from '../../../shared/words/moments.ts'
import { sourceHealthText } from '../../../shared/words/sources.ts'
import { sourceLabel } from '../../../shared/words/states.ts'
import { countsSentence, simplifiedSentence } from '../../../shared/words/summaries.ts'
import { useLiveNow } from '../../api/clock.tsx'
import { useMoment } from '../../api/moment.tsx'
import { StatusLine } from '../../ui/status-line.tsx'

const keys = [
  [['/'], 'filter'],
  [['n'], 'next problem'],
  [['⏎'], 'open'],
  [['?'], 'help'],
] as const

const pastKeys = [
  [['l'], 'live'],
  [['[', ']'], 'events'],
  [['c'], 'compare'],
  [['?'], 'help'],
] as const

/** Denominators left, keys right; of the past, what of it is recorded. */
export function StatusBar({
  view,
  filter,
  health,
  said,
}: {
  readonly view: GraphView | null
  readonly filter: string
  readonly health: readonly SourceHealth[] | null
  /** What was just done, such as copying. */
  readonly said: string
}) {
  const { shown, snapshot, whyOff } = useMoment()
  const now = useLiveNow(10_000)
  const silent = (health ?? []).filter((source) => source.answering < source.configured - source.pending)
  const simplified = view === null ? null : simplifiedSentence(view.simplified, view.counts)
  if (shown !== null) {
    return (
      <StatusLine testId="status-bar" keys={snapshot === null ? pastKeys : keys}>
        <b>
          {snapshot === null ? 'Past' : 'Snapshot'}: {formatPast(shown, now)}
        </b>
        {view === null || view.past === null ? null : (
          <span>{view.past.gap === null ? recordedWords(view.past) : 'nothing was watched'}</span>
        )}
        {whyOff === null ? null : <span>{whyOff}</span>}
        {said === '' ? null : <span role="status">{said}</span>}
      </StatusLine>
    )
  }
  return (
    <StatusLine testId="status-bar" keys={keys}>
      {view === null ? 'No graph yet' : <b>{countsSentence(view.counts)}</b>}
      {view === null || filter === '' ? null : (
        <span>
          {view.counts.matchingWorkloads} workloads and {view.counts.matchingHops} hops match
        </span>
      )}
      {simplified === null ? null : <span>{simplified}</span>}
      {view === null || view.counts.totalGaps === 0 ? null : <span>{countOf(view.counts.totalGaps, 'gap')}</span>}
      {said === '' ? null : <span role="status">{said}</span>}
      {silent.map((source) => (
        <span key={source.source}>
          {sourceLabel(source.source)} {sourceHealthText(source, now)}
        </span>
      ))}
    </StatusLine>
  )
}
