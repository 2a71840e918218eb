import type { Locator, Page } from 'playwright-core'

/** The Diagnose screen as a person uses it. */
export interface DiagnosePage {
  readonly groups: Locator
  readonly verdict: Locator
  readonly confidence: Locator
  /** A step of the chain: `rule`, `ext-authz`, … */
  link(kind: string): Locator
  readonly rule: Locator
  readonly change: Locator
  readonly lookup: Locator
  ask(text: string): Promise<void>
  /** What is in the clipboard after the note was copied by its key. */
  note(): Promise<string>
}

export function diagnosePage(page: Page): DiagnosePage {
  const lookup = page.getByTestId('request-lookup')
  return {
    groups: page.getByTestId('refusal-group'),
    verdict: page.getByTestId('verdict'),
    confidence: page.getByTestId('confidence'),
    link: (kind) => page.getByTestId(`link-${kind}`),
    rule: page.getByTestId('rule-lines'),
    change: page.getByTestId('smallest-change'),
    lookup,
    async ask(text) {
      await lookup.fill(text)
      await lookup.press('Enter')
    },
    async note() {
      // The key is no letter of the field.
      await page.getByTestId('verdict').click()
      await page.keyboard.press('y')
      await page.getByTestId('diagnose-status').getByText('Copied.').waitFor()
      return String(await page.evaluate('navigator.clipboard.readText()'))
    },
  }
}
