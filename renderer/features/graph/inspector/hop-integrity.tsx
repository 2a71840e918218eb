import type { IntegrityView, Known } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { type CountPart, signatureCounts, userIdentityCounts } from '../../../../shared/words/integrity.ts'
import styles from './inspector.module.css'
import { Breakable, FactRow, Section } from './rows.tsx'

/** What the two stages verified of each other's outputs, and whether the user behind a request was still known. */
export function HopIntegrity({ known, now }: { readonly known: Known<IntegrityView>; readonly now: EpochMs }) {
  return (
    <Section title="Stage integrity">
      <FactRow label="Integrity" known={known} now={now}>
        {(value) => <Counts parts={signatureCounts(value)} none="no signature was checked" />}
      </FactRow>
      <FactRow label="User identity" known={known} now={now}>
        {(value) => <Counts parts={userIdentityCounts(value)} none="no user identity was checked" />}
      </FactRow>
      {known.known ? (
        <>
          <FactRow label="Last failure" known={known} now={now}>
            {({ lastFailure }) =>
              lastFailure === null ? (
                'none reported'
              ) : (
                <>
                  {formatClock(lastFailure.at, now)}
                  <br />
                  <Breakable text={lastFailure.reason} />
                </>
              )
            }
          </FactRow>
          <p className={styles.sentence}>
            As the stages themselves reported it, in {formatDuration(known.value.windowSeconds * 1000)}.
          </p>
        </>
      ) : null}
    </Section>
  )
}

function Counts({ parts, none }: { readonly parts: readonly CountPart[]; readonly none: string }) {
  if (parts.length === 0) return <span className={styles.quiet}>{none}</span>
  return (
    <>
      {parts.map((part) => (
        <span key={part.text} className={part.good ? styles.good : styles.bad}>
          {part.good ? '✓' : '✕'} {part.text}
          <br />
        </span>
      ))}
    </>
  )
}
