import { Menu } from '@base-ui/react/menu'
import { useNavigate } from '@tanstack/react-router'
import { Camera, Check, ChevronDown, FileWarning, FlaskConical, FolderOpen, Lock, Plug, Plus } from 'lucide-react'
import { useState } from 'react'
import type { EnvironmentSummary } from '../../shared/contract/environments.ts'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { formatPast } from '../../shared/words/moments.ts'
import { useLiveNow } from '../api/clock.tsx'
import { useEnvironments } from '../api/hooks.ts'
import { usePlaygroundCommands } from '../api/playground.ts'
import popover from '../ui/popover.module.css'
import { AskChangeMode, ChangeModeItems, ChangeModeLine } from './change-mode.tsx'
import { useEnvironment } from './environment.ts'
import styles from './frame.module.css'

/** Which environment is looked at, and whether Everyhop only reads or may change it; production carries an amber edge. */
export function EnvironmentMenu({ onSnapshot }: { readonly onSnapshot: () => void }) {
  const { data } = useEnvironments()
  const { chosen, summary } = useEnvironment()
  const navigate = useNavigate()
  const now = useLiveNow(10_000)
  const list = data ?? []
  const usable = summary !== null && summary.problem === null ? chosen : null
  const [asking, setAsking] = useState(false)
  return (
    <Menu.Root>
      <Menu.Trigger
        className={styles.box}
        data-production={summary?.production ?? false}
        data-testid="environment-menu"
      >
        <Lock size={16} aria-hidden="true" />
        <span className={styles.two}>
          <b>{chosen ?? 'No environment'}</b>
          <ChangeModeLine environment={usable} production={summary?.production ?? false} />
        </span>
        <ChevronDown size={14} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="start" className={popover.positioner}>
          <Menu.Popup className={`${popover.popup} ${popover.menu}`}>
            {list.length === 0 ? (
              <Menu.Item className={popover.item} disabled>
                No environment file was found
              </Menu.Item>
            ) : null}
            {list.map((environment) => (
              <Menu.Item
                key={environment.name}
                className={popover.item}
                data-production={environment.production}
                data-testid={`open-${environment.name}`}
                // Another environment is another history.
                onClick={() => void navigate({ to: '/graph', search: { env: environment.name, at: undefined } })}
              >
                {environment.problem !== null ? (
                  <FileWarning size={14} aria-hidden="true" />
                ) : environment.name === chosen ? (
                  <Check size={14} aria-hidden="true" />
                ) : environment.snapshot !== undefined ? (
                  <Camera size={14} aria-hidden="true" />
                ) : (
                  <span style={{ width: 14 }} />
                )}
                <span>
                  {environment.name}
                  {environment.production ? ' · production' : ''}
                  <small>{describe(environment, now)}</small>
                </span>
              </Menu.Item>
            ))}
            {list.some(({ playground }) => playground) ? null : <PlaygroundItem />}
            {usable === null || summary?.snapshot !== undefined ? null : (
              <ChangeModeItems environment={usable} onAsk={() => setAsking(true)} />
            )}
            <Menu.Item className={popover.item} onClick={onSnapshot} data-testid="menu-open-snapshot">
              <FolderOpen size={14} aria-hidden="true" /> Open a snapshot…
            </Menu.Item>
            <Menu.Item
              className={popover.item}
              onClick={() =>
                void navigate({
                  to: '/environments',
                  search: { ...(chosen === null ? {} : { env: chosen }), add: true },
                })
              }
            >
              <Plus size={14} aria-hidden="true" /> Add an environment…
            </Menu.Item>
            <Menu.Item
              className={popover.item}
              onClick={() => void navigate({ to: '/environments', search: chosen === null ? {} : { env: chosen } })}
            >
              <Plug size={14} aria-hidden="true" /> Connections
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
      {asking && usable !== null ? <AskChangeMode environment={usable} onClose={() => setAsking(false)} /> : null}
    </Menu.Root>
  )
}

/** Starts it and opens it; Connections says why when it cannot be. */
function PlaygroundItem() {
  const navigate = useNavigate()
  const { start } = usePlaygroundCommands()
  const open = async () => {
    const isRunning = await start()
    await navigate(
      isRunning
        ? { to: '/graph', search: { env: playgroundEnvironment, at: undefined } }
        : { to: '/environments', search: {} },
    )
  }
  return (
    <Menu.Item className={popover.item} onClick={() => void open()} data-testid="start-playground">
      <FlaskConical size={14} aria-hidden="true" /> Open the playground
    </Menu.Item>
  )
}

function describe({ file, problem, playground, snapshot }: EnvironmentSummary, now: EpochMs): string {
  if (problem !== null) return problemWords(problem)
  if (snapshot !== undefined) return `Snapshot of ${snapshot.of}, ${formatPast(snapshot.at, now)}`
  return playground ? 'The demonstration inside Everyhop' : file
}

function problemWords({ message, line, column }: NonNullable<EnvironmentSummary['problem']>): string {
  return line === null ? message : `line ${line}, column ${column ?? 1}: ${message}`
}
