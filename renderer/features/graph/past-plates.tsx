import { History, SquareDashed } from 'lucide-react'
import type { WatchGap } from '../../../shared/domain/history/model.ts'
import { formatPast, formatTimeOf, watchGapSentence } from '../../../shared/words/moments.ts'
import { useLiveNow } from '../../api/clock.tsx'
import { failureSentence } from '../../api/environments.ts'
import { useMoment } from '../../api/moment.tsx'
import { Button, Keys, Plate } from '../../ui/atoms.tsx'

/** In place of a picture: of this time there is none, and the last one before it would be taken for one. */
export function GapPlate({ gap }: { readonly gap: WatchGap }) {
  const { shown, go } = useMoment()
  const now = useLiveNow(10_000)
  const { from, to } = gap
  return (
    <div data-testid="gap-plate" style={{ height: '100%' }}>
      <Plate
        tone="unknown"
        icon={<SquareDashed size={20} aria-hidden="true" />}
        title={shown === null ? 'Nothing was watched' : `Nothing was watched at ${formatTimeOf(shown, now)} UTC`}
        actions={
          <>
            <Button onClick={() => go(from - 1)}>Last picture before, {formatTimeOf(from, now)}</Button>
            {to === null ? null : <Button onClick={() => go(to)}>First picture after, {formatTimeOf(to, now)}</Button>}
            <BackToLive />
          </>
        }
      >
        <p>{watchGapSentence(gap, now)}</p>
        <p>What the pipeline did then is not known. It is not the same as nothing happening.</p>
      </Plate>
    </div>
  )
}

/** A time that nothing is recorded of, or that cannot be asked about: why, and the way back. */
export function NoPastPlate({ error }: { readonly error: Error }) {
  const { shown } = useMoment()
  const now = useLiveNow(10_000)
  return (
    <Plate
      tone="unknown"
      icon={<History size={20} aria-hidden="true" />}
      title={shown === null ? 'Nothing can be shown' : `Nothing can be shown of ${formatPast(shown, now)}`}
      literal={failureSentence(error)}
      actions={<BackToLive />}
    />
  )
}

function BackToLive() {
  const { go, snapshot } = useMoment()
  if (snapshot !== null) return null
  return (
    <Button primary onClick={() => go(null)}>
      Back to live <Keys keys={['l']} />
    </Button>
  )
}
