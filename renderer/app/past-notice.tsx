import { Clock3 } from 'lucide-react'
import { formatPast, recordedWords, stateOfWords } from '../../shared/words/moments.ts'
import { capitalise } from '../../shared/words/states.ts'
import { useLiveNow } from '../api/clock.tsx'
import { usePast } from '../api/history.ts'
import { useMoment } from '../api/moment.tsx'
import { Banner, Button, Keys } from '../ui/atoms.tsx'

/** Above screens other than the graph, which says it itself: that another time than now is shown, or is not shown here. */
export function PastNotice({
  environment,
  isOfNow,
}: {
  readonly environment: string | null
  /** The screen only knows of now. */
  readonly isOfNow: boolean
}) {
  const { shown, snapshot, go } = useMoment()
  const now = useLiveNow(10_000)
  const past = usePast(isOfNow ? null : environment)
  if (shown === null) return null
  return (
    <Banner
      tone="info"
      icon={<Clock3 size={16} aria-hidden="true" />}
      action={
        snapshot === null ? (
          <Button small onClick={() => go(null)}>
            Back to live <Keys keys={['l']} />
          </Button>
        ) : undefined
      }
    >
      <span data-testid="past-notice">
        {isOfNow ? (
          <>
            <b>This screen is of now.</b> The time that you look at, {formatPast(shown, now)}, holds on Graph and
            Diagnose.
          </>
        ) : (
          <>
            <b>
              {snapshot === null ? '' : `Snapshot of ${snapshot.of}. `}
              {stateOfWords(shown, now)}.
            </b>{' '}
            {past === null
              ? ''
              : past.gap === null
                ? `${capitalise(recordedWords(past))}.`
                : 'Nothing was watched then: all that is known is from before.'}
          </>
        )}
      </span>
    </Banner>
  )
}
