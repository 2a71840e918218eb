import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { z } from 'zod'

const schema = z.object({
  theme: z.enum(['dark', 'light']).nullable().catch(null),
  singleKeys: z.boolean().catch(true),
})

export interface Preferences {
  readonly theme: 'dark' | 'light'
  readonly singleKeys: boolean
  readonly setTheme: (theme: 'dark' | 'light') => void
  readonly setSingleKeys: (on: boolean) => void
}

const storageKey = 'everyhop.preferences'
const PreferencesContext = createContext<Preferences | null>(null)

/** How one person likes the window. Kept in the browser; what is looked at is in the address instead. */
export function PreferencesProvider({ children }: { readonly children: ReactNode }) {
  const [stored, setStored] = useState(read)
  const theme = stored.theme ?? (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark')
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme
  }, [theme])
  const value = useMemo<Preferences>(() => {
    const keep = (next: typeof stored) => {
      setStored(next)
      write(next)
    }
    return {
      theme,
      singleKeys: stored.singleKeys,
      setTheme: (chosen) => keep({ ...stored, theme: chosen }),
      setSingleKeys: (on) => keep({ ...stored, singleKeys: on }),
    }
  }, [stored, theme])
  return <PreferencesContext.Provider value={value}>{children}</PreferencesContext.Provider>
}

export function usePreferences(): Preferences {
  const value = useContext(PreferencesContext)
  if (value === null) throw new Error('usePreferences outside PreferencesProvider')
  return value
}

function read(): z.infer<typeof schema> {
  try {
    const text = localStorage.getItem(storageKey)
    return schema.parse(text === null ? {} : JSON.parse(text))
  } catch {
    // Storage may be switched off, or hold something else: the defaults do.
    return { theme: null, singleKeys: true }
  }
}

function write(value: z.infer<typeof schema>): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(value))
  } catch {
    // Not kept, then; it still holds until the window closes.
  }
}
