import type { OrphanedLease, VaultView } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { orphanLabel } from '../../../../shared/words/vault-leases.ts'
import styles from './inspector.module.css'
import { LeaseList } from './lease-list.tsx'
import { FactRow, Section } from './rows.tsx'
import { OwnToken, SetUp } from './vault-settings.tsx'

/** What is known of a Vault itself, and of its leases those that nobody seems to need any more. */
export function VaultSections({ vault, now }: { readonly vault: VaultView; readonly now: EpochMs }) {
  const certain = vault.orphaned.filter(({ kind }) => kind !== 'unmatched')
  const unmatched = vault.orphaned.filter(({ kind }) => kind === 'unmatched')
  return (
    <>
      <Section title="Vault">
        <FactRow label="Version" known={vault.version} now={now}>
          {(value) => value}
        </FactRow>
        <FactRow label="Seal" known={vault.sealed} now={now}>
          {(value) =>
            value ? <span className={styles.bad}>✕ sealed</span> : <span className={styles.good}>✓ unsealed</span>
          }
        </FactRow>
        <FactRow label="Audit log" known={vault.audit} now={now}>
          {(value) => (
            <>
              {value.log}
              {value.since === null ? null : `, read from ${formatClock(value.since, now)} on`}
              {value.refusedLines === 0 ? null : (
                <>
                  <br />
                  <span className={styles.bad}>
                    ✕ {value.refusedLines.toLocaleString('en-GB')} of its lines could not be used
                  </span>
                </>
              )}
            </>
          )}
        </FactRow>
      </Section>
      <OwnToken token={vault.settings.token} now={now} />
      <Section title={`Orphaned leases (${certain.length.toLocaleString('en-GB')})`}>
        {certain.length === 0 ? (
          <p className={styles.sentence}>No lease is known to have outlived its holder.</p>
        ) : (
          <Orphans orphans={certain} now={now} />
        )}
      </Section>
      {unmatched.length === 0 ? null : (
        <Section title={`Leases without a known holder (${unmatched.length.toLocaleString('en-GB')})`}>
          <Orphans orphans={unmatched} now={now} />
        </Section>
      )}
      {vault.orphanedTotal > vault.orphaned.length ? (
        <p className={styles.sentence}>
          And {(vault.orphanedTotal - vault.orphaned.length).toLocaleString('en-GB')} more that are not shown.
        </p>
      ) : null}
      <SetUp settings={vault.settings} now={now} />
    </>
  )
}

function Orphans({ orphans, now }: { readonly orphans: readonly OrphanedLease[]; readonly now: EpochMs }) {
  const notes = new Map(
    orphans.map(({ lease, kind, why }) => [
      lease,
      { title: orphanLabel(kind), text: reasonSentence(why), certain: kind !== 'unmatched' },
    ]),
  )
  return <LeaseList leases={orphans.map(({ lease }) => lease)} now={now} note={(lease) => notes.get(lease) ?? null} />
}
