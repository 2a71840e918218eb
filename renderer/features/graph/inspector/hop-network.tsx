import type { HopDetail } from '../../../../shared/contract/graph.ts'
import type { NetworkView } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { countOf } from '../../../../shared/words/durations.ts'
import { directionWords, networkSentence, networkWord } from '../../../../shared/words/network.ts'
import { FactList } from './fact-list.tsx'
import styles from './inspector.module.css'
import { Breakable, FactRow, Section } from './rows.tsx'

/** What NetworkPolicy objects say of the hop: computed, so with the objects it was computed from. */
export function HopNetwork({ detail, now }: { readonly detail: HopDetail; readonly now: EpochMs }) {
  const { network } = detail.hop
  return (
    <Section title="Network policy">
      <FactRow label="Network" known={network} now={now}>
        {(value) => <b className={lookOf(value.verdict)}>{networkWord(value.verdict)}</b>}
      </FactRow>
      {network.known ? (
        <>
          <FactRow label="Callee lets in" known={network} now={now}>
            {(value) => directionWords(value.ingress, value.port)}
          </FactRow>
          <FactRow label="Caller let out" known={network} now={now}>
            {(value) => directionWords(value.egress, value.port)}
          </FactRow>
          <FactRow label="Policies" known={network} now={now}>
            {(value) => (value.policies.length === 0 ? 'none' : <Breakable text={value.policies.join(', ')} />)}
          </FactRow>
          <p className={styles.sentence}>{networkSentence(network.value)}</p>
          <details className={styles.rests}>
            <summary>How do we know? ◐ derived from {countOf(network.value.restsOn.length, 'fact')}</summary>
            <FactList ids={network.value.restsOn} facts={detail.facts} now={now} />
          </details>
        </>
      ) : null}
    </Section>
  )
}

function lookOf(verdict: NetworkView['verdict']): string | undefined {
  if (verdict === 'blocked') return styles.bad
  return verdict === 'admitted' ? styles.good : undefined
}
