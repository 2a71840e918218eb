import type { RequestDiagnosis } from '../../../shared/domain/diagnosis/model.ts'
import { loggedSentence } from '../../../shared/words/diagnosis-trace.ts'
import { addressOf } from '../../ui/address-of.ts'
import { AsideSection, NextSteps, OpenList, RuledOutList } from './aside-parts.tsx'
import { linkTo } from './links.ts'
import styles from './request.module.css'
import { RequestChange } from './request-change.tsx'
import { TraceList } from './request-trace.tsx'
import { workloadName } from './workload-name.ts'

/** Fix beside the proof: the smallest change, what to do next, what it is not, what is open. */
export function RequestSide({
  diagnosis,
  environment,
  names,
  onCopy,
}: {
  readonly diagnosis: RequestDiagnosis
  readonly environment: string | null
  readonly names: ReadonlyMap<string, string>
  readonly onCopy: (text: string) => void
}) {
  const { ruledOut, open, next, subject, trace } = diagnosis
  const logged = loggedSentence(trace)
  return (
    <>
      {environment === null || subject.decisionId === null ? null : (
        <RequestChange environment={environment} diagnosis={diagnosis} decisionId={subject.decisionId} />
      )}
      {next.length === 0 ? null : (
        <AsideSection title="Next steps">
          <NextSteps
            next={next}
            linkOf={(place) => (environment === null ? null : linkTo(environment, place))}
            onCopy={onCopy}
          />
        </AsideSection>
      )}
      <AsideSection title="Ruled out">
        <RuledOutList ruledOut={ruledOut} />
      </AsideSection>
      <AsideSection title="Still open">
        <OpenList open={open} />
      </AsideSection>
      {logged === null ? null : (
        <AsideSection title={logged}>
          <TraceList trace={trace} names={names} />
        </AsideSection>
      )}
      {environment === null ? null : <Related diagnosis={diagnosis} environment={environment} names={names} />}
    </>
  )
}

/** Places about the same call, whatever the verdict. */
function Related({
  diagnosis,
  environment,
  names,
}: {
  readonly diagnosis: RequestDiagnosis
  readonly environment: string
  readonly names: ReadonlyMap<string, string>
}) {
  const { chain, firstBroken, subject } = diagnosis
  const hop = chain[firstBroken ?? 0]?.hop ?? null
  const ends = hop?.replace(/^hop\//, '').split('>') ?? []
  const [from = '', to = ''] = ends.map((id) => workloadName(id, names))
  if (hop === null && subject.decisionId === null) return null
  return (
    <AsideSection title="Related">
      <ul className={styles.links} data-testid="related">
        {hop === null ? null : (
          <>
            <li>
              <a href={addressOf('graph', { env: environment, selected: hop })} data-testid="hop-on-graph">
                Hop {from} → {to} on the graph
              </a>
            </li>
            <li>
              <a href={addressOf('graph', { env: environment, view: 'refused', of: hop, selected: hop })}>
                Refused requests of this hop
              </a>
            </li>
          </>
        )}
        {subject.decisionId === null ? null : (
          <li>
            <a
              href={addressOf('policy', { env: environment, decision: subject.decisionId })}
              data-testid="simulate-decision"
            >
              Simulate the decision
            </a>
          </li>
        )}
      </ul>
    </AsideSection>
  )
}
