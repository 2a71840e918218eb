import type { HopDetail } from '../../../../shared/contract/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { claimLabel } from '../../../../shared/words/states.ts'
import { Tag } from '../../../ui/atoms.tsx'
import { startOfRow } from '../../../ui/capitals.ts'
import { claimTone } from '../looks.ts'
import { RestsOn } from './fact-list.tsx'
import styles from './inspector.module.css'
import { Section } from './rows.tsx'

/** Whom requests say they come from, beside what the certificate proves. */
export function HopClaim({ detail, now }: { readonly detail: HopDetail; readonly now: EpochMs }) {
  const { identityClaim } = detail.hop
  return (
    <Section title="Claimed sender">
      <div className={styles.states} data-testid="claimed-sender">
        <Tag tone={claimTone(identityClaim.state)}>{startOfRow(claimLabel(identityClaim.state))}</Tag>
      </div>
      <p className={styles.sentence}>{reasonSentence(identityClaim.reason)}</p>
      <RestsOn judgement={identityClaim} facts={detail.facts} now={now} />
    </Section>
  )
}
