import type { Locator, Page } from 'playwright-core'

/** What somebody says of a SPIRE server by files. */
export interface SpireFiles {
  readonly trustDomain: string
  readonly certificate: string
  readonly key: string
  readonly bundle: string
}

/** How somebody lets Everyhop sign in to Vault. Without an address: the Vault that is found in the cluster. */
export type VaultSignInWords = (
  | { readonly way: 'token-file'; readonly file: string }
  | { readonly way: 'kubernetes'; readonly role: string; readonly file: string }
  | { readonly way: 'jwt'; readonly role: string; readonly socket: string }
) & { readonly address?: string; readonly caFile?: string }

export interface ConnectionsPage {
  open(): Promise<void>
  /** Starts a new environment from a context; answers the program's question when there is one. */
  add(context: string, options?: { readonly kubeconfig?: string; readonly allowProgram?: boolean }): Promise<void>
  name(name: string): Promise<void>
  production(): Promise<void>
  intent(path: string): Promise<void>
  spire(files: SpireFiles): Promise<void>
  vault(signIn: VaultSignInWords): Promise<void>
  /** Checks again what the form says now, and waits until all was asked. */
  check(): Promise<void>
  /** Waits until what runs was asked. */
  checked(): Promise<void>
  result(source: string, instance: string): Locator
  /** The text of the rights that a result asks for. */
  missingRights(source: string, instance: string): Promise<string>
  previewGraph(): Promise<void>
  /** Saves, and waits for the graph. */
  save(): Promise<void>
  row(environment: string): Locator
  remove(environment: string): Promise<void>
}

const longMs = 60_000

/** The connections screen as a person uses it, in a browser or in the desktop app. */
export function connectionsPage(page: Page): ConnectionsPage {
  const results = page.getByTestId('check-results')
  const checked = () => page.locator('[data-testid="check-results"][data-status="done"]').waitFor({ timeout: longMs })
  return {
    async open() {
      await page.keyboard.press('Escape')
      await page.getByRole('link', { name: 'Connections' }).click()
      await page.getByTestId('connections').waitFor()
    },
    async add(context, { kubeconfig, allowProgram = true } = {}) {
      await page.getByTestId('add-environment').click()
      await page.getByTestId('contexts').waitFor({ state: 'attached' })
      if (kubeconfig !== undefined) {
        await page.getByLabel('Another kubeconfig').fill(kubeconfig)
        await page.getByRole('button', { name: 'Look there' }).click()
      }
      const row = page.getByTestId(`context-${context}`).first()
      await row.waitFor()
      const asks = (await row.getByText('Runs a program').count()) > 0
      await row.click()
      if (!asks) return
      const dialog = page.getByTestId('program-dialog')
      await dialog.waitFor()
      await dialog.getByRole('button', { name: allowProgram ? /^Run / : 'Do not run it' }).click()
    },
    async name(name) {
      await page.getByTestId('environment-name').fill(name)
    },
    async production() {
      await page.getByTestId('environment-kind').selectOption('production')
    },
    async intent(path) {
      await page.getByTestId('environment-intent').fill(path)
    },
    async spire({ trustDomain, certificate, key, bundle }) {
      await page.getByTestId('spire-way').selectOption('files')
      await page.getByTestId('spire-trust-domain').fill(trustDomain)
      await page.getByTestId('spire-certificate').fill(certificate)
      await page.getByTestId('spire-key').fill(key)
      await page.getByTestId('spire-bundle').fill(bundle)
    },
    async vault(signIn) {
      await page.getByTestId('vault-way').selectOption(signIn.way)
      await page.getByTestId('vault-address').fill(signIn.address ?? '')
      await page.getByTestId('vault-ca-file').fill(signIn.caFile ?? '')
      if (signIn.way !== 'token-file') await page.getByTestId('vault-role').fill(signIn.role)
      if (signIn.way === 'jwt') await page.getByTestId('vault-socket').fill(signIn.socket)
      else await page.getByTestId('vault-token-file').fill(signIn.file)
    },
    async check() {
      await page.getByTestId('check-again').click()
      // Between the click and the first answer the results are those of before.
      await page.locator('[data-testid="check-results"][data-status="running"]').waitFor({ timeout: longMs })
      await checked()
    },
    checked,
    result: (source, instance) => results.getByTestId(`result-${source}-${instance}`),
    async missingRights(source, instance) {
      await results.getByTestId(`ask-${source}-${instance}`).click()
      const dialog = page.getByTestId('role-dialog')
      const text = dialog.getByTestId('role-text')
      // There is nothing to copy while the text is asked for.
      await dialog.locator('button:enabled', { hasText: 'Copy the text' }).waitFor()
      const content = (await text.textContent()) ?? ''
      await dialog.getByRole('button', { name: 'Close' }).click()
      await dialog.waitFor({ state: 'detached' })
      return content
    },
    async previewGraph() {
      await page.getByTestId('preview-graph').click()
      await page.getByTestId('preview-bar').waitFor()
    },
    async save() {
      await page.getByTestId('save-environment').click()
      await page.waitForURL(/#\/graph/, { timeout: longMs })
    },
    row: (environment) => page.getByTestId(`environment-${environment}`),
    async remove(environment) {
      await page.getByRole('button', { name: `Remove ${environment}…` }).click()
      const dialog = page.getByTestId('remove-dialog')
      await dialog.getByRole('button', { name: `Remove ${environment}` }).click()
      await dialog.getByText('was removed').waitFor()
      await dialog.getByRole('button', { name: 'Close' }).click()
    },
  }
}
