import { Popover } from '@base-ui/react/popover'
import { ChevronDown, Clock3, Moon, Search, Sun } from 'lucide-react'
import { useRef } from 'react'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { formatClock } from '../../shared/words/durations.ts'
import { formatPast } from '../../shared/words/moments.ts'
import { useLiveNow } from '../api/clock.tsx'
import { useLive } from '../api/live.tsx'
import { useMoment } from '../api/moment.tsx'
import { TimePanel } from '../features/history/time-panel.tsx'
import { Button, Keys } from '../ui/atoms.tsx'
import popover from '../ui/popover.module.css'
import { EnvironmentMenu } from './environment-menu.tsx'
import styles from './frame.module.css'
import { usePreferences } from './preferences.tsx'
import { SourceHealthBar } from './source-health.tsx'

/** Environment, time, search, source health, theme. */
export function TopBar({
  environment,
  onSearch,
  onSnapshot,
  isTimeOpen,
  onTime,
}: {
  readonly environment: string | null
  readonly onSearch: () => void
  readonly onSnapshot: () => void
  readonly isTimeOpen: boolean
  readonly onTime: (open: boolean) => void
}) {
  const { theme, setTheme } = usePreferences()
  const { snapshot } = useMoment()
  const other = theme === 'dark' ? 'light' : 'dark'
  const isMac = /mac/i.test(navigator.platform)
  return (
    <header className={styles.top}>
      <EnvironmentMenu onSnapshot={onSnapshot} />
      {snapshot !== null ? (
        <div className={`${styles.box} ${styles.past}`} data-testid="clock" data-state="snapshot">
          <PastClock at={snapshot.at} title="Snapshot" />
        </div>
      ) : environment === null ? (
        <div className={styles.box} data-testid="clock" data-state="none">
          <LiveClock environment={environment} />
        </div>
      ) : (
        <TimeControl environment={environment} open={isTimeOpen} onOpen={onTime} />
      )}
      <button type="button" className={styles.search} onClick={onSearch}>
        <Search size={14} aria-hidden="true" />
        <span>Search workloads, SPIFFE IDs, hops</span>
        <Keys keys={isMac ? ['⌘', 'K'] : ['Ctrl', 'K']} />
      </button>
      <SourceHealthBar environment={environment} />
      <Button
        iconOnly
        aria-label={`Use the ${other} theme`}
        title={`Use the ${other} theme`}
        onClick={() => setTheme(other)}
      >
        {theme === 'dark' ? <Sun size={14} aria-hidden="true" /> : <Moon size={14} aria-hidden="true" />}
      </Button>
    </header>
  )
}

/** Time is always on screen, and whether what is shown is live; it opens to go to another time. */
function TimeControl({
  environment,
  open,
  onOpen,
}: {
  readonly environment: string
  readonly open: boolean
  readonly onOpen: (open: boolean) => void
}) {
  const { at } = useMoment()
  const { connection } = useLive()
  const field = useRef<HTMLInputElement>(null)
  return (
    <Popover.Root open={open} onOpenChange={onOpen}>
      <Popover.Trigger
        className={`${styles.box} ${at === null ? '' : styles.past}`}
        title="Go to a time (t)"
        data-testid="clock"
        data-state={at === null ? connection.state : 'past'}
      >
        {at === null ? <LiveClock environment={environment} /> : <PastClock at={at} title="Past" />}
        <ChevronDown size={14} aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="start" className={popover.positioner}>
          <Popover.Popup className={popover.popup} initialFocus={field}>
            <Popover.Title render={<h2 className="visually-hidden" />}>Time</Popover.Title>
            <TimePanel environment={environment} field={field} onDone={() => onOpen(false)} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}

function PastClock({ at, title }: { readonly at: EpochMs; readonly title: string }) {
  const now = useLiveNow(10_000)
  return (
    <>
      <Clock3 size={16} aria-hidden="true" />
      <span className={styles.two}>
        <b>{title}</b>
        <small>{formatPast(at, now)}</small>
      </span>
    </>
  )
}

function LiveClock({ environment }: { readonly environment: string | null }) {
  const { connection } = useLive()
  const now = useLiveNow(1000)
  const state = environment === null ? 'none' : connection.state
  const words = { none: 'No environment', live: 'Live', connecting: 'Connecting', lost: 'Not live' }[state]
  return (
    <>
      <span className={styles.dot} data-state={state} aria-hidden="true" />
      <span className={styles.two}>
        <b>{words}</b>
        <small>
          {connection.state === 'lost' && environment !== null
            ? `last at ${formatClock(connection.since, now)} UTC`
            : `as of ${formatClock(now)} UTC`}
        </small>
      </span>
    </>
  )
}
