import { useState } from 'react'
import type { Known, LeaseView } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import { sourceLabel } from '../../../../shared/words/states.ts'
import {
  leaseDoubt,
  leaseFoundBy,
  leaseGiven,
  leaseLearntFrom,
  leaseRenewable,
  leaseStanding,
} from '../../../../shared/words/vault-leases.ts'
import { Button } from '../../../ui/atoms.tsx'
import styles from './inspector.module.css'
import leaseStyles from './lease.module.css'
import { Breakable, FactRow } from './rows.tsx'

const shownAtFirst = 5

/** What is to be said of a lease besides, under its line. */
export interface LeaseNote {
  readonly title: string
  readonly text: string
  readonly certain: boolean
}

/** Leases as lines that open: what, how it stands, and on demand everything that is known of it. */
export function LeaseList({
  leases,
  now,
  note,
}: {
  readonly leases: readonly LeaseView[]
  readonly now: EpochMs
  readonly note?: (lease: LeaseView) => LeaseNote | null
}) {
  const [all, setAll] = useState(false)
  const shown = all ? leases : leases.slice(0, shownAtFirst)
  return (
    <>
      <ul className={leaseStyles.leases}>
        {shown.map((lease) => (
          <li key={`${lease.vault} ${lease.leaseId}`}>
            <Lease lease={lease} now={now} note={note?.(lease) ?? null} />
          </li>
        ))}
      </ul>
      {shown.length === leases.length ? null : (
        <Button small onClick={() => setAll(true)}>
          Show {leases.length - shown.length} more
        </Button>
      )}
    </>
  )
}

function Lease({
  lease,
  now,
  note,
}: {
  readonly lease: LeaseView
  readonly now: EpochMs
  readonly note: LeaseNote | null
}) {
  const known: Known<LeaseView> = { known: true, value: lease, fact: lease.fact, stale: lease.stale }
  const of = lease.leaseId
  const doubt = leaseDoubt(lease)
  const given = leaseGiven(lease)
  const isOpen = lease.state === 'active' || lease.state === 'unclear'
  return (
    <details className={leaseStyles.lease} data-state={lease.state} data-testid="lease">
      <summary>
        <span className={leaseStyles.path}>
          <Breakable text={lease.path} />
        </span>
        <span className={leaseStyles.state}>
          {lease.state === 'unclear' ? '? ' : ''}
          {leaseStanding(lease, now)}
          {lease.stale && isOpen ? <span className={styles.stale}> · last known</span> : null}
        </span>
        {lease.isLong && isOpen ? <span className={leaseStyles.warn}>▲ Given for {given}</span> : null}
        {note === null ? null : (
          <>
            <span className={note.certain ? leaseStyles.warn : leaseStyles.unknown}>
              {note.certain ? '▲' : '?'} {note.title}
            </span>
            <span className={leaseStyles.note}>{note.text}</span>
          </>
        )}
      </summary>
      {doubt === null ? null : <p className={styles.missing}>{doubt}</p>}
      <FactRow of={of} label="Ends" known={part(known, lease.expiresAt, 'lease-end')} now={now}>
        {(at) => formatClock(at, now)}
      </FactRow>
      <FactRow of={of} label="Issued" known={part(known, lease.issuedAt, 'lease-issue')} now={now}>
        {(at) => formatClock(at, now)}
      </FactRow>
      <FactRow of={of} label="Given for" known={part(known, given, 'lease-span')} now={now}>
        {(text) => text}
      </FactRow>
      <FactRow of={of} label="Renewable" known={part(known, leaseRenewable(lease, now), 'lease-renewal')} now={now}>
        {(text) => text}
      </FactRow>
      <FactRow of={of} label="Holder" known={part(known, lease.holder, 'lease-holder')} now={now}>
        {(holder) => (
          <>
            <Breakable text={holder} />
            {lease.foundBy === null ? null : (
              <>
                <br />
                <span className={styles.quiet}>found {leaseFoundBy(lease.foundBy)}</span>
              </>
            )}
          </>
        )}
      </FactRow>
      {lease.opens === null ? null : (
        <FactRow of={of} label="Opens" known={declared(known, lease.opens)} now={now}>
          {(title) => title}
        </FactRow>
      )}
      <FactRow of={of} label="Mount, role" known={known} now={now}>
        {(value) => <Breakable text={value.role === '' ? value.mount : `${value.mount} · ${value.role}`} />}
      </FactRow>
      <FactRow of={of} label="Lease" known={known} now={now}>
        {(value) => <Breakable text={value.leaseId} />}
      </FactRow>
      <p className={styles.sentence}>
        Learnt from {leaseLearntFrom(lease.learntFrom)}, Vault “{lease.vault}”.
      </p>
    </details>
  )
}

/** One value of a lease; null: the source does not tell it. */
function part<Value>(lease: Known<LeaseView>, value: Value | null, what: string): Known<Value> {
  if (!lease.known) return lease
  if (value !== null) return { ...lease, value }
  const { source, instance } = lease.fact
  return { known: false, reason: { code: 'not-in-answer', params: { source: sourceLabel(source), instance, what } } }
}

/** What a mount opens is what intent.yaml says, not what Vault does. */
function declared(lease: Known<LeaseView>, title: string): Known<string> {
  if (!lease.known) return lease
  const { observedAt, factId } = lease.fact
  const locator = 'credentials'
  const fact = { factId, source: 'intent', instance: 'intent.yaml', locator, observedAt, basis: 'declared' } as const
  return { known: true, value: title, fact, stale: false }
}
