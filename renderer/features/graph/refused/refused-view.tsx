import { Copy, OctagonX, X } from 'lucide-react'
import { useState } from 'react'
import type { SourceHealth } from '../../../../shared/contract/environments.ts'
import type { RefusedAnswer, RefusedLine } from '../../../../shared/contract/logs.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import type { GraphView } from '../../../../shared/domain/model/view.ts'
import { countOf, formatClock } from '../../../../shared/words/durations.ts'
import { errorSentence } from '../../../../shared/words/errors.ts'
import {
  blindSpots,
  emptySentence,
  partyName,
  reasonsOf,
  refusedText,
  spanWords,
} from '../../../../shared/words/refused.ts'
import { capitalise } from '../../../../shared/words/states.ts'
import { useNow } from '../../../api/clock.tsx'
import { failureOf } from '../../../api/failure.ts'
import { useRefused } from '../../../api/hooks.ts'
import { useMoment } from '../../../api/moment.tsx'
import { Banner, Button, Chip, Keys } from '../../../ui/atoms.tsx'
import styles from './refused.module.css'
import { keyOf, RefusedBy, RefusedFacts } from './refused-line.tsx'
import { endsOf, hopIdOf } from './refused-lines.ts'
import { Unknown } from './refused-of-hop.tsx'

const spans = [15, 60, 24 * 60] as const
const kinds = [
  { label: 'All', why: null },
  { label: 'Policy decision', why: 'denied' },
  { label: 'No decision', why: 'error' },
] as const
const most = 200

interface RefusedViewProps {
  readonly environment: string
  readonly view: GraphView
  readonly names: ReadonlyMap<string, string>
  readonly selected: string | null
  readonly health: readonly SourceHealth[] | null
  /** Id of the hop to which the list is limited; null: all. */
  readonly of: string | null
  readonly onAll: () => void
  readonly onSelect: (id: string) => void
  readonly onCopy: (text: string) => void
}

/** The latest requests of the whole graph that authorisation refused, in place of the map. */
export function RefusedView(props: RefusedViewProps) {
  const { environment, health, names, selected, view, of, onAll, onCopy } = props
  const [minutes, setMinutes] = useState<number>(60)
  const [why, setWhy] = useState<'denied' | 'error' | null>(null)
  const hop = of === null ? null : endsOfId(of, view)
  const limits = hop?.known === true ? { callerSpiffeId: hop.callerSpiffeId, calleeSpiffeId: hop.calleeSpiffeId } : {}
  const query = useRefused({ environment, limit: most, minutes, ...(why === null ? {} : { why }), ...limits })
  const now = useNow(10_000)
  const { shown } = useMoment()
  const requests = query.data?.requests ?? []
  return (
    <section className={styles.view} aria-label="Refused requests" data-testid="refused-view">
      <header className={styles.head}>
        <h2>Refused requests</h2>
        <span className={styles.chips} role="group" aria-label="Time">
          {spans.map((span) => (
            <Chip key={span} on={minutes === span} onClick={() => setMinutes(span)}>
              {shown === null ? `Last ${spanWords(span)}` : `${capitalise(spanWords(span))} before`}
            </Chip>
          ))}
        </span>
        <span className={styles.chips} role="group" aria-label="Refused by">
          {kinds.map((kind) => (
            <Chip key={kind.label} on={why === kind.why} onClick={() => setWhy(kind.why)}>
              {kind.label}
            </Chip>
          ))}
        </span>
        {hop?.known === true ? (
          <Chip on title="Show those of all hops" onClick={onAll} data-testid="refused-of">
            {partyName(hop.callerSpiffeId, null, names)} → {partyName(hop.calleeSpiffeId, null, names)}
            <X size={12} aria-hidden="true" />
          </Chip>
        ) : null}
        <span className={styles.grow} />
        {query.data === undefined ? null : <span className={styles.count}>{countWords(query.data)}</span>}
        <Button
          small
          disabled={requests.length === 0}
          onClick={() => onCopy(requests.map((line) => refusedText(line, names)).join('\n\n'))}
          {...(selected === null ? { 'data-copy': '' } : {})}
        >
          <Copy size={12} aria-hidden="true" />
          Copy list
          {selected === null ? <Keys keys={['y']} /> : null}
        </Button>
      </header>
      {query.error === null ? null : <Failed error={query.error} />}
      {query.data === undefined ? (
        query.error === null ? (
          <p className={styles.message} role="status">
            Asking…
          </p>
        ) : null
      ) : (
        <Listed {...props} answer={query.data} minutes={minutes} health={health} now={now} />
      )}
    </section>
  )
}

function Listed({
  environment,
  answer,
  minutes,
  health,
  now,
  view,
  names,
  selected,
  of,
  onSelect,
  onCopy,
}: RefusedViewProps & { readonly answer: RefusedAnswer; readonly minutes: number; readonly now: EpochMs }) {
  const [open, setOpen] = useState<string | null>(null)
  const { shown } = useMoment()
  const hops = new Set(view.edges.map((edge) => edge.id))
  return (
    <div className={styles.body} tabIndex={0}>
      {blindSpots(answer, health, now).map((text) => (
        <Unknown key={text} text={text} />
      ))}
      {answer.requests.length === 0 ? (
        <p className={styles.message} role="status">
          {emptySentence(answer, minutes, of === null ? 'all' : 'hop', shown !== null)}
        </p>
      ) : (
        <table className={styles.table}>
          <thead>
            <tr>
              <th>Time</th>
              <th>Caller → callee</th>
              <th>Request</th>
              <th>Status</th>
              <th>Refused by</th>
              <th>Reasons</th>
              <th>Decision id</th>
              <th>Request id</th>
            </tr>
          </thead>
          {answer.requests.map((line) => {
            const key = keyOf(line)
            const hop = hopIdOf(line)
            return (
              <tbody key={key} data-selected={hop !== null && hop === selected} data-open={open === key}>
                <Row
                  line={line}
                  names={names}
                  now={now}
                  open={open === key}
                  onToggle={() => {
                    setOpen(open === key ? null : key)
                    if (hop !== null && hops.has(hop) && open !== key) onSelect(hop)
                  }}
                />
                {open === key ? (
                  <tr className={styles.opened}>
                    <td colSpan={8}>
                      <RefusedFacts environment={environment} line={line} names={names} now={now} onCopy={onCopy} />
                    </td>
                  </tr>
                ) : null}
              </tbody>
            )
          })}
        </table>
      )}
    </div>
  )
}

function Row({
  line,
  names,
  now,
  open,
  onToggle,
}: {
  readonly line: RefusedLine
  readonly names: ReadonlyMap<string, string>
  readonly now: EpochMs
  readonly open: boolean
  readonly onToggle: () => void
}) {
  const { access } = line
  const reasons = reasonsOf(line)
  const request = access === null ? 'not known' : `${access.method ?? '?'} ${access.path ?? '?'}`
  return (
    <tr className={styles.line} onClick={onToggle}>
      <td className={styles.time}>{formatClock(line.at, now)}</td>
      <td>
        <button
          type="button"
          aria-expanded={open}
          title="Everything known of it"
          onClick={(event) => {
            event.stopPropagation()
            onToggle()
          }}
        >
          {partyName(line.callerSpiffeId, line.callerAddress, names)} → {partyName(line.calleeSpiffeId, null, names)}
        </button>
      </td>
      <td title={request}>{request}</td>
      <td className={styles.status}>{access?.status ?? 'not known'}</td>
      <td>
        <RefusedBy line={line} />
      </td>
      <td title={reasons}>{reasons}</td>
      <td title={line.decisionId ?? 'none'}>
        <code>{line.decisionId ?? '–'}</code>
      </td>
      <td title={line.requestId ?? 'none'}>
        <code>{line.requestId ?? '–'}</code>
      </td>
    </tr>
  )
}

/** Its ends, while the graph has it; a hop that has gone still has them in its id. */
function endsOfId(id: string, view: GraphView): ReturnType<typeof endsOf> {
  const edge = view.edges.find((one) => one.id === id)
  const [from = '', to = ''] = id.replace(/^hop\//, '').split('>')
  return endsOf(edge ?? { from, to })
}

function Failed({ error }: { readonly error: Error }) {
  const failure = failureOf(error)
  return (
    <div className={styles.failed}>
      <Banner tone="fail" icon={<OctagonX size={16} aria-hidden="true" />}>
        {errorSentence(failure.code, failure.subject, failure.advice)}
      </Banner>
    </div>
  )
}

function countWords({ requests, complete }: RefusedAnswer): string {
  return complete ? countOf(requests.length, 'request') : `the latest ${requests.length} of more`
}
