import { Archive } from 'lucide-react'
import type { PackSummary } from '../../../shared/domain/evidence/model.ts'
import { formatMoment } from '../../../shared/words/durations.ts'
import { Button, Plate } from '../../ui/atoms.tsx'
import { bytesWords } from './bytes.ts'
import styles from './evidence.module.css'
import { dayAndTime } from './period.ts'

/** Packs that were made here, the latest first. */
export function PacksTab({
  packs,
  chosen,
  onChoose,
  onBuild,
}: {
  readonly packs: readonly PackSummary[]
  readonly chosen: string | null
  readonly onChoose: (packId: string) => void
  readonly onBuild: () => void
}) {
  if (packs.length === 0) {
    return (
      <Plate
        tone="info"
        icon={<Archive size={20} aria-hidden="true" />}
        title="No pack was made here yet"
        actions={
          <Button primary onClick={onBuild}>
            Build a pack
          </Button>
        }
      >
        <p>A pack holds what the controls of this environment did in a period, and what is not known of it.</p>
      </Plate>
    )
  }
  return (
    <section className={styles.card} aria-label="Packs">
      <div className={styles.tableWrap}>
        <table className={styles.table} data-testid="evidence-packs">
          <thead>
            <tr>
              <th scope="col">Pack</th>
              <th scope="col">Period (UTC)</th>
              <th scope="col">Sealed</th>
              <th scope="col" className={styles.number}>
                Size
              </th>
              <th scope="col">Lacks</th>
            </tr>
          </thead>
          <tbody>
            {packs.map((pack) => (
              <tr key={pack.packId} aria-selected={pack.packId === chosen}>
                <td>
                  <button type="button" className={styles.link} onClick={() => onChoose(pack.packId)}>
                    {pack.packId}
                  </button>
                </td>
                <td>
                  {dayAndTime(pack.period.from)} to {dayAndTime(pack.period.to)}
                </td>
                <td>{formatMoment(pack.sealedAt)}</td>
                <td className={styles.number}>{pack.bytes === null ? 'gone' : bytesWords(pack.bytes)}</td>
                <td className={styles.muted}>{lackWords(pack)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function lackWords(pack: PackSummary): string {
  const insufficient = pack.artefacts.filter(({ state }) => state === 'insufficient').length
  const parts = [
    pack.gaps.length === 0 ? null : pack.gaps.length === 1 ? '1 gap' : `${pack.gaps.length} gaps`,
    insufficient === 0
      ? null
      : insufficient === 1
        ? '1 artefact insufficient'
        : `${insufficient} artefacts insufficient`,
  ].filter((part) => part !== null)
  return parts.length === 0 ? 'nothing known' : parts.join(', ')
}
