import { OctagonX, Play, Share2, Square } from 'lucide-react'
import {
  playgroundAuthorisationSentence,
  playgroundIntroduction,
  playgroundPhrase,
} from '../../../shared/words/playground.ts'
import { usePlayground, usePlaygroundCommands } from '../../api/playground.ts'
import { Button, Tag } from '../../ui/atoms.tsx'
import styles from './playground.module.css'
import { PlaygroundPicture } from './playground-picture.tsx'

/** The playground as it is offered: what it is, how it stands, and the way in and out. */
export function PlaygroundCard({
  isFirst,
  onOpen,
  onCheck,
}: {
  /** Nothing else is connected: it is the first step, and its button the primary one. */
  readonly isFirst: boolean
  readonly onOpen: () => void
  /** Asks its sources as those of any environment. */
  readonly onCheck?: () => void
}) {
  const state = usePlayground()
  const { busy, failure, start, stop } = usePlaygroundCommands()
  const open = async () => {
    if (await start()) onOpen()
  }
  const isRunning = state?.phase === 'running'
  const unknown = state === undefined ? null : playgroundAuthorisationSentence(state)
  return (
    <section
      className={styles.card}
      data-first={isFirst}
      aria-labelledby="playground-card"
      data-testid="playground-card"
      data-phase={state?.phase}
    >
      <div className={styles.cardText}>
        {isFirst ? <p className={styles.capitals}>First step</p> : null}
        <h2 id="playground-card">{isFirst && !isRunning ? 'Open the playground' : 'The playground'}</h2>
        <p>{playgroundIntroduction}</p>
        <div className={styles.actions}>
          {isRunning ? (
            <>
              <Button primary={isFirst} onClick={onOpen} data-testid="open-playground">
                <Share2 size={14} aria-hidden="true" /> Open the graph
              </Button>
              {onCheck === undefined ? null : <Button onClick={onCheck}>Check its sources</Button>}
              <Button disabled={busy} onClick={() => void stop()} data-testid="stop-playground">
                <Square size={14} aria-hidden="true" /> Stop
              </Button>
            </>
          ) : (
            <Button
              primary={isFirst}
              disabled={busy || state?.phase === 'starting'}
              onClick={() => void open()}
              data-testid="open-playground"
            >
              <Play size={14} aria-hidden="true" /> Open the playground
            </Button>
          )}
          <span role="status">
            {state === undefined ? null : (
              <Tag tone={state.phase === 'failed' ? 'fail' : 'neutral'}>{playgroundPhrase(state)}</Tag>
            )}
          </span>
          {isRunning ? null : <span className={styles.quiet}>Works offline, needs no account.</span>}
        </div>
        {unknown === null ? null : <p className={styles.quiet}>{unknown}</p>}
        {state?.phase === 'failed' ? <Problem>{state.message}</Problem> : null}
        {failure === null ? null : <Problem>{failure}</Problem>}
      </div>
      <PlaygroundPicture />
    </section>
  )
}

function Problem({ children }: { readonly children: string }) {
  return (
    <p className={styles.problem} role="alert">
      <OctagonX size={14} aria-hidden="true" /> {children}
    </p>
  )
}
