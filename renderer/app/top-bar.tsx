import { Moon, Search, Sun } from 'lucide-react'
import { formatClock } from '../../shared/words/durations.ts'
import { useNow } from '../api/clock.tsx'
import { useLive } from '../api/live.tsx'
import { Button, Keys } from '../ui/atoms.tsx'
import { EnvironmentMenu } from './environment-menu.tsx'
import styles from './frame.module.css'
import { usePreferences } from './preferences.tsx'
import { SourceHealthBar } from './source-health.tsx'

/** Environment, time, search, source health, theme. */
export function TopBar({
  environment,
  onSearch,
}: {
  readonly environment: string | null
  readonly onSearch: () => void
}) {
  const { theme, setTheme } = usePreferences()
  const other = theme === 'dark' ? 'light' : 'dark'
  const isMac = /mac/i.test(navigator.platform)
  return (
    <header className={styles.top}>
      <EnvironmentMenu />
      <LiveClock environment={environment} />
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

/** Time is always on screen, and whether what is shown is live. */
function LiveClock({ environment }: { readonly environment: string | null }) {
  const { connection } = useLive()
  const now = useNow(1000)
  const state = environment === null ? 'none' : connection.state
  const words = { none: 'No environment', live: 'Live', connecting: 'Connecting', lost: 'Not live' }[state]
  return (
    <div className={styles.box} data-testid="clock" data-state={state}>
      <span className={styles.dot} data-state={state} aria-hidden="true" />
      <span className={styles.two}>
        <b>{words}</b>
        <small>
          {connection.state === 'lost' && environment !== null
            ? `last at ${formatClock(connection.since, now)} UTC`
            : `as of ${formatClock(now)} UTC`}
        </small>
      </span>
    </div>
  )
}
