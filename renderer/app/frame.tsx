import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { Activity, Archive, CircleHelp, CodeXml, Plug, Settings2, Share2 } from 'lucide-react'
import { useState } from 'react'
import { LiveProvider } from '../api/live.tsx'
import { MomentProvider, NowOnly, useMoment } from '../api/moment.tsx'
import { usePlaygroundInList } from '../api/playground.ts'
import { viewStateSchema } from '../features/graph/view-state.ts'
import { ChangeModeNotices } from './change-mode-notices.tsx'
import { CommandPalette } from './command-palette.tsx'
import { useEnvironment } from './environment.ts'
import { ErrorBoundary } from './error-boundary.tsx'
import styles from './frame.module.css'
import { HelpOverlay } from './help-overlay.tsx'
import { OpenSnapshotDialog } from './open-snapshot.tsx'
import { PastNotice } from './past-notice.tsx'
import { PlaygroundNotice } from './playground.tsx'
import { SettingsDialog } from './settings-dialog.tsx'
import { TimeSaid } from './time-said.ts'
import { TopBar } from './top-bar.tsx'
import { UnlockSecrets } from './unlock.tsx'
import { useChords } from './use-chords.ts'
import { useFrameKeys } from './use-frame-keys.ts'
import { useMenuScreens } from './use-menu-screens.ts'
import { useMomentAddress } from './use-moment-address.ts'
import { useTimeKeys } from './use-time-keys.ts'

/** Everything of one time: that of the address. */
export function Frame() {
  const { at, go } = useMomentAddress()
  const { summary } = useEnvironment()
  return (
    <MomentProvider at={at} go={go} snapshot={summary?.snapshot ?? null}>
      <Framed />
    </MomentProvider>
  )
}

/** Constant around every screen: rail, top bar, palette, help. Only screens that exist are offered. */
function Framed() {
  const { chosen, summary } = useEnvironment()
  const usable = summary !== null && summary.problem === null ? chosen : null
  const [palette, setPalette] = useState(false)
  const [help, setHelp] = useState(false)
  const [settings, setSettings] = useState(false)
  const [time, setTime] = useState(false)
  const [snapshot, setSnapshot] = useState(false)
  const { snapshot: opened } = useMoment()
  const said = useTimeKeys(opened === null ? usable : null, () => setTime(true))
  const screen = useLocation({ select: ({ pathname }) => pathname })
  const isOfNow = screen !== '/graph' && screen !== '/diagnose'
  usePlaygroundInList()
  useChords()
  useMenuScreens()
  useFrameKeys({
    onPalette: () => setPalette(true),
    onSettings: () => setSettings(true),
    onHelp: () => setHelp(true),
  })
  return (
    <LiveProvider key={usable ?? ''} environment={usable}>
      <div className={styles.frame}>
        <nav className={styles.rail} aria-label="Main">
          <Brand />
          <ul>
            <li>
              <Link to="/graph" search={sameEnvironment} className={styles.entry}>
                <Share2 size={20} strokeWidth={1.75} aria-hidden="true" />
                <span>Graph</span>
              </Link>
            </li>
            <li>
              <Link to="/diagnose" search={sameEnvironment} className={styles.entry}>
                <Activity size={20} strokeWidth={1.75} aria-hidden="true" />
                <span>Diagnose</span>
              </Link>
            </li>
            <li>
              <Link to="/policy" search={sameEnvironment} className={styles.entry}>
                <CodeXml size={20} strokeWidth={1.75} aria-hidden="true" />
                <span>Policy</span>
              </Link>
            </li>
            <li>
              <Link to="/evidence" search={sameEnvironment} className={styles.entry}>
                <Archive size={20} strokeWidth={1.75} aria-hidden="true" />
                <span>Evidence</span>
              </Link>
            </li>
            <li>
              <Link to="/environments" search={sameEnvironment} className={styles.entry}>
                <Plug size={20} strokeWidth={1.75} aria-hidden="true" />
                <span>Connections</span>
              </Link>
            </li>
          </ul>
          <UnlockSecrets />
          <button type="button" className={styles.entry} title="Settings (Ctrl ,)" onClick={() => setSettings(true)}>
            <Settings2 size={20} strokeWidth={1.75} aria-hidden="true" />
            <span>Settings</span>
          </button>
          <button type="button" className={styles.entry} title="Keyboard help (?)" onClick={() => setHelp(true)}>
            <CircleHelp size={20} strokeWidth={1.75} aria-hidden="true" />
            <span>Help</span>
          </button>
        </nav>
        <TopBar
          environment={usable}
          onSearch={() => setPalette(true)}
          onSnapshot={() => setSnapshot(true)}
          isTimeOpen={time}
          onTime={setTime}
        />
        {summary?.playground === true ? <PlaygroundNotice /> : null}
        <ChangeModeNotices environment={usable}>
          {screen === '/graph' ? null : <PastNotice environment={usable} isOfNow={isOfNow} />}
        </ChangeModeNotices>
        <div className={styles.main}>
          <ErrorBoundary>
            <TimeSaid value={said}>
              {isOfNow ? (
                <NowOnly>
                  <Outlet />
                </NowOnly>
              ) : (
                <Outlet />
              )}
            </TimeSaid>
          </ErrorBoundary>
        </div>
      </div>
      <CommandPalette
        environment={usable}
        open={palette}
        onOpenChange={setPalette}
        onTime={() => setTime(true)}
        onSnapshot={() => setSnapshot(true)}
      />
      <OpenSnapshotDialog open={snapshot} onOpenChange={setSnapshot} />
      <SettingsDialog open={settings} onOpenChange={setSettings} />
      <HelpOverlay open={help} onOpenChange={setHelp} />
    </LiveProvider>
  )
}

/** Another screen of the same environment; what is looked at there is its own. */
function sameEnvironment(before: unknown): { env?: string } {
  const { env } = viewStateSchema.parse(before)
  return env === undefined ? {} : { env }
}

function Brand() {
  return (
    <svg
      className={styles.brand}
      width="32"
      height="32"
      viewBox="0 0 32 32"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      role="img"
      aria-label="Everyhop"
    >
      <circle cx="6" cy="21" r="3" />
      <circle cx="26" cy="21" r="3" />
      <path d="M6 15.5C8 8 14 6.5 16 14c2-7.5 8-6 10 1.5" />
      <path d="M12.5 21.5l2.6 2.6 4.6-5.2" />
    </svg>
  )
}
