import type { Locator, Page } from 'playwright-core'

/** Looking at other times, as a person does it. */
export interface HistoryPage {
  /** The control in the top bar that says of when everything is. */
  readonly clock: Locator
  readonly slider: Locator
  readonly comparison: Locator
  readonly status: Locator
  /** Goes to a time by the keyboard: `t`, the time, Enter. Milliseconds since 1970, to the second. */
  goTo(at: number): Promise<void>
  /** The time in the address; null: live. Milliseconds since 1970. */
  at(): number | null
}

export function historyPage(page: Page): HistoryPage {
  return {
    clock: page.getByTestId('clock'),
    slider: page.getByTestId('time-slider'),
    comparison: page.getByTestId('compare-panel'),
    status: page.getByTestId('status-bar'),
    async goTo(at) {
      await page.keyboard.press('t')
      const field = page.getByTestId('go-to-time')
      await field.waitFor()
      await field.fill(new Date(at).toISOString().slice(0, 19))
      await field.press('Enter')
      await page.getByTestId('time-panel').waitFor({ state: 'detached' })
    },
    at() {
      const search = new URLSearchParams(page.url().split('?')[1] ?? '')
      const at = search.get('at')
      if (at === null) return null
      return /^\d+$/.test(at) ? Number(at) : Date.parse(at)
    },
  }
}
