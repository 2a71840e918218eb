import { AppWindow, SearchX } from 'lucide-react'
import type { RefusalGroup } from '../../../shared/domain/diagnosis/refusals/model.ts'
import { endName, refusalAloneWords } from '../../../shared/words/diagnosis-refusals.ts'
import { useNow } from '../../api/clock.tsx'
import { useRefusals } from '../../api/diagnosis.ts'
import { Plate } from '../../ui/atoms.tsx'
import { AsideSection } from './aside-parts.tsx'
import { graphLink } from './links.ts'
import parts from './parts.module.css'
import styles from './request.module.css'

/** The group of this key in the list that is shown; null: none is asked for, or it is not in it. */
export function useGroup(environment: string | null, key: string | undefined, minutes: number): RefusalGroup | null {
  const { data } = useRefusals(key === undefined ? null : environment, minutes)
  return key === undefined ? null : (data?.groups.find((group) => group.key === key) ?? null)
}

/** A refusal that no id leads to: all that is known is what its group says. */
export function RefusalAlone({ group }: { readonly group: RefusalGroup }) {
  const { title, literal, times, why } = refusalAloneWords(group, useNow(60_000))
  return (
    <div className={styles.alone} data-testid="refusal-alone">
      <Plate
        tone={group.kind === 'vault' ? 'info' : 'unknown'}
        icon={
          group.kind === 'vault' ? <AppWindow size={20} aria-hidden="true" /> : <SearchX size={20} aria-hidden="true" />
        }
        title={title}
        {...(literal === null ? {} : { literal })}
      >
        <p>{times}</p>
        <p>{why}</p>
      </Plate>
    </div>
  )
}

/** What can be done all the same. */
export function RefusalAloneSide({
  environment,
  group,
}: {
  readonly environment: string
  readonly group: RefusalGroup
}) {
  const { next, page } = refusalAloneWords(group, group.latest.at)
  const ends = [group.from, group.to].flatMap((end) =>
    end.workload === null ? [] : [{ id: end.workload, name: endName(end) }],
  )
  return (
    <>
      <AsideSection title="What to do">
        <p className={`${parts.prose} ${styles.advice}`}>{next}</p>
        <p className={`${parts.prose} ${styles.advice}`}>
          More in <code>{page}</code>.
        </p>
      </AsideSection>
      {ends.length === 0 ? null : (
        <AsideSection title="Related">
          <ul className={styles.links}>
            {ends.map(({ id, name }) => (
              <li key={id}>
                <a href={graphLink(environment, id)} data-testid="workload-on-graph">
                  {name} on the graph
                </a>
              </li>
            ))}
          </ul>
        </AsideSection>
      )}
    </>
  )
}
