import { FlaskConical, Plug, Zap } from 'lucide-react'
import { formatClock } from '../../../shared/words/durations.ts'
import {
  playgroundAuthorisationSentence,
  playgroundNotice,
  playgroundTrafficSentence,
} from '../../../shared/words/playground.ts'
import { useLiveNow } from '../../api/clock.tsx'
import { useMoment } from '../../api/moment.tsx'
import { usePlayground, usePlaygroundCommands, usePlaygroundFaults } from '../../api/playground.ts'
import { Button } from '../../ui/atoms.tsx'
import { GetOpa } from './get-opa.tsx'
import styles from './playground.module.css'

/** As long as the playground is looked at: what it is, what is broken in it, and the ways on. */
export function PlaygroundBanner({
  isPanelOpen,
  onPanel,
  onConnect,
}: {
  readonly isPanelOpen: boolean
  readonly onPanel: () => void
  readonly onConnect: () => void
}) {
  const state = usePlayground()
  const unknown = state === undefined ? null : playgroundAuthorisationSentence(state)
  const busy = state === undefined ? null : playgroundTrafficSentence(state)
  return (
    <aside className={styles.banner} aria-label="Playground" data-testid="playground-banner">
      <FlaskConical size={16} aria-hidden="true" />
      <p>{playgroundNotice}</p>
      <ActiveFault />
      <span className={styles.grow} />
      <Button small aria-expanded={isPanelOpen} onClick={onPanel} id={faultsButtonId} data-testid="open-faults">
        <Zap size={12} aria-hidden="true" /> Break something
      </Button>
      <Button small onClick={onConnect}>
        <Plug size={12} aria-hidden="true" /> Connect your own
      </Button>
      {unknown === null ? null : (
        <div className={styles.unknown} data-testid="playground-authorisation" role="status">
          <span>{unknown}</span>
          {state?.phase === 'running' && state.authorisation === 'no-opa' ? <GetOpa /> : null}
        </div>
      )}
      {busy === null ? null : (
        <div className={styles.unknown} data-testid="playground-traffic" role="status">
          <span>{busy}</span>
        </div>
      )}
    </aside>
  )
}

/** Where the keyboard goes back to when the panel closes. */
export const faultsButtonId = 'playground-faults-button'

function ActiveFault() {
  const state = usePlayground()
  const faults = usePlaygroundFaults()
  const now = useLiveNow(10_000)
  const { busy, heal } = usePlaygroundCommands()
  const { whyOff } = useMoment()
  const active = state?.phase === 'running' ? state.active : null
  const fault = active === null ? undefined : faults.find(({ id }) => id === active.fault)
  return (
    <>
      <span role="status" data-testid="active-fault">
        {active === null ? null : (
          <>
            Broken now: <b>{fault?.title ?? active.fault}</b>, since {formatClock(active.since, now)}.
          </>
        )}
      </span>
      {active === null ? null : (
        <Button
          small
          title={whyOff ?? undefined}
          disabled={whyOff !== null || busy || state?.phase !== 'running' || state.changing}
          onClick={() => void heal()}
        >
          Heal
        </Button>
      )}
    </>
  )
}
