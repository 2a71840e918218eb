type Screen = 'graph' | 'diagnose' | 'policy' | 'environments'

/**
 * The address of another screen, for features that know each other only by their addresses. The router reads each value as JSON
 * where it can, so a text that is one (an id of digits, `null`) is written in quotes, as the router itself does.
 */
export function addressOf(screen: Screen, search: Readonly<Record<string, string | null>>): string {
  const values = Object.entries(search).flatMap(([name, value]) =>
    value === null ? [] : [[name, isJson(value) ? JSON.stringify(value) : value]],
  )
  return `#/${screen}?${new URLSearchParams(values).toString()}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
