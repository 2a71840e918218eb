import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { z } from 'zod'
import { type Settings, settingsSchema } from '../../shared/contract/settings.ts'
import { useSettings } from '../api/settings.ts'

export interface Preferences {
  readonly theme: 'dark' | 'light'
  readonly singleKeys: boolean
  /** The environment that opens when the address names none. */
  readonly defaultEnvironment: string | null
  readonly setTheme: (theme: 'dark' | 'light') => void
  readonly setSingleKeys: (on: boolean) => void
}

/** The part that is needed before the service answered, so that no window flashes in the wrong colours. */
const cacheSchema = z.object({
  theme: z.enum(['system', 'dark', 'light']).catch('system'),
  motion: z.enum(['system', 'reduced', 'full']).catch('system'),
  singleKeys: z.boolean().catch(true),
  startScreen: settingsSchema.shape.startScreen.catch('graph'),
})
type Cache = z.infer<typeof cacheSchema>

const cacheKey = 'everyhop.preferences'
const PreferencesContext = createContext<Preferences | null>(null)

/** How one person likes the window: the service's settings, with what this browser last saw of them until it answers. */
export function PreferencesProvider({ children }: { readonly children: ReactNode }) {
  const { settings, isNew, change } = useSettings()
  const [cached] = useState(read)
  const now: Cache = settings ?? cached
  // Windows of before there were settings kept theirs here: these become the first ones.
  const isMoving = isNew && (cached.theme !== 'system' || !cached.singleKeys)
  const shown = isMoving ? cached : now
  const theme = shown.theme === 'system' ? systemTheme() : shown.theme
  const { motion, singleKeys } = shown
  const defaultEnvironment = settings?.defaultEnvironment ?? null
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme
    document.documentElement.dataset['motion'] = motion
  }, [theme, motion])
  useEffect(() => {
    if (settings !== null && !isMoving) write(settings)
  }, [settings, isMoving])
  useEffect(() => {
    // The change itself ends the moving: from then on the settings are no longer new.
    if (isMoving) change({ theme: cached.theme, singleKeys: cached.singleKeys })
  }, [isMoving, cached, change])
  const value = useMemo<Preferences>(
    () => ({
      theme,
      singleKeys,
      defaultEnvironment,
      setTheme: (chosen) => change({ theme: chosen }),
      setSingleKeys: (on) => change({ singleKeys: on }),
    }),
    [theme, singleKeys, defaultEnvironment, change],
  )
  return <PreferencesContext.Provider value={value}>{children}</PreferencesContext.Provider>
}

export function usePreferences(): Preferences {
  const value = useContext(PreferencesContext)
  if (value === null) throw new Error('usePreferences outside PreferencesProvider')
  return value
}

/** What the window opens with when its address names no screen: decided before the service can be asked. */
export function startScreen(): `/${Settings['startScreen']}` {
  return `/${read().startScreen}`
}

function systemTheme(): 'dark' | 'light' {
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark'
}

function read(): Cache {
  try {
    const text = localStorage.getItem(cacheKey)
    return cacheSchema.parse(text === null ? {} : JSON.parse(text))
  } catch {
    // Storage may be switched off, or hold something else: the defaults do until the service answers.
    return cacheSchema.parse({})
  }
}

function write({ theme, motion, singleKeys, startScreen: first }: Settings): void {
  try {
    localStorage.setItem(cacheKey, JSON.stringify({ theme, motion, singleKeys, startScreen: first }))
  } catch {
    // The service keeps it; here it was only for a quicker start.
  }
}
