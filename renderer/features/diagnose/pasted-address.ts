/**
 * The place in the window that a pasted address names, of whichever Everyhop it was copied from: `app://…` of a desktop, which no
 * other program opens, and `http://…` of a browser alike. Only what stands behind the # is taken. null: it is no address of ours.
 */
export function placeIn(text: string): string | null {
  const found = /^(?:(?:app|https?):\/\/[^\s#]+)?(#\/(?:graph|diagnose|policy|environments)(?:\?[^\s#]*)?)$/.exec(
    text.trim(),
  )
  return found?.[1] ?? null
}

/** In the desktop's window an address is no link for other programs. */
export function isDesktopAddress(address: string): boolean {
  return address.startsWith('app:')
}
