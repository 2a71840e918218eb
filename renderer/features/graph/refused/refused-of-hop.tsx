import { SquareDashed } from 'lucide-react'
import { useState } from 'react'
import type { Hop } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import { errorSentence } from '../../../../shared/words/errors.ts'
import { blindSpots, emptySentence, reasonsOf, unloggedHopSentence } from '../../../../shared/words/refused.ts'
import { failureOf } from '../../../api/failure.ts'
import { useRefused, useSourceHealth } from '../../../api/hooks.ts'
import { Button } from '../../../ui/atoms.tsx'
import { Section } from '../inspector/rows.tsx'
import styles from './refused.module.css'
import { keyOf, RefusedBy, RefusedFacts } from './refused-line.tsx'
import { endsOf, isLogged } from './refused-lines.ts'

const minutes = 60
const most = 20
const shownAtFirst = 5

interface RefusedOfHopProps {
  readonly environment: string
  readonly hop: Hop
  readonly names: ReadonlyMap<string, string>
  readonly now: EpochMs
  readonly onCopy: (text: string) => void
  /** Opens the list of all refused requests, limited to this hop. */
  readonly onList: () => void
}

/** The latest refused requests of one hop. */
export function RefusedOfHop(props: RefusedOfHopProps) {
  const ends = endsOf(props.hop)
  return (
    <Section title="Refused requests">
      <div data-testid="refused-of-hop">
        {ends.known ? (
          <>
            <Lines {...props} caller={ends.callerSpiffeId} callee={ends.calleeSpiffeId} />
            <Button small onClick={props.onList} data-testid="refused-in-list">
              Show in list
            </Button>
          </>
        ) : (
          <Unknown text={ends.sentence} />
        )}
      </div>
    </Section>
  )
}

function Lines({
  environment,
  hop,
  names,
  now,
  onCopy,
  caller,
  callee,
}: RefusedOfHopProps & { readonly caller: string; readonly callee: string }) {
  const query = useRefused({ environment, limit: most, minutes, callerSpiffeId: caller, calleeSpiffeId: callee })
  const health = useSourceHealth(environment)
  const [all, setAll] = useState(false)
  if (query.data === undefined) {
    if (query.error === null) return <p className={styles.quiet}>Asking…</p>
    const failure = failureOf(query.error)
    return <Unknown text={errorSentence(failure.code, failure.subject, failure.advice)} />
  }
  const { requests, complete } = query.data
  const shown = all ? requests : requests.slice(0, shownAtFirst)
  const spots = blindSpots(query.data, health, now)
  return (
    <>
      {requests.length > 0 ? null : isLogged(hop) || spots.length > 0 ? (
        <p className={styles.quiet}>{emptySentence(query.data, minutes, 'hop')}</p>
      ) : (
        <Unknown text={unloggedHopSentence} />
      )}
      {shown.map((line) => (
        <details key={keyOf(line)} className={styles.entry}>
          <summary>
            <span className={styles.time}>{formatClock(line.at, now)}</span>
            <RefusedBy line={line} short />
            <span className={styles.status}>{line.access?.status ?? '?'}</span>
            <span className={styles.why}>{reasonsOf(line)}</span>
          </summary>
          <RefusedFacts environment={environment} line={line} names={names} now={now} onCopy={onCopy} />
        </details>
      ))}
      {all || requests.length <= shownAtFirst ? null : (
        <Button small onClick={() => setAll(true)}>
          Show {requests.length - shownAtFirst} more
        </Button>
      )}
      {complete || !all ? null : (
        <p className={styles.quiet}>There are more; the list of all refused requests (key r) goes further back.</p>
      )}
      {spots.map((text) => (
        <Unknown key={text} text={text} />
      ))}
    </>
  )
}

export function Unknown({ text }: { readonly text: string }) {
  return (
    <p className={styles.blind}>
      <SquareDashed size={14} aria-hidden="true" />
      <span>{text}</span>
    </p>
  )
}
