import { Menu } from '@base-ui/react/menu'
import { LockOpen, TimerOff, TimerReset } from 'lucide-react'
import { changeModeWords } from '../../shared/words/policy-journal.ts'
import { useChangeMode, useChangeModeCommands } from '../api/changes.ts'
import { useLiveNow } from '../api/clock.tsx'
import { failureSentence } from '../api/environments.ts'
import { useMoment } from '../api/moment.tsx'
import { ChangeModeDialog } from '../ui/change-mode-dialog.tsx'
import popover from '../ui/popover.module.css'

/** How long changes are still allowed in an environment, milliseconds; null: they are not. */
export function useChangeModeLeft(environment: string | null): number | null {
  const { data } = useChangeMode(environment)
  const now = useLiveNow(1000)
  const left = (data?.until ?? 0) - now
  return left > 0 ? left : null
}

/** Under the name of the environment: "production · change mode, 13 m left", else that Everyhop only reads. */
export function ChangeModeLine({
  environment,
  production,
}: {
  readonly environment: string | null
  readonly production: boolean
}) {
  const left = useChangeModeLeft(environment)
  const words = left === null ? 'read-only' : changeModeWords(left)
  return <small data-testid="change-mode-line">{production ? `production · ${words}` : words}</small>
}

/** Items of the environment's menu: on, longer, off. */
export function ChangeModeItems({ environment, onAsk }: { readonly environment: string; readonly onAsk: () => void }) {
  const left = useChangeModeLeft(environment)
  const { disable } = useChangeModeCommands(environment)
  const { whyOff } = useMoment()
  const icon = { size: 14, 'aria-hidden': true }
  if (left === null) {
    return (
      <Menu.Item className={popover.item} onClick={onAsk} disabled={whyOff !== null} data-testid="menu-change-mode">
        <LockOpen {...icon} />
        <span>
          Turn on change mode…
          {whyOff === null ? null : <small>{whyOff}</small>}
        </span>
      </Menu.Item>
    )
  }
  return (
    <>
      <Menu.Item className={popover.item} onClick={onAsk} data-testid="menu-change-mode">
        <TimerReset {...icon} /> Extend change mode…
      </Menu.Item>
      <Menu.Item
        className={popover.item}
        data-testid="menu-change-mode-off"
        // It is asked again within seconds: what could not be turned off keeps being shown as on.
        onClick={() => void disable().catch(() => {})}
      >
        <TimerOff {...icon} /> Turn off change mode
      </Menu.Item>
    </>
  )
}

/** Asks for how long, and in production for the typed name. */
export function AskChangeMode({
  environment,
  onClose,
}: {
  readonly environment: string
  readonly onClose: () => void
}) {
  const { data } = useChangeMode(environment)
  const left = useChangeModeLeft(environment)
  const { enable } = useChangeModeCommands(environment)
  return (
    <ChangeModeDialog
      environment={environment}
      production={data?.production ?? true} // not known yet: asked as if it were
      isOn={left !== null}
      onEnable={(minutes, typed) => enable(minutes, typed).then(() => null, failureSentence)}
      onClose={onClose}
    />
  )
}
