import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { spiffeIdOf, stageOf } from '../../electron/playground/pipeline/topology.ts'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { type DataFolder, takeDataFolder } from '../../electron/service/data-folder.ts'
import { registrationFile } from '../lab/environment-file.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { keepPicture, type OpenWindow, openWindow } from './open-window.ts'
import { violations } from './pages/accessibility.ts'
import { policyPage } from './pages/policy-release.ts'

/**
 * An outage by policy from its beginning to its end, through the window, on the lab as production: a rule that refuses a
 * legitimate caller is published, seen, mended, simulated, published; then a bundle with a wrong signature is rolled back.
 */
const caller = spiffeIdOf(stageOf('gateway'))
const callee = spiffeIdOf(stageOf('prompt-firewall'))
const hopTestId = `hop-hop/workload/${caller}>workload/${callee}`
const mistake = 'reasons contains "closed for a rehearsal" if endswith(callee, "/sa/prompt-firewall")'
const longMs = 60_000

let folder: string
let lab: Lab
let owned: DataFolder
let service: Composed
let window: OpenWindow
let page: Page

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-release-'))
  const home = join(folder, 'home')
  lab = await startLab({ runFolder: join(folder, 'lab'), home, windowSeconds: 12, requestsPerSecond: 8 })
  const file = registrationFile(home)
  const environment = z.looseObject({}).parse(parse(await readFile(file, 'utf8')))
  await writeFile(file, stringify({ ...environment, production: true }))
  owned = takeDataFolder(join(home, 'data'))
  service = composeService('web', home, owned)
  window = await openWindow(service)
  page = window.page
})
afterAll(async () => {
  await window?.close()
  await service?.stop()
  owned?.release()
  await lab?.stop()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

// Each step stands on the one before: run again alone it could only fail.
describe('an outage by policy', { retry: 0 }, () => {
  test('a policy that refuses a legitimate caller is published, with its danger shown and the name typed', async () => {
    const policy = policyPage(page)
    await policy.open()
    await policy.startDraft()
    await policy.append('authz.rego', mistake)
    const dialog = await policy.openPublish()
    expect(await page.evaluate('document.activeElement?.textContent')).toContain('Cancel')
    await dialog.getByTestId('plan-changes').getByText('authz.rego').waitFor({ timeout: longMs })
    expect(await dialog.getByTestId('plan-warnings').textContent()).toMatch(/could overwrite.*about [\d,]+ ms/)
    expect(await gate('tests')).toContain('not evaluated')
    expect(await gate('signature')).toContain('passed')
    expect(await gate('change-mode')).toContain('failed, and blocks')
    expect(await dialog.getByTestId('publish-confirm').isDisabled()).toBe(true)
    await policy.turnOnChangeMode('lab')
    expect(await page.getByTestId('change-mode-line').textContent()).toMatch(/production · change mode, \d+ m left/)
    expect(await dialog.getByTestId('publish-confirm').isDisabled()).toBe(true)
    await dialog.getByTestId('typed-name').fill('lab')
    await keepPicture(page, 'publish-dark')
    expect(await violations(page)).toEqual([])
    await policy.confirm()
    await policy.phase('converged')
    expect(await dialog.getByTestId('converged-in').textContent()).toMatch(/All 3 OPAs had it [\d.]+ s after/)
    await policy.closeDialog()
  })

  test('the graph shows the refusals, and the hop leads to its simulation', async () => {
    await page.getByRole('link', { name: 'Graph' }).click()
    await expect.poll(hopName, { timeout: longMs }).toMatch(/denied/)
    await page.getByTestId(hopTestId).first().click({ force: true })
    await page.getByTestId('inspector').getByText('closed for a rehearsal').first().waitFor({ timeout: longMs })
    await keepPicture(page, 'policy-denies-graph')
    await page.getByTestId('simulate-hop').click()
    await page.getByTestId('simulate-panel').waitFor()
    await expect.poll(() => policyPage(page).decision('deployed'), { timeout: longMs }).toBe('deny')
  })

  test('the draft is mended, simulated against what is deployed, and what it answers is kept as a test', async () => {
    const policy = policyPage(page)
    await policy.startDraft()
    await policy.takeFirstRefusal()
    expect(await page.getByTestId('masked').textContent()).toMatch(/masked: the result may differ/)
    await policy.removeLastLine('authz.rego', mistake)
    await expect.poll(() => policy.decision('draft'), { timeout: longMs }).toBe('allow')
    expect(await policy.decision('deployed')).toBe('deny')
    await keepPicture(page, 'simulate-dark')
    await page.getByTestId('simulate-trace').click()
    await page.getByTestId('trace-view').getByText('first expression that failed').waitFor()
    await keepPicture(page, 'simulate-trace-dark')
    await page.getByTestId('simulate-decision').click()
    await page.getByTestId('save-as-test').click()
    await page.getByTestId('test-saved').waitFor({ timeout: longMs })
    await page.getByTestId('file-tree').getByText('authz_simulated_test.rego').waitFor()
  })

  test('published again, every OPA converges within the time shown, and the refused requests pass', async () => {
    const policy = policyPage(page)
    const dialog = await policy.openPublish()
    await expect.poll(() => gate('tests'), { timeout: longMs }).toContain('1 passed')
    await dialog.getByTestId('typed-name').fill('lab')
    await policy.confirm()
    await policy.phase('converged')
    const told = /had it ([\d.]+) s after/.exec((await dialog.getByTestId('converged-in').textContent()) ?? '')?.[1]
    expect(Number(told)).toBeGreaterThan(0)
    const recheck = dialog.getByTestId('recheck')
    await recheck.getByText(/would pass now/).waitFor({ timeout: longMs })
    expect(await recheck.getByRole('row').filter({ hasText: 'prompt-firewall' }).first().textContent()).toMatch(
      /deny.*allow/,
    )
    await keepPicture(page, 'publish-recheck-dark')
    expect(await violations(page)).toEqual([])
    await policy.closeDialog()
    await page.getByRole('link', { name: 'Graph' }).click()
    await expect.poll(hopName, { timeout: longMs }).not.toMatch(/denied/)
  })

  test('a bundle that another publisher signed with a wrong key is named by OPA’s words, and rolled back', async () => {
    const policy = policyPage(page)
    await policy.open()
    await lab.inject('bundle-bad-signature')
    const offer = page.getByTestId('offer-roll-back')
    await offer.waitFor({ timeout: longMs })
    const panel = page.getByTestId('release-panel')
    expect(await panel.getByRole('alert').textContent()).toMatch(/refused .*“.+”.*It keeps enforcing/)
    await keepPicture(page, 'policy-refused-dark')
    const rejected = (await page.locator('[data-testid="revisions"] tr[data-live="true"]').textContent()) ?? ''
    expect(rejected).toContain('invalid')
    await offer.click()
    const dialog = page.getByTestId('publish-dialog')
    await dialog.getByTestId('typed-name').waitFor({ timeout: longMs })
    await dialog.getByTestId('typed-name').fill('lab')
    await keepPicture(page, 'roll-back-dark')
    await policy.confirm()
    await policy.phase('converged')
    await policy.closeDialog()
    await expect
      .poll(() => page.getByTestId('convergence').getAttribute('data-state'), { timeout: longMs })
      .toBe('converged')
    expect(await page.locator('[data-testid="revisions"] tr[data-live="true"]').textContent()).toMatch(/brings back/)
    expect(await offer.count()).toBe(0)
  })

  test('the journal has every step, verifies, and is exported as it is written', async () => {
    await page.getByTestId('journal').click()
    const dialog = page.getByTestId('journal-dialog')
    await dialog.locator('[data-testid="journal-check"][data-intact="true"]').waitFor()
    await dialog.getByTestId('journal-entries').locator('tbody tr').first().waitFor()
    const text = (await dialog.getByTestId('journal-entries').textContent()) ?? ''
    for (const step of ['Change mode on', 'Publish', 'succeeded', 'Roll back', 'brings back'])
      expect(text).toContain(step)
    const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByTestId('journal-export').click()])
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n')
    const written = (await readFile(join(folder, 'home', 'data', 'policy', 'journal.ndjson'), 'utf8'))
      .trim()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(written.map((line) => JSON.parse(line)))
    await keepPicture(page, 'journal-dark')
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
  })

  test('change mode is turned off from the environment’s menu, and then nothing can be published', async () => {
    await page.getByTestId('environment-menu').click()
    await page.getByTestId('menu-change-mode-off').click()
    await expect.poll(() => page.getByTestId('change-mode-line').textContent()).toBe('production · read-only')
    const dialog = await openRollBack()
    await expect.poll(() => gate('change-mode'), { timeout: longMs }).toContain('failed, and blocks')
    await dialog.getByTestId('typed-name').fill('lab')
    expect(await dialog.getByTestId('publish-confirm').isDisabled()).toBe(true)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(window.complaints).toEqual([])
  })

  for (const theme of ['dark', 'light'] as const) {
    test(`the panels in the ${theme} window break nothing of WCAG 2.2 AA as far as a program can tell`, async () => {
      const other = await openWindow(service, { theme })
      try {
        const policy = policyPage(other.page)
        await policy.open()
        await policy.takeFirstRefusal()
        await other.page.getByTestId('decision-view').waitFor({ timeout: longMs })
        await other.page.getByTestId('convergence').waitFor()
        await keepPicture(other.page, `policy-panels-${theme}`)
        expect(await violations(other.page)).toEqual([])
        await other.page.getByTestId('differences').click()
        // What was rolled back to may be, file by file, what was refused: the first mistake differs from both.
        const from = other.page.getByTestId('difference-dialog').getByLabel('From')
        const mistaken = await from.locator('option', { hasText: 'lab-002' }).last().getAttribute('value')
        await from.selectOption(mistaken)
        await other.page.getByTestId('monaco-diff').waitFor({ timeout: longMs })
        await keepPicture(other.page, `policy-differences-${theme}`)
        expect(await violations(other.page)).toEqual([])
      } finally {
        await other.close()
      }
    })
  }
})

async function openRollBack() {
  await page.getByTestId('roll-back').click()
  const dialog = page.getByTestId('publish-dialog')
  await dialog.getByTestId('typed-name').waitFor({ timeout: longMs })
  return dialog
}

async function gate(name: string): Promise<string> {
  return (await page.getByTestId(`gate-${name}`).textContent({ timeout: longMs })) ?? ''
}

async function hopName(): Promise<string> {
  return (await page.getByTestId(hopTestId).first().getAttribute('aria-label')) ?? ''
}
