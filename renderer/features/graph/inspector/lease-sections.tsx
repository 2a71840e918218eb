import type { HopDetail } from '../../../../shared/contract/graph.ts'
import type { VaultDenialView, Workload } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { denialSentence, leaseCounts } from '../../../../shared/words/vault-leases.ts'
import styles from './inspector.module.css'
import leaseStyles from './lease.module.css'
import { LeaseList } from './lease-list.tsx'
import { FactRow, Section } from './rows.tsx'

/** Which credentials of Vault a workload holds, and what Vault refused it. */
export function WorkloadLeases({ workload, now }: { readonly workload: Workload; readonly now: EpochMs }) {
  const { leases, slots } = workload
  return (
    <Section title="Vault leases">
      <FactRow label="Leases" known={leases} now={now}>
        {(value) => leaseCounts(value)}
      </FactRow>
      {leases.known ? (
        <>
          {leases.value.nearestExpiryAt === null ? null : (
            <FactRow label="Next end" known={leases} now={now}>
              {({ nearestExpiryAt }) =>
                nearestExpiryAt === null
                  ? 'not known'
                  : `${formatClock(nearestExpiryAt, now)}, in ${formatDuration(nearestExpiryAt - now)}`
              }
            </FactRow>
          )}
          {slots.vault.kind === 'unknown' ? (
            <p className={styles.missing}>{reasonSentence(slots.vault.reason)}</p>
          ) : null}
          <Denials denials={leases.value.denials} now={now} />
          <LeaseList leases={leases.value.leases} now={now} />
          {leases.value.total > leases.value.leases.length ? (
            <p className={styles.sentence}>
              And {(leases.value.total - leases.value.leases.length).toLocaleString('en-GB')} more that are not shown.
            </p>
          ) : null}
        </>
      ) : (
        <p className={slots.vault.kind === 'unknown' ? styles.missing : styles.sentence}>
          {reasonSentence(leases.reason)}
        </p>
      )}
    </Section>
  )
}

/** Leases of the caller that open the callee; nothing where intent.yaml leads none here. */
export function HopLeases({ detail, now }: { readonly detail: HopDetail; readonly now: EpochMs }) {
  const { hop, from, to } = detail
  if (hop.leases.length === 0) return null
  return (
    <Section title={`Vault leases (${hop.leases.length})`}>
      <p className={styles.sentence}>
        {from.name} holds {hop.leases.length === 1 ? 'this' : 'these'}; intent.yaml says that{' '}
        {hop.leases.length === 1 ? 'it opens' : 'they open'} {to.name}.
      </p>
      <LeaseList leases={hop.leases} now={now} />
    </Section>
  )
}

function Denials({ denials, now }: { readonly denials: readonly VaultDenialView[]; readonly now: EpochMs }) {
  if (denials.length === 0) return null
  return (
    <ul className={leaseStyles.denials}>
      {denials.map((denial) => (
        <li key={denial.fact.factId}>
          <FactRow
            of={denial.fact.factId}
            label="Refused"
            known={{ known: true, value: denial, fact: denial.fact, stale: false }}
            now={now}
          >
            {(value) => (
              <>
                {denialSentence(value, now)}
                <br />
                <span className={styles.denied}>⊘</span> <q>{value.error.trim()}</q>
              </>
            )}
          </FactRow>
        </li>
      ))}
    </ul>
  )
}
