import { useNavigate } from '@tanstack/react-router'
import { useEffect, useEffectEvent } from 'react'
import { pageCommands } from '../../shared/desktop.ts'
import { useEnvironment } from './environment.ts'

const screens = pageCommands.filter((command) => command !== 'search' && command !== 'settings' && command !== 'help')
export type MenuScreen = (typeof screens)[number]

const eventName = 'everyhop:screen'

/** Asks the frame for a screen, from outside of it. */
export function askForScreen(screen: MenuScreen): void {
  window.dispatchEvent(new CustomEvent(eventName, { detail: screen }))
}

/**
 * The menu's screens, of the environment that is looked at, whether the address names it or not; the rest of the view's state
 * belongs to the screen before.
 */
export function useMenuScreens(): void {
  const { chosen } = useEnvironment()
  const navigate = useNavigate()
  const go = useEffectEvent((event: Event) => {
    const screen = event instanceof CustomEvent ? screens.find((each) => each === event.detail) : undefined
    if (screen !== undefined) void navigate({ to: `/${screen}`, search: chosen === null ? {} : { env: chosen } })
  })
  useEffect(() => {
    window.addEventListener(eventName, go)
    return () => window.removeEventListener(eventName, go)
  }, [])
}
