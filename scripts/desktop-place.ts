/** What decides whether a desktop window can be opened here. */
export interface Place {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  getuid?(): number
}

/** Why no desktop window can be opened here, as the end of a sentence; null: it can. */
export function whyNoDesktop({ platform, env, getuid }: Place): string | null {
  if (env['CI']) return 'because this is a CI run'
  if (platform !== 'linux') return null
  // Chromium does not start its sandbox as root, and Everyhop does not run without it.
  if (getuid?.() === 0) return 'because the desktop window does not run as root'
  const hasDisplay = [env['DISPLAY'], env['WAYLAND_DISPLAY']].some((name) => name !== undefined && name !== '')
  return hasDisplay ? null : 'because there is no display (DISPLAY and WAYLAND_DISPLAY are not set)'
}
