import { BadgeCheck, FileText, KeyRound, type LucideIcon } from 'lucide-react'
import { memo } from 'react'
import type { Slot, Workload } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { workloadStateLabel } from '../../../../shared/words/states.ts'
import { countdownText, lifetimeLeft, slotText, workloadSentence } from '../../../../shared/words/workload-sentences.ts'
import { useNow } from '../../../api/clock.tsx'
import { KindIcon } from '../icons.tsx'
import styles from './card.module.css'
import { SvidRing } from './svid-ring.tsx'

/** The card of one workload: ring, name, countdown, identity and the three slots. 152 × 92. */
export const WorkloadCard = memo(function WorkloadCard({
  workload,
  matches,
  selected,
  onSelect,
}: {
  readonly workload: Workload
  readonly matches: boolean
  readonly selected: boolean
  readonly onSelect: (id: string) => void
}) {
  const now = useNow(selected ? 1000 : 10_000)
  const state = workload.state.state
  const sentence = workloadSentence(workload, now)
  return (
    <button
      type="button"
      className={styles.card}
      data-testid={`node-${workload.id}`}
      data-state={state}
      data-selected={selected}
      data-dim={!matches}
      aria-label={sentence}
      aria-pressed={selected}
      title={`${sentence}\n${reasonSentence(workload.state.reason)}`}
      onClick={() => onSelect(workload.id)}
    >
      <span className={styles.ring}>
        <SvidRing left={lifetimeLeft(workload, now)} state={state} />
        <KindIcon kind={workload.stage.kind} size={14} strokeWidth={1.75} />
      </span>
      <span className={styles.name}>{workload.name}</span>
      <span className={styles.countdown} data-tone={identityTone(workload, now)}>
        {countdownText(workload, now)}
      </span>
      <span className={styles.identity}>{workload.identityLabel}</span>
      <span className={styles.slots}>
        <CardSlot icon={FileText} slot={workload.slots.opa} what="OPA revision" />
        <CardSlot icon={KeyRound} slot={workload.slots.vault} what="Vault leases" />
        <CardSlot icon={BadgeCheck} slot={workload.slots.image} what="Image" />
      </span>
      <span className={styles.word}>{workloadStateLabel(state)}</span>
    </button>
  )
})

/** Only what is wrong with the SVID itself colours its countdown; an OPA that is silent does not. */
function identityTone(workload: Workload, now: EpochMs): 'fail' | 'warn' | 'quiet' {
  if (workload.state.state === 'no-identity') return 'warn'
  const left = lifetimeLeft(workload, now)
  if (left !== null && left <= 0) return 'fail'
  const isAboutSvid = /^(svid|secret|entry|agent)-/.test(workload.state.reason.code)
  if (!isAboutSvid) return 'quiet'
  return workload.state.state === 'failing' ? 'fail' : workload.state.state === 'attention' ? 'warn' : 'quiet'
}

function CardSlot({
  icon: Icon,
  slot,
  what,
}: {
  readonly icon: LucideIcon
  readonly slot: Slot
  readonly what: string
}) {
  const tone = slot.kind === 'value' ? slot.tone : slot.kind
  const why = slot.reason === undefined ? 'does not apply' : reasonSentence(slot.reason)
  const title = `${what}: ${why}`
  return (
    <span className={styles.slot} data-tone={tone} title={title}>
      <Icon size={12} strokeWidth={1.9} aria-hidden="true" />
      <span>{slotText(slot)}</span>
    </span>
  )
}
