import { Clock3, OctagonX, TriangleAlert } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { formatDuration } from '../../shared/words/durations.ts'
import { journalCheckSentence, unfinishedSentence, warnBeforeMs } from '../../shared/words/policy-journal.ts'
import { useChangeModeCommands, useJournalCheck } from '../api/changes.ts'
import { Banner, Button } from '../ui/atoms.tsx'
import styles from './change-mode.module.css'
import { AskChangeMode, useChangeModeLeft } from './change-mode.tsx'
import { MemoryNotice } from './memory-notice.tsx'
import { ProgramNotice } from './program-notice.tsx'
import { SettingsNotice } from './settings-notice.tsx'

/**
 * Above every screen, without moving what is on it: that change mode is about to end, that the journal was changed after it
 * was written, that an action was begun whose end nobody wrote down, that a program waits to be allowed, and that nothing is kept.
 */
export function ChangeModeNotices({
  environment,
  children,
}: {
  readonly environment: string | null
  /** What is said before all of this. */
  readonly children?: ReactNode
}) {
  return (
    <div className={styles.notices} data-testid="notices">
      {children}
      {environment === null ? null : <Ending environment={environment} />}
      {environment === null ? null : <ProgramNotice environment={environment} />}
      <MemoryNotice />
      <JournalNotices />
      <SettingsNotice />
    </div>
  )
}

function Ending({ environment }: { readonly environment: string }) {
  const left = useChangeModeLeft(environment)
  const { disable } = useChangeModeCommands(environment)
  const [asking, setAsking] = useState(false)
  if (asking) return <AskChangeMode environment={environment} onClose={() => setAsking(false)} />
  if (left === null || left > warnBeforeMs) return null
  return (
    <Banner
      tone="warn"
      icon={<Clock3 size={16} aria-hidden="true" />}
      action={
        <>
          <Button small onClick={() => setAsking(true)} data-testid="extend-change-mode">
            Extend…
          </Button>
          <Button small onClick={() => void disable().catch(() => {})}>
            Turn off
          </Button>
        </>
      }
    >
      <span data-testid="change-mode-ending">
        Change mode of {environment} ends in less than 2 minutes.{' '}
        {/* A clock that is read out each second would talk over everything else. */}
        <span aria-hidden="true">{formatDuration(left)} left.</span>
      </span>
    </Banner>
  )
}

function JournalNotices() {
  const { data } = useJournalCheck()
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  if (data === undefined) return null
  const broken = data.intact ? null : journalCheckSentence(data)
  const unfinished = unfinishedSentence(data)
  const hide = (text: string) => setHidden(new Set([...hidden, text]))
  return (
    <>
      {broken === null || hidden.has(broken) ? null : (
        <Banner
          tone="fail"
          icon={<OctagonX size={16} aria-hidden="true" />}
          action={
            <Button small onClick={() => hide(broken)}>
              Hide
            </Button>
          }
        >
          <span data-testid="journal-broken">{broken}</span>
        </Banner>
      )}
      {unfinished === null || hidden.has(unfinished) ? null : (
        <Banner
          tone="warn"
          icon={<TriangleAlert size={16} aria-hidden="true" />}
          action={
            <Button small onClick={() => hide(unfinished)}>
              Hide
            </Button>
          }
        >
          <span data-testid="journal-unfinished">{unfinished}</span>
        </Banner>
      )}
    </>
  )
}
