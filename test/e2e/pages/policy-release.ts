import type { Locator, Page } from 'playwright-core'

export interface PolicyPage {
  open(): Promise<void>
  startDraft(): Promise<void>
  /** Types a line at the end of a file of the draft, and waits until it is kept. */
  append(file: string, line: string): Promise<void>
  /** Takes the last line of a file away again. */
  removeLastLine(file: string, line: string): Promise<void>
  openPublish(): Promise<Locator>
  turnOnChangeMode(environment: string): Promise<void>
  confirm(): Promise<void>
  /** Waits until the publication has come so far. */
  phase(phase: 'converged' | 'stuck' | 'failed'): Promise<void>
  closeDialog(): Promise<void>
  takeFirstRefusal(): Promise<void>
  decision(side: 'deployed' | 'draft'): Promise<string | null>
}

const longMs = 60_000

/** The panels for simulating and publishing, as a person uses them. */
export function policyPage(page: Page): PolicyPage {
  const dialog = page.getByTestId('publish-dialog')
  const editFile = async (file: string) => {
    await page.getByTestId('file-tree').getByRole('button', { name: file, exact: false }).first().click()
    await page.getByTestId('code-pane').locator('.view-lines').click({ timeout: longMs })
    await page.keyboard.press('Control+End')
  }
  const kept = async () => {
    await page.keyboard.press('Control+s')
    await page
      .getByTestId('policy-status')
      .getByText(/, saved \d/)
      .first()
      .waitFor({ timeout: longMs })
  }
  return {
    async open() {
      await page.getByRole('link', { name: 'Policy' }).click()
      await page.getByTestId('release-panel').waitFor({ timeout: longMs })
      await page.getByTestId('convergence').waitFor({ timeout: longMs })
    },
    async startDraft() {
      await page.getByTestId('start-draft').click({ timeout: longMs })
      await page
        .getByTestId('publish')
        .getByText(/Publish .+…/)
        .waitFor({ timeout: longMs })
    },
    async append(file, line) {
      await editFile(file)
      await page.keyboard.insertText(`\n${line}\n`)
      await page.getByTestId('code-pane').getByText('endswith').first().waitFor()
      await kept()
    },
    async removeLastLine(file, line) {
      await editFile(file)
      // From the empty line at the end to the start of the one before.
      for (const key of ['Shift+ArrowUp', 'Shift+Home', 'Backspace']) await page.keyboard.press(key)
      await page.getByTestId('code-pane').getByText(line.slice(0, 20)).waitFor({ state: 'detached' })
      await kept()
    },
    async openPublish() {
      await page.getByTestId('publish').click()
      await dialog.waitFor()
      return dialog
    },
    async turnOnChangeMode(environment) {
      await page.getByTestId('turn-on-change-mode').click()
      const asking = page.getByTestId('change-mode-dialog')
      await asking.getByTestId('typed-name').fill(environment)
      await asking.getByRole('button', { name: 'Turn on change mode' }).click()
      await asking.waitFor({ state: 'detached' })
      await page.getByTestId('gate-change-mode').getByText('passed').waitFor()
    },
    async confirm() {
      await dialog.getByTestId('publish-confirm').click({ timeout: longMs })
    },
    async phase(phase) {
      await page.locator(`[data-testid="publish-dialog"][data-phase="${phase}"]`).waitFor({ timeout: longMs })
    },
    async closeDialog() {
      await page.getByTestId('publish-cancel').click()
      await dialog.waitFor({ state: 'detached' })
    },
    async takeFirstRefusal() {
      await page.getByTestId('input-recorded').click()
      const another = page.getByText('Choose another')
      if ((await another.count()) > 0) await another.click()
      await page.getByTestId('refused-rows').getByRole('button').first().click({ timeout: longMs })
      await page.getByTestId('recorded-input').waitFor({ timeout: longMs })
    },
    async decision(side) {
      const told = page.getByTestId(`decision-${side}`)
      return (await told.count()) === 0 ? null : told.getAttribute('data-decision')
    },
  }
}
