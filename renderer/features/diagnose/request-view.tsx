import { Copy, OctagonX, RotateCw, SearchX, Stethoscope } from 'lucide-react'
import type { RequestDiagnosis } from '../../../shared/domain/diagnosis/model.ts'
import { askedWords } from '../../../shared/words/diagnosis-evidence.ts'
import { incidentNote } from '../../../shared/words/incident-note.ts'
import { capitalise } from '../../../shared/words/states.ts'
import { useNow } from '../../api/clock.tsx'
import { useRequestDiagnosis } from '../../api/diagnosis.ts'
import { failureSentence } from '../../api/environments.ts'
import { useSourceHealth } from '../../api/hooks.ts'
import { Banner, Button, Keys, Plate } from '../../ui/atoms.tsx'
import screen from './diagnose.module.css'
import type { RequestProps } from './diagnose-props.ts'
import { NotYet } from './not-yet.tsx'
import parts from './parts.module.css'
import { RefusalAlone, RefusalAloneSide, useGroup } from './refusal-alone.tsx'
import styles from './request.module.css'
import { RequestChain } from './request-chain.tsx'
import { namedIn, nameOfAsked } from './request-named.ts'
import { RequestPath } from './request-path.tsx'
import { RequestSide } from './request-side.tsx'
import { RequestVerdict } from './request-verdict.tsx'
import { useNames } from './use-names.ts'

/** The middle and the right column of the tab Refused: two elements of the grid. */
export function RequestView({
  environment,
  line,
  address,
  onCopy,
  minutes,
}: RequestProps & {
  /** How far back the list goes that a group was chosen from. */
  readonly minutes: number
}) {
  const names = useNames(environment)
  const named = namedIn(address, line)
  const query = useRequestDiagnosis(environment, named)
  const { data } = query
  const alone = useGroup(environment, named === null ? address.group : undefined, minutes)
  const isOld = query.error !== null && data !== undefined
  return (
    <>
      <section className={screen.middle} aria-label="Refused request" tabIndex={0}>
        {named === null ? (
          alone !== null ? (
            <RefusalAlone group={alone} />
          ) : (
            <NothingAsked environment={environment} hasGroup={address.group !== undefined} />
          )
        ) : data === undefined ? (
          <NotYet
            looking={`Asking what is held of ${nameOfAsked(named)}`}
            failed="This cannot be diagnosed now"
            error={query.error}
            onRetry={() => void query.refetch()}
          />
        ) : (
          <div className={styles.diagnosis} data-last-known={isOld}>
            {isOld ? (
              <Banner tone="fail" icon={<OctagonX size={16} aria-hidden="true" />}>
                Not asked again: {failureSentence(query.error)} What is shown is the last answer.
              </Banner>
            ) : null}
            {environment === null ? null : <LastKnown environment={environment} />}
            <div className={styles.actions}>
              <span>{nameOfAsked(named)}</span>
              <Button small onClick={() => void query.refetch()}>
                <RotateCw size={12} aria-hidden="true" />
                Ask again
              </Button>
              <CopyNote diagnosis={data} environment={environment} onCopy={onCopy} />
            </div>
            <RequestVerdict diagnosis={data} />
            <RequestPath path={data.path} names={names} environment={environment} />
            {data.chain.every(({ state }) => state === 'unknown') ? (
              <Asked asked={data.asked} />
            ) : (
              <RequestChain key={keyOf(data)} diagnosis={data} names={names} environment={environment} />
            )}
          </div>
        )}
      </section>
      <aside className={screen.side} aria-label="What to do" tabIndex={0}>
        {environment === null || alone === null ? null : <RefusalAloneSide environment={environment} group={alone} />}
        {data === undefined ? null : (
          <RequestSide diagnosis={data} environment={environment} names={names} onCopy={onCopy} />
        )}
      </aside>
    </>
  )
}

/** What was opened of one request is not open of the next. */
function keyOf({ subject }: RequestDiagnosis): string {
  return [subject.requestId, subject.decisionId, subject.traceId].join()
}

function CopyNote({
  diagnosis,
  environment,
  onCopy,
}: {
  readonly diagnosis: RequestDiagnosis
  readonly environment: string | null
  readonly onCopy: (text: string) => void
}) {
  const now = useNow(1000)
  return (
    <Button
      small
      data-copy=""
      data-testid="copy-note"
      onClick={() => onCopy(incidentNote(diagnosis, { environment, now }))}
    >
      <Copy size={12} aria-hidden="true" />
      Copy as incident note
      <Keys keys={['y']} />
    </Button>
  )
}

/** Nothing tells of any step: then of whom it was asked. */
function Asked({ asked }: { readonly asked: RequestDiagnosis['asked'] }) {
  return (
    <section className={styles.asked} aria-label="Sources that were asked" data-testid="sources-asked">
      <h2>Who was asked</h2>
      {asked.length === 0 ? (
        <p>Nobody: only the pasted line speaks.</p>
      ) : (
        <ul>
          {asked.map(({ source, answered }) => (
            <li key={source} data-answered={answered}>
              {capitalise(askedWords.name(source))}:{' '}
              {answered ? 'is read' : 'is not read, so what it would tell is unknown'}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** Sources that have not been read since the start: what is held of them may be old. */
function LastKnown({ environment }: { readonly environment: string }) {
  const health = useSourceHealth(environment)
  const silent = (health ?? []).filter(({ configured, answering, pending }) => answering < configured - pending)
  if (silent.length === 0) return null
  return (
    <p className={`${parts.untold} ${styles.silent}`} data-testid="silent-sources">
      {askedWords.silent(silent.map(({ source }) => source))}
    </p>
  )
}

function NothingAsked({ environment, hasGroup }: { readonly environment: string | null; readonly hasGroup: boolean }) {
  if (hasGroup) {
    return (
      <Plate
        tone="unknown"
        icon={<SearchX size={20} aria-hidden="true" />}
        title="No id leads to a request of this group"
      >
        <p>
          The record of this refusal has no id of a request, a trace or a decision, so the calls around it cannot be
          found. The list says what it tells.
        </p>
      </Plate>
    )
  }
  return (
    <Plate
      tone="info"
      icon={<Stethoscope size={20} aria-hidden="true" />}
      title={environment === null ? 'Paste what was refused' : 'Choose what was refused'}
    >
      <p>
        {environment === null
          ? 'No environment is connected. Paste a line of an Envoy’s access log: Everyhop says what the line alone allows.'
          : 'Choose a group at the left, or enter the id of a request, a trace or a decision, or paste a line of an Envoy’s access log.'}
      </p>
    </Plate>
  )
}
