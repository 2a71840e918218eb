type Screen = 'graph' | 'diagnose' | 'policy' | 'environments'

/**
 * The address of another screen, for features that know each other only by their addresses. The router reads each value as JSON
 * where it can, so a text that is one (an id of digits, `null`) is written in quotes, as the router itself does. The time that is
 * looked at goes along, as with the router's own links.
 * @param here the address to go on from.
 */
export function addressOf(
  screen: Screen,
  search: Readonly<Record<string, string | null>>,
  here: string = typeof window === 'undefined' ? '' : window.location.hash,
): string {
  const at = new URLSearchParams(here.slice(here.indexOf('?') + 1)).get('at')
  const values = Object.entries({ ...search, ...(at === null ? {} : { at }) }).flatMap(([name, value]) =>
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
