import type { Known, RegistrationView } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatDuration } from '../../../../shared/words/durations.ts'
import styles from './inspector.module.css'
import { Breakable, FactRow, Section } from './rows.tsx'

/** Who may get the identity, as SPIRE says; where its entries cannot be read, as an object of the cluster declares. */
export function WorkloadRegistration({
  known,
  now,
}: {
  readonly known: Known<RegistrationView>
  readonly now: EpochMs
}) {
  const isDeclared = known.known && known.fact.basis === 'declared'
  return (
    <Section title={isDeclared ? 'Registration, declared' : 'Registration'}>
      <FactRow label={isDeclared ? 'Declared by' : 'Entry'} known={known} now={now}>
        {(value) => <Breakable text={value.entryId} />}
      </FactRow>
      {isDeclared ? (
        <p className={styles.sentence}>
          An object of the cluster declares it. SPIRE’s own entries are not read, so whether SPIRE has the entry is not
          known.
        </p>
      ) : null}
      {known.known ? (
        <>
          <FactRow label="Parent" known={known} now={now}>
            {(value) =>
              value.parentId === '' ? 'not said: the controller chooses it' : <Breakable text={value.parentId} />
            }
          </FactRow>
          <FactRow label="Selectors" known={known} now={now}>
            {(value) => (value.selectors.length === 0 ? 'none named' : <Breakable text={value.selectors.join(', ')} />)}
          </FactRow>
          <FactRow label="SVID life" known={known} now={now}>
            {(value) => (value.ttlSeconds === null ? 'the server’s default' : formatDuration(value.ttlSeconds * 1000))}
          </FactRow>
          <FactRow label="Agent" known={known.value.agent} now={now}>
            {(value) => (
              <>
                {value.banned ? <b className={styles.bad}>banned </b> : null}
                <Breakable text={value.spiffeId} />
              </>
            )}
          </FactRow>
        </>
      ) : null}
    </Section>
  )
}
