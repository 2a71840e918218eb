import { transportStates, workloadStates } from '../../../../shared/domain/model/hop-state.ts'
import type { GraphView } from '../../../../shared/domain/model/view.ts'
import { gapSentence } from '../../../../shared/words/gaps.ts'
import { transportLabel, workloadStateLabel } from '../../../../shared/words/states.ts'
import { defectSentence, simplifiedSentence } from '../../../../shared/words/summaries.ts'
import { useNow } from '../../../api/clock.tsx'
import { edgeSentence } from '../canvas/hop-mark.tsx'
import { problemsInOrder } from '../order.ts'
import styles from './inspector.module.css'
import { Section } from './rows.tsx'

const mostShown = 12

/** Nothing is selected: what needs a look, the exact numbers, and what could not be read. */
export function Overview({
  view,
  names,
  onSelect,
}: {
  readonly view: GraphView
  readonly names: ReadonlyMap<string, string>
  readonly onSelect: (id: string) => void
}) {
  const now = useNow(10_000)
  const problems = problemsInOrder(view)
  const edges = new Map(view.edges.map((edge) => [edge.id, edge]))
  const simplified = simplifiedSentence(view.simplified, view.counts)
  return (
    <>
      <header>
        <h2>{title(view, problems.length)}</h2>
        <p className={styles.sentence}>
          {isUnwatched(view)
            ? 'Nobody watched. What is listed was known before, and proves nothing of it.'
            : problems.length === 0
              ? 'What is unknown is counted below; it is not the same as verified.'
              : 'Worst first. Key n goes from one to the next.'}
        </p>
        <ul className={styles.hops}>
          {problems.slice(0, mostShown).map((id) => {
            const edge = edges.get(id)
            const end = edge === undefined ? null : { from: names.get(edge.from) ?? '', to: names.get(edge.to) ?? '' }
            return (
              <li key={id}>
                <button type="button" className={styles.problem} onClick={() => onSelect(id)}>
                  {edge === undefined || end === null ? nodeLine(view, id) : edgeSentence(edge, end, now)}
                </button>
              </li>
            )
          })}
        </ul>
        {problems.length > mostShown ? (
          <p className={styles.sentence}>And {problems.length - mostShown} more; the table has all of them.</p>
        ) : null}
      </header>
      <Section title="Workloads">
        <Figures counts={view.counts.workloads} states={workloadStates} label={workloadStateLabel} />
      </Section>
      <Section title="Hops">
        <Figures counts={view.counts.transport} states={transportStates} label={transportLabel} />
      </Section>
      {simplified === null ? null : (
        <Section title="Simplified">
          <p className={styles.sentence}>{simplified}</p>
        </Section>
      )}
      {view.gaps.length === 0 ? null : (
        <Section title={`Gaps (${view.counts.totalGaps.toLocaleString('en-GB')})`}>
          {view.gaps.slice(0, mostShown).map((gap) => (
            <p key={`${gap.source}/${gap.instance}/${gap.what}`} className={styles.missing}>
              {gapSentence(gap)}
            </p>
          ))}
          {view.counts.totalGaps > mostShown ? (
            <p className={styles.sentence}>
              And {(view.counts.totalGaps - mostShown).toLocaleString('en-GB')} more; “everyhop graph show” names all.
            </p>
          ) : null}
        </Section>
      )}
      {view.defects.length === 0 ? null : (
        <Section title="Defects of Everyhop">
          {view.defects.map((defect) => (
            <p key={`${defect.rule}/${defect.subject}`} className={styles.sentence}>
              {defectSentence(defect)}
            </p>
          ))}
        </Section>
      )}
    </>
  )
}

/** It is of a past time that nobody watched. */
function isUnwatched({ past }: GraphView): boolean {
  return past !== null && past.gap !== null
}

function title(view: GraphView, problems: number): string {
  if (isUnwatched(view)) return 'Nothing is known of this time'
  if (view.counts.totalWorkloads === 0) return 'Nothing is known yet'
  return problems === 0 ? 'No problem is known' : `${problems.toLocaleString('en-GB')} to look at`
}

function Figures<State extends string>({
  counts,
  states,
  label,
}: {
  readonly counts: Readonly<Record<State, number>>
  readonly states: readonly State[]
  readonly label: (state: State) => string
}) {
  return (
    <dl className={styles.figures}>
      {states.map((state) => (
        <div key={state} style={{ display: 'contents' }}>
          <dt>{counts[state].toLocaleString('en-GB')}</dt>
          <dd>{label(state)}</dd>
        </div>
      ))}
    </dl>
  )
}

function nodeLine(view: GraphView, id: string): string {
  const component = view.control.find((candidate) => candidate.id === id)
  if (component !== undefined) return `${component.name}, ${workloadStateLabel(component.state.state)}.`
  const item = view.nodes.find((node) => node.id === id)
  if (item === undefined) return id
  return item.type === 'group'
    ? `${item.name}, worst: ${workloadStateLabel(item.worst)}.`
    : `${item.workload.name}, ${workloadStateLabel(item.workload.state.state)}.`
}
