import type { Locator, Page } from 'playwright-core'

export interface PolicyPage {
  open(): Promise<void>
  startDraft(): Promise<void>
  file(path: string): Promise<void>
  /** Puts the cursor at the end of the text and types. */
  typeAtEnd(text: string): Promise<void>
  /** Puts the cursor into the first row with a text, behind what is named from the row's first letter on. */
  place(row: string, behind: string): Promise<void>
  readonly problems: Locator
  readonly status: Locator
  readonly counts: Locator
}

/** The policy screen as a person uses it. */
export function policyPage(page: Page): PolicyPage {
  return {
    async open() {
      await page.getByRole('link', { name: 'Policy' }).click()
      await page.getByTestId('file-tree').waitFor()
    },
    async startDraft() {
      await page.getByTestId('start-draft').click()
      await page.getByTestId('draft-size').waitFor()
      await page.getByTestId('code-pane').locator('.view-line').first().waitFor()
    },
    async file(path) {
      await page.getByTestId('file-tree').locator(`button[title="${path}"]`).click()
      await page.locator(`[aria-label="Open files"] [aria-current="true"][title="${path}"]`).waitFor()
    },
    async typeAtEnd(text) {
      await page.locator('.monaco-editor .view-lines').first().click()
      await page.keyboard.press('Control+End')
      await page.keyboard.type(text)
    },
    async place(row, behind) {
      // By keys: names of one colour are drawn as one piece, whose middle, where a click lands, may be another name.
      await page.locator('.view-line', { hasText: row }).first().click()
      await page.keyboard.press('Home')
      for (const _letter of behind) await page.keyboard.press('ArrowRight')
    },
    problems: page.getByTestId('problems-panel'),
    status: page.getByTestId('policy-status'),
    counts: page.getByTestId('counts'),
  }
}
