import type { Page } from 'playwright-core'

/** Collects from now on what the page reports: exceptions, console errors with where, what the content security policy refused. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // Chromium says "Failed to load resource" and not which: that is only in the place.
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`)
  })
  return complaints
}
