import { isPreview } from '../../../../shared/contract/environment-setup.ts'
import type { WorkloadDetail } from '../../../../shared/contract/graph.ts'
import type { CertificateView, Known } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { transportPhrase } from '../../../../shared/words/hop-sentences.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { workloadStateLabel } from '../../../../shared/words/states.ts'
import { slotText } from '../../../../shared/words/workload-sentences.ts'
import { addressOf } from '../../../ui/address-of.ts'
import { Tag } from '../../../ui/atoms.tsx'
import { startOfRow } from '../../../ui/capitals.ts'
import { workloadTone } from '../looks.ts'
import { RestsOn } from './fact-list.tsx'
import styles from './inspector.module.css'
import { WorkloadLeases } from './lease-sections.tsx'
import { Breakable, Expiry, FactRow, Section, Serial } from './rows.tsx'
import { StateGlyph } from './state-glyph.tsx'
import { WorkloadKubernetes } from './workload-kubernetes.tsx'
import { WorkloadRegistration } from './workload-registration.tsx'

export function WorkloadInspector({
  environment,
  detail,
  now,
  names,
  onSelect,
}: {
  readonly environment: string
  readonly detail: WorkloadDetail
  readonly now: EpochMs
  readonly names: ReadonlyMap<string, string>
  readonly onSelect: (id: string) => void
}) {
  const { workload, facts } = detail
  const { state, svid, slots } = workload
  return (
    <>
      <header>
        <h2>{workload.name}</h2>
        <div className={styles.states}>
          <Tag tone={workloadTone(state.state)}>{startOfRow(workloadStateLabel(state.state))}</Tag>
          <span className={styles.meta}>
            {state.since === null ? '' : `since ${formatClock(state.since, now)}, ${formatDuration(now - state.since)}`}
          </span>
        </div>
        <div className={styles.verdict} data-tone={workloadTone(state.state)}>
          <p>{reasonSentence(state.reason)}</p>
        </div>
        <RestsOn judgement={state} facts={facts} now={now} />
        {isPreview(environment) || !['no-identity', 'failing', 'attention'].includes(state.state) ? null : (
          // By the address: the diagnosis is another feature, and a preview of an environment has no such screen.
          <a
            className={styles.link}
            href={addressOf('diagnose', { env: environment, tab: 'identities', workload: workload.id })}
            data-testid="diagnose-identity"
          >
            Diagnose its identity
          </a>
        )}
      </header>
      <Section title="Identity">
        <FactRow label="SPIFFE ID" known={workload.spiffeId} now={now}>
          {(value) => <Breakable text={value} />}
        </FactRow>
        <div className={styles.row}>
          <span className={styles.label}>Stage</span>
          <span className={styles.plain}>
            {workload.stage.id ?? workload.stage.kind} ({workload.stage.basis})
          </span>
        </div>
      </Section>
      <Section title="SVID loaded by Envoy">
        <Certificate known={svid.loaded} prefix="Loaded" now={now} />
      </Section>
      <Section title="SVID presented in handshakes">
        <Certificate known={svid.presented} prefix="Presented" now={now} />
      </Section>
      <WorkloadRegistration known={workload.registration} now={now} />
      <WorkloadKubernetes key={workload.id} known={workload.kubernetes} now={now} />
      <Section title={workload.envoys.length === 1 ? 'Envoy' : `Envoys (${workload.envoys.length})`}>
        {workload.envoys.length === 0 ? <p className={styles.sentence}>No Envoy is known for it.</p> : null}
        {workload.envoys.map((envoy) => (
          <div key={envoy.envoy}>
            <p className={styles.named}>{envoy.envoy}</p>
            <FactRow of={envoy.envoy} label="State" known={envoy.state} now={now}>
              {(value) => value}
            </FactRow>
            <FactRow of={envoy.envoy} label="Version" known={envoy.version} now={now}>
              {(value) => value}
            </FactRow>
            {envoy.listeners.length === 0 ? null : (
              <div className={styles.row}>
                <span className={styles.label}>Listens on</span>
                <span className={styles.plain}>
                  <Breakable text={envoy.listeners.join(', ')} />
                </span>
              </div>
            )}
          </div>
        ))}
      </Section>
      <Section title="OPA">
        <div className={styles.row}>
          <span className={styles.label}>Revision</span>
          <span className={styles.plain}>
            {slotText(slots.opa)}
            {slots.opa.kind === 'none' ? ' does not apply' : ` · ${reasonSentence(slots.opa.reason)}`}
          </span>
        </div>
      </Section>
      <WorkloadLeases key={`leases of ${workload.id}`} workload={workload} now={now} />
      <Section title={`Hops (${detail.hops.length})`}>
        <ul className={styles.hops}>
          {detail.hops.map((hop) => {
            const outgoing = hop.from === workload.id
            const other = outgoing ? hop.to : hop.from
            return (
              <li key={hop.id}>
                <button type="button" onClick={() => onSelect(hop.id)}>
                  <StateGlyph state={hop.transport.state} />
                  <span>
                    {outgoing ? 'to' : 'from'} <b>{names.get(other) ?? other}</b>
                  </span>
                  <span className={styles.meta}>{transportPhrase(hop, now)}</span>
                </button>
              </li>
            )
          })}
        </ul>
      </Section>
    </>
  )
}

function Certificate({
  known,
  prefix,
  now,
}: {
  readonly known: Known<CertificateView>
  readonly prefix: string
  readonly now: EpochMs
}) {
  return (
    <>
      <FactRow label={`${prefix}, not after`} known={known} now={now}>
        {(value) => <Expiry at={value.notAfter} now={now} />}
      </FactRow>
      {known.known ? (
        <>
          <FactRow label={`${prefix}, from`} known={known} now={now}>
            {(value) => (value.notBefore === null ? 'none given' : formatClock(value.notBefore, now))}
          </FactRow>
          <FactRow label={`${prefix}, serial`} known={known} now={now}>
            {(value) => <Serial hex={value.serial} />}
          </FactRow>
          <FactRow label={`${prefix}, issuer`} known={known} now={now}>
            {(value) => <Breakable text={value.issuer ?? 'none given'} />}
          </FactRow>
        </>
      ) : null}
    </>
  )
}
