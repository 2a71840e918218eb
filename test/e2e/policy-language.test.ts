import { open, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { childrenOf } from '../builders/child-processes.ts'
import { ensureBinaries } from '../lab/provision/binaries.ts'
import { ensureRegal } from '../lab/provision/regal.ts'
import { keepPicture, type OpenWindow, openWindow } from './open-window.ts'
import { type PolicyPage, policyPage } from './pages/policy.ts'
import { type PolicyFixture, startPolicyFixture } from './pages/policy-fixture.ts'

/** What goes wrong beside the editor while somebody types: Regal ends, a file is too large to be opened. */
const files = {
  'pipeline/authz.rego': 'package pipeline.authz\n\ndefault allow := false\n\nallow if input.known\n',
  'data.json': '{}\n',
}
const wait = { timeout: 60_000 }

let fixture: PolicyFixture
let window: OpenWindow
let policy: PolicyPage

beforeAll(async () => {
  const { 'opa-envoy': opa } = await ensureBinaries(['opa-envoy'], { log: console.log })
  fixture = await startPolicyFixture(files, { opa: opa.path, regal: await ensureRegal(console.log) })
  window = await openWindow(fixture.service)
  window.page.setDefaultTimeout(wait.timeout)
  policy = policyPage(window.page)
  await policy.open()
  await policy.startDraft()
}, 300_000)
afterAll(async () => {
  await window?.close()
  await fixture?.stop()
})

async function fileOfDraft(path: string): Promise<string> {
  const found = await readdir(fixture.folder, { recursive: true })
  const file = found.find((each) => /drafts\/[^/]+\/files\//.test(each) && each.endsWith(path))
  if (file === undefined) throw new Error(`the draft has no ${path}`)
  return join(fixture.folder, file)
}

test('Regal that ends while one types is told of in the status, comes back with what was typed, and nothing is lost', async () => {
  const { page } = window
  await expect.poll(() => policy.status.textContent(), wait).toContain('Regal is running')
  await policy.file('pipeline/authz.rego')
  await policy.typeAtEnd('\nlast = 1\n')
  await policy.problems
    .getByText(/use-assignment-operator/)
    .first()
    .waitFor(wait)
  // It lasts a second: a look now and then may miss it.
  await page.evaluate(`(() => {
    window.languageStates = []
    const note = () => window.languageStates.push(document.querySelector('[data-testid="language-state"]')?.textContent)
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true })
  })()`)
  const told = () => page.evaluate('window.languageStates.join("\\n")')
  const [before] = await childrenOf(process.pid, 'language-server')
  expect(before).toBeDefined()
  process.kill(before ?? 0, 'SIGKILL')
  await expect.poll(told, wait).toMatch(/Regal ended and is started again in \d+ s; nothing is lost\..*ended by itself/)
  // One goes on typing, and what Regal had found is not held to be true any more.
  await page.keyboard.type('more = 2\n')
  await expect.poll(() => policy.status.textContent(), wait).toContain('Regal is running')
  await expect
    .poll(async () => (await policy.problems.textContent())?.match(/use-assignment-operator/g)?.length ?? 0, wait)
    .toBeGreaterThanOrEqual(2)
  const [after] = await childrenOf(process.pid, 'language-server')
  expect(after).not.toBe(before)
  const written = async () => readFile(await fileOfDraft('pipeline/authz.rego'), 'utf8')
  await expect.poll(written, wait).toContain(`${files['pipeline/authz.rego']}\nlast = 1\n`)
  await expect.poll(written, wait).toMatch(/\nmore = 2\n$/)
})

test('a data.json of 200 MB is listed and said to be too large for the editor, and what is open stays', async () => {
  const { page } = window
  const handle = await open(join(dirname(await fileOfDraft('data.json')), 'data.json'), 'r+')
  await handle.truncate(200 * 1024 ** 2)
  await handle.close()
  await page.getByTestId('file-tree').locator('button[title="data.json"]').click()
  await expect.poll(() => page.textContent('main'), wait).toMatch(/data\.json has 200 MB: the editor takes 8 MB/)
  expect(await page.textContent('main')).toContain('Edit it with another program')
  await keepPicture(page, 'policy-large-file')
  await policy.file('pipeline/authz.rego')
  expect(await page.getByTestId('code-pane').textContent()).toContain('last')
})
