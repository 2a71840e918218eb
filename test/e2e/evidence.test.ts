import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keepPicture } from './open-window.ts'
import { violations } from './pages/accessibility.ts'
import { openPlaygroundWindow, type PlaygroundWindow } from './playground-window.ts'

/** A pack is made in the window, looked at, stopped, saved, and verified by the window and by what an auditor has. */
const run = promisify(execFile)
const longMs = 60_000
let opened: PlaygroundWindow
let page: Page
let folder: string
let pack: string
let publicKey: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-packs-'))
  const { privateKey, publicKey: spki } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  publicKey = join(folder, 'organisation.pub.pem')
  pack = join(folder, 'pack.zip')
  await writeFile(join(folder, 'organisation.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  })
  await writeFile(publicKey, spki.export({ type: 'spki', format: 'pem' }))
  opened = await openPlaygroundWindow(true, true)
  ;({ page } = opened.window)
  await page.getByTestId('status-bar').waitFor({ timeout: longMs })
  await page.getByRole('link', { name: 'Evidence' }).click()
})
afterAll(async () => {
  await opened?.close()
  await rm(folder, { recursive: true, force: true })
})

test(
  'before a pack is made the screen says what it will hold, what it will lack, and what it still needs',
  async () => {
    await page.getByTestId('evidence-artefacts').getByText('Authorisation decisions').waitFor({ timeout: longMs })
    // Everyhop watches since a few seconds, and the period is a day.
    await expect.poll(() => page.getByTestId('evidence-missing').textContent()).toMatch(/nothing from/)
    for (const artefact of ['decisions', 'mtls-coverage', 'trust-graph']) {
      const state = page.locator(`[data-artefact="${artefact}"] [data-state]`)
      expect({ artefact, state: await state.getAttribute('data-state') }).toEqual({
        artefact,
        // Of what nobody was seen to write yet nothing can even be said to be lacking.
        state: expect.stringMatching(/^(insufficient|not-evaluated)$/),
      })
    }
    const build = page.getByTestId('evidence-build')
    expect(await build.isDisabled()).toBe(true)
    await expect.poll(() => build.getAttribute('title')).toMatch(/key signs/)
    await page.getByTestId('evidence-key-kind').selectOption('file')
    await page.getByTestId('evidence-key-file').fill(join(folder, 'organisation.pem'))
    await page.getByTestId('evidence-out').fill(pack)
    await expect.poll(() => build.isEnabled()).toBe(true)
    expect(await violations(page)).toEqual([])
    await keepPicture(page, 'evidence-plan')
  },
  longMs,
)

test(
  'a pack that is stopped leaves nothing',
  async () => {
    await page.getByTestId('evidence-build').click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Nothing of the pack is kept.').waitFor({ timeout: longMs })
    await expect.poll(() => readdir(folder)).toEqual(['organisation.pem', 'organisation.pub.pem'])
    await page.getByRole('button', { name: 'Close' }).click()
  },
  longMs,
)

test(
  'a pack that is made has two verdicts, also after a look at another screen',
  async () => {
    await page.getByTestId('evidence-build').click()
    await page.getByRole('link', { name: 'Graph' }).click()
    await page.getByTestId('status-bar').waitFor()
    await page.getByRole('link', { name: 'Evidence' }).click()
    const verdicts = page.getByTestId('evidence-verdicts')
    await verdicts.getByText('Integrity: intact').waitFor({ timeout: longMs })
    // A playground of a minute does not cover a day, and that is no fault of the pack's integrity.
    await expect.poll(() => verdicts.textContent()).toMatch(/Completeness: (\d+ gaps?|not all)/)
    expect(await page.getByTestId('evidence-steps').locator('[data-outcome="failed"]').count()).toBe(0)
    expect(await violations(page)).toEqual([])
    await keepPicture(page, 'evidence-sealed')
  },
  2 * longMs,
)

test(
  'the report is read in a frame that runs nothing',
  async () => {
    await page.getByRole('button', { name: 'Open report' }).click()
    const frame = page.getByTestId('evidence-report')
    await frame.waitFor({ timeout: longMs })
    expect(await frame.getAttribute('sandbox')).toBe('')
    await page
      .frameLocator('[data-testid="evidence-report"]')
      .getByRole('heading', { level: 1 })
      .getByText('EP-')
      .waitFor()
    await keepPicture(page, 'evidence-report')
    await page.getByRole('button', { name: 'Close' }).click()
  },
  longMs,
)

test(
  'what an auditor has says the same of the file',
  async () => {
    const verifier = join(import.meta.dirname, '../../electron/evidence/verify/verify.py')
    const answer = await run('python3', [verifier, pack, '--key', publicKey]).catch(
      (reason: { readonly code: number; readonly stdout: string }) => reason,
    )
    expect(answer).toMatchObject({ code: 2 })
  },
  longMs,
)

test(
  'the window verifies it with a key from outside, and not with another one',
  async () => {
    await page.keyboard.press('v')
    const other = join(folder, 'other.pub.pem')
    const { publicKey: spki } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await writeFile(other, spki.export({ type: 'spki', format: 'pem' }))
    await page.getByTestId('verify-file').fill(pack)
    const verdicts = page.getByTestId('evidence-verdicts')
    for (const [key, words] of [
      [other, /Integrity: not/],
      [publicKey, /Integrity: intact/],
    ] as const) {
      await page.getByTestId('verify-key').fill(key)
      await page.getByTestId('verify-run').click()
      await expect.poll(() => verdicts.textContent(), { timeout: longMs }).toMatch(words)
    }
    expect(await violations(page)).toEqual([])
  },
  2 * longMs,
)

test(
  'it is on the list of packs, and saved elsewhere without overwriting',
  async () => {
    await page.getByRole('button', { name: /^Packs 1$/ }).click()
    await page.getByTestId('evidence-packs').getByText('EP-').waitFor()
    await page.getByRole('button', { name: 'Save pack…' }).click()
    const field = page.getByTestId('evidence-save-as')
    await field.fill(join(folder, 'copy.zip'))
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Saved as').waitFor()
    await page.getByRole('button', { name: 'Save pack…' }).click()
    await field.fill(join(folder, 'copy.zip'))
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page
      .getByText(/is there already|exists/)
      .first()
      .waitFor()
    expect(await violations(page)).toEqual([])
  },
  longMs,
)

test('a page names no program to run', async () => {
  const answer = await page.evaluate(async () => {
    const key = { kind: 'command', command: ['/bin/true'], publicKeyFile: '/nowhere' }
    const input = { environment: 'playground', period: { from: 1, to: 2 }, key }
    const response = await fetch('/rpc/evidence/build', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ json: input }),
    })
    return { status: response.status, text: await response.text() }
  })
  expect(answer).toEqual({ status: 403, text: expect.stringContaining('names no program') })
})
