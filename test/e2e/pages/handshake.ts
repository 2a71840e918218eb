import type { Locator, Page } from 'playwright-core'

/** The tab Handshakes of the Diagnose screen as a person uses it. */
export interface HandshakePage {
  readonly verdict: Locator
  readonly confidence: Locator
  readonly failing: Locator
  readonly wire: Locator
  readonly leaf: Locator
  readonly validity: Locator
  readonly forecast: Locator
  readonly authorities: Locator
  readonly probe: Locator
  /** Text of a row of one side, with what state it is in. */
  row(side: 'client' | 'server', label: string): Promise<{ readonly text: string; readonly state: string }>
  ask(text: string): Promise<void>
  /** What is in the clipboard after the note was copied. */
  note(): Promise<string>
}

export function handshakePage(page: Page): HandshakePage {
  return {
    verdict: page.getByTestId('verdict'),
    confidence: page.getByTestId('confidence'),
    failing: page.getByTestId('failing-handshakes'),
    wire: page.getByRole('list', { name: 'Messages of the handshake' }),
    leaf: page.getByTestId('leaf'),
    validity: page.getByTestId('validity'),
    forecast: page.getByTestId('forecast'),
    authorities: page.getByTestId('authorities'),
    probe: page.getByTestId('probe'),
    async row(side, label) {
      const row = page.getByTestId(`side-${side}`).locator('tr').filter({ hasText: label }).first()
      if ((await row.count()) === 0) return { text: '', state: '' }
      return { text: (await row.textContent()) ?? '', state: (await row.getAttribute('data-state')) ?? '' }
    },
    async ask(text) {
      await page.getByTestId('handshake-field').fill(text)
      await page.getByTestId('handshake-field').press('Enter')
    },
    async note() {
      await page.getByTestId('copy-note').click()
      await page.getByTestId('diagnose-status').getByText('Copied.').waitFor()
      return String(await page.evaluate('navigator.clipboard.readText()'))
    },
  }
}
