import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { ensureRegal } from '../lab/provision/regal.ts'
import { keepPicture, type OpenWindow, openWindow } from './open-window.ts'
import { violations } from './pages/accessibility.ts'
import { type PolicyPage, policyPage } from './pages/policy.ts'
import { type PolicyFixture, startPolicyFixture } from './pages/policy-fixture.ts'

/** Somebody who edits a draft, in a real browser, with the real OPA and the real Regal. */
const caller = 'spiffe://ai.example/ns/ai/sa/model-server'
const files = {
  'pipeline/authz.rego': `package pipeline.authz

import data.lib.classify

default allow := false

allow if {
	caller := input.source_principal
	caller in data.hops.callers
	not classify.exceeds(input.parsed_body.data_class, input.parsed_body.tool)
}

unreached if {
	input.never
	input.asked
}
`,
  'lib/classify.rego': `package lib.classify

levels := {"public": 0, "internal": 1, "secret": 2}

exceeds(class, tool) if levels[class] > data.tools[tool].clearance
`,
  'hops/data.json': `{"callers": ["${caller}"]}\n`,
  'tools/data.json': '{"search": {"clearance": 1}}\n',
  'tests/authz_test.rego': `package pipeline.authz_test

import data.pipeline.authz

test_known_caller if {
	authz.allow with input as {"source_principal": "${caller}", "parsed_body": {"tool": "search", "data_class": "public"}}
}
`,
}

let opa: string
let fixture: PolicyFixture
let window: OpenWindow
let page: Page
let policy: PolicyPage

beforeAll(async () => {
  opa = (await ensureBinaries(['opa-envoy'], { log: console.log }))['opa-envoy'].path
  fixture = await startPolicyFixture(files, { opa, regal: await ensureRegal(console.log) })
  window = await openWindow(fixture.service)
  page = window.page
  page.setDefaultTimeout(30_000)
  policy = policyPage(page)
}, 300_000)
afterAll(async () => {
  await window?.close()
  await fixture?.stop()
})

const wait = { timeout: 30_000 }

async function draftFile(path: string): Promise<string> {
  const found = await readdir(fixture.folder, { recursive: true })
  const file = found.find((each) => /drafts\/[^/]+\/files\//.test(each) && each.endsWith(path))
  return file === undefined ? '' : readFile(join(fixture.folder, file), 'utf8')
}

async function placeInDraft(path: string): Promise<string> {
  const found = await readdir(fixture.folder, { recursive: true })
  return join(fixture.folder, found.find((each) => /drafts\/[^/]+\/files\//.test(each) && each.endsWith(path)) ?? '')
}

test('what is deployed is read-only; a draft starts from it, is checked and tested', async () => {
  await policy.open()
  await page.getByText('What is deployed, read-only').waitFor()
  await policy.startDraft()
  expect(page.url()).toContain('draft=')
  await expect.poll(() => policy.counts.textContent(), wait).toContain('1 test')
  await expect.poll(() => policy.status.textContent(), wait).toContain('listens on 127.0.0.1')
})

test('coverage is in the gutter: what tests reach, and what they do not', async () => {
  await policy.file('pipeline/authz.rego')
  await expect.poll(() => page.locator('[class*="covered"]').count(), wait).toBeGreaterThan(2)
  await expect.poll(() => page.locator('[class*="notCovered"]').count(), wait).toBeGreaterThan(0)
})

test('a syntax error is marked as it is typed, and goes when it is corrected', async () => {
  await policy.typeAtEnd('\nbroken :=')
  await expect.poll(() => policy.problems.textContent(), wait).toContain('rego_parse_error')
  await expect.poll(() => page.locator('.squiggly-error').count(), wait).toBeGreaterThan(0)
  await keepPicture(page, 'policy-syntax')
  await page.keyboard.type(' 1')
  await expect.poll(() => policy.problems.textContent(), wait).not.toContain('rego_parse_error')
  await expect.poll(() => page.locator('.squiggly-error').count(), wait).toBe(0)
})

test('Regal finds what is against the style, and its fix mends it', async () => {
  await policy.typeAtEnd('\n\nreason = "none" if not allow')
  await expect.poll(() => policy.problems.textContent(), wait).toContain('use-assignment-operator')
  await policy.problems.getByText('Prefer := over = for assignment').click()
  await page.keyboard.press('Control+.')
  await page.getByText('Replace = with := in assignment').first().click(wait)
  await expect.poll(() => page.getByTestId('code-pane').textContent(), wait).toMatch(/reason\s*:=/)
  await expect.poll(() => policy.problems.textContent(), wait).not.toContain('use-assignment-operator')
})

test('the next problem is one key away, in another file too', async () => {
  await policy.file('lib/classify.rego')
  await policy.typeAtEnd('\nlost :=')
  await expect.poll(() => policy.problems.textContent(), wait).toContain('rego_parse_error')
  await policy.file('pipeline/authz.rego')
  await page.keyboard.press('F8')
  await page.locator('[aria-label="Open files"] [aria-current="true"][title="lib/classify.rego"]').waitFor()
  await page.keyboard.press('Control+End')
  for (const _letter of 'lost :=') await page.keyboard.press('Backspace')
  await expect.poll(() => policy.problems.textContent(), wait).not.toContain('rego_parse_error')
})

test('formatting is what opa fmt does, and the save is on the disk', async () => {
  await policy.file('lib/classify.rego')
  await policy.typeAtEnd('\nspaced   :=    1\n')
  await page.getByRole('button', { name: 'Format', exact: true }).click()
  await page.locator('.monaco-editor .view-lines').first().click()
  await page.keyboard.press('Control+s')
  await expect.poll(() => draftFile('lib/classify.rego'), wait).toContain('spaced := 1')
  await expect.poll(() => policy.status.textContent(), wait).toContain('saved')
})

test('the rule under the cursor is evaluated, beside it', async () => {
  await policy.file('lib/classify.rego')
  await page.locator('.view-line', { hasText: 'levels' }).first().click()
  await page.keyboard.press('Alt+Enter')
  await expect.poll(() => page.getByTestId('code-pane').textContent(), wait).toMatch(/=\s*\{"internal":1/)
})

test('the definition of an imported rule comes from Regal, also into a file that was not open', async () => {
  await page.getByRole('button', { name: 'Close lib/classify.rego' }).click()
  await policy.file('pipeline/authz.rego')
  const there = page.locator('[aria-label="Open files"] [aria-current="true"][title="lib/classify.rego"]')
  const ask = async (): Promise<boolean> => {
    // Each time: while Regal has not read the module it leads to the import, and the cursor is there.
    await policy.place('classify.exceeds', 'not classify.ex')
    await page.keyboard.press('F12')
    await there.waitFor({ timeout: 3000 }).catch(() => {})
    return there.isVisible()
  }
  await expect.poll(ask, { timeout: 60_000 }).toBe(true)
})

test('a file is made, renamed and removed', async () => {
  await page.getByRole('button', { name: 'New file…' }).click()
  await page.getByLabel('Path in the bundle').fill('lib/extra.rego')
  await page.getByRole('button', { name: 'Create the file' }).click()
  await expect.poll(() => draftFile('lib/extra.rego'), wait).toContain('package lib.extra')
  await page.getByRole('button', { name: 'Actions for lib/extra.rego' }).click()
  await page.getByRole('menuitem', { name: 'Rename or move…' }).click()
  await page.getByLabel('Path in the bundle').fill('lib/other.rego')
  await page.getByRole('button', { name: 'Rename', exact: true }).click()
  await expect.poll(() => draftFile('lib/other.rego'), wait).toContain('package lib.extra')
  await expect.poll(() => draftFile('lib/extra.rego'), wait).toBe('')
  await page.getByRole('button', { name: 'Actions for lib/other.rego' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await page.getByRole('button', { name: 'Delete the file' }).click()
  await expect.poll(() => draftFile('lib/other.rego'), wait).toBe('')
})

test('what another program writes is taken over, and asked about where it was edited here', async () => {
  await policy.file('tools/data.json')
  const place = await placeInDraft('tools/data.json')
  await writeFile(place, '{"search": {"clearance": 2}}\n')
  await expect.poll(() => page.getByTestId('code-pane').textContent(), wait).toContain('2')
  await policy.typeAtEnd(' ')
  await writeFile(place, '{"search": {"clearance": 0}, "theirs": true}\n')
  // Whichever notices first, the write or the look: the dialog has both.
  const dialog = page.getByTestId('conflict-dialog')
  for (let tries = 0; tries < 20 && !(await dialog.isVisible()); tries += 1) {
    await policy.typeAtEnd(' ').catch(() => {})
    await writeFile(place, `{"search": {"clearance": 0}, "theirs": ${tries}}\n`)
    await dialog.waitFor({ timeout: 2000 }).catch(() => {})
  }
  await expect.poll(() => dialog.getByTestId('conflict-theirs').textContent(), wait).toContain('theirs')
  await keepPicture(page, 'policy-conflict')
  await dialog.getByRole('button', { name: 'Keep what is in the editor' }).click()
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(() => draftFile('tools/data.json'), wait).not.toContain('theirs')
})

test('a page that dies loses nothing of the draft', async () => {
  await policy.file('lib/classify.rego')
  await policy.typeAtEnd('\nkept := true\n')
  await expect.poll(() => draftFile('lib/classify.rego'), wait).toContain('kept := true')
  const address = page.url()
  const next = await window.context.newPage()
  await page.goto('chrome://crash').catch(() => {})
  await next.goto(address)
  page = next
  policy = policyPage(page)
  await expect.poll(() => page.getByTestId('code-pane').textContent(), wait).toContain('kept')
})

test('the comparison with what is live shows both texts', async () => {
  await page.getByRole('button', { name: 'Diff with live' }).click()
  await page.getByTestId('diff-pane').locator('.line-insert').first().waitFor(wait)
  await keepPicture(page, 'policy-diff')
  await page.getByRole('button', { name: 'Diff with live' }).click()
  await page.getByTestId('code-pane').waitFor()
})

test('the screen has no accessibility violations, dark and light, and complains of nothing', async () => {
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await page.reload()
    await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe(theme)
    await page.getByTestId('code-pane').locator('.view-line').first().waitFor(wait)
    await expect.poll(() => policy.counts.textContent(), wait).toMatch(/test/)
    await keepPicture(page, `policy-${theme}`)
    expect(await violations(page)).toEqual([])
  }
  // A browser notes each refusal of the service, such as that of a write over what is newer; the page has words for them.
  const refusal = /^Failed to load resource: the server responded with a status of (404|409)/
  expect(window.complaints.filter((complaint) => !refusal.test(complaint))).toEqual([])
})

test('without Regal OPA alone checks, and the screen says what is missing and how to get it', async () => {
  const alone = await startPolicyFixture(files, { opa, regal: null })
  const other = await openWindow(alone.service)
  try {
    const screen = policyPage(other.page)
    await screen.open()
    await screen.startDraft()
    await expect.poll(() => screen.status.textContent(), wait).toContain('Regal is not on this machine')
    await expect.poll(() => screen.problems.textContent(), wait).toContain('go install')
    expect(await other.page.getByTestId('build-regal').isVisible()).toBe(true)
    await screen.typeAtEnd('\nbroken :=')
    await expect.poll(() => screen.problems.textContent(), wait).toContain('rego_parse_error')
    await keepPicture(other.page, 'policy-without-regal')
  } finally {
    await other.close()
    await alone.stop()
  }
})
