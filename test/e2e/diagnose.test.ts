import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectInProcess } from '../../electron/service/in-process.ts'
import { keepPicture, type OpenWindow } from './open-window.ts'
import { violations } from './pages/accessibility.ts'
import { type DiagnosePage, diagnosePage } from './pages/diagnose.ts'
import type { PlaygroundPage } from './pages/playground.ts'
import { openPlaygroundWindow, type PlaygroundWindow } from './playground-window.ts'

/** From a red hop of the playground to why its requests were refused, through the window only. */
const longMs = 60_000
let opened: PlaygroundWindow
let window: OpenWindow
let playground: PlaygroundPage
let diagnose: DiagnosePage

beforeAll(async () => {
  opened = await openPlaygroundWindow()
  ;({ window, playground } = opened)
  diagnose = diagnosePage(window.page)
})
afterAll(async () => {
  await opened?.close()
})

test('two keys lead to the screen, which says of which time it knows, and what it wants', async () => {
  const { page } = window
  await playground.banner.waitFor({ timeout: longMs })
  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await page.waitForURL(/#\/diagnose/)
  await page.getByText('Choose what was refused').waitFor({ timeout: longMs })
  await expect
    .poll(() => page.getByTestId('refusals').textContent(), { timeout: longMs })
    .toMatch(/The oldest log line held is of \d\d:\d\d:\d\d/)
  await page.keyboard.press('/')
  expect(await page.evaluate("document.activeElement?.getAttribute('data-testid')")).toBe('request-lookup')
  expect(await violations(page)).toEqual([])
})

test('a red hop leads over a refused line to the verdict, the rule with its values, and a note', async () => {
  const { page } = window
  await page.getByRole('link', { name: 'Graph' }).click()
  await playground.openFaults()
  await playground.inject('policy-denies')
  await expect.poll(() => playground.hop('model-server', 'tool-runtime'), { timeout: longMs }).toMatch(/denied/)
  await playground.openHop('model-server', 'tool-runtime')
  const refused = page.getByTestId('refused-of-hop').locator('details').first()
  await refused.locator('summary').click({ timeout: longMs })
  await refused.getByTestId('diagnose-refused').click()

  await diagnose.verdict.waitFor({ timeout: longMs })
  // The decision's own record comes a moment after Envoy's.
  await expect.poll(() => diagnose.verdict.textContent(), { timeout: longMs }).toMatch(/Policy denied it/)
  await expect.poll(() => diagnose.confidence.textContent(), { timeout: longMs }).toBe('Certain')
  expect(await diagnose.verdict.getAttribute('data-tone')).toBe('deny')
  expect(await diagnose.link('rule').getAttribute('aria-current')).toBe('step')
  expect(await diagnose.link('application').getAttribute('data-state')).toBe('not-reached')
  expect(await page.getByTestId('request-path').textContent()).toMatch(/model-server.*tool-runtime/)

  // Evaluating again has a deadline, which a busy machine misses; the window asks again until it is met.
  await diagnose.rule.waitFor({ timeout: 2 * longMs })
  expect(await diagnose.rule.textContent()).toMatch(/\.rego:\d+/)
  expect(await diagnose.rule.locator('[data-decided="true"]').count()).toBe(1)

  const note = await diagnose.note()
  expect(note).toMatch(/^## Refused request: model-server → tool-runtime \(403\)\n\n\*\*Policy denied it/)
  expect(note).toMatch(/everyhop diagnose request \S+ --env playground/)
  for (const theme of ['light', 'dark'] as const) {
    await page.getByRole('button', { name: `Use the ${theme} theme` }).click()
    await keepPicture(page, `diagnose-request-${theme}`)
    expect(await violations(page)).toEqual([])
  }
}, 240_000)

test('the smallest change opens as a draft with its file changed, and the same decision allows it there', async () => {
  const { page } = window
  const draft = diagnose.change.getByTestId('open-as-draft').first()
  // An OPA of our own tries many changes; what a busy machine does not find in time, it finds when asked again.
  await expect
    .poll(
      async () => {
        const again = diagnose.change.getByTestId('try-changes-again')
        if ((await again.count()) > 0 && (await again.isEnabled())) await again.press('Enter')
        return draft.count()
      },
      { timeout: 2 * longMs },
    )
    .toBe(1)
  const file = (await draft.locator('xpath=preceding-sibling::*[@role="group"]').getAttribute('aria-label')) ?? ''
  // By the keyboard: nothing moves under it.
  await draft.press('Enter')
  await page.waitForURL(/#\/policy.*draft=/, { timeout: longMs })
  const changed = page.getByTestId('file-tree').locator('button', { hasText: ', changed' })
  await changed.first().waitFor({ timeout: longMs })
  expect(file).toContain(await changed.first().getAttribute('title'))
  await expect
    .poll(() => page.getByTestId('decision-draft').getAttribute('data-decision'), { timeout: 2 * longMs })
    .toBe('allow')
  expect(await page.getByTestId('decision-deployed').getAttribute('data-decision')).toBe('deny')
  await keepPicture(page, 'diagnose-draft')
  // From the decision back to why its request was refused.
  await page.getByTestId('diagnose-decision').click()
  await page.waitForURL(/#\/diagnose.*by=decision/)
  await diagnose.verdict.waitFor({ timeout: longMs })
  await page.goBack()
  await page.waitForURL(/#\/policy/)
  await page.goBack()
  await diagnose.verdict.waitFor({ timeout: longMs })
}, 300_000)

test('the address is a link to the same verdict, and leads back to the hop on the graph', async () => {
  const { page } = window
  // The sentence is of the rule once the request was evaluated again, which a busy machine does late.
  await diagnose.rule.waitFor({ timeout: 2 * longMs })
  const sentence = await diagnose.verdict.locator('p').first().textContent()
  await page.reload()
  await diagnose.verdict.waitFor({ timeout: longMs })
  await expect.poll(() => diagnose.verdict.locator('p').first().textContent(), { timeout: 2 * longMs }).toBe(sentence)
  await page.getByTestId('runbook-policy-misconfiguration').click()
  await page.waitForURL(/runbook=policy-misconfiguration/)
  await page.reload()
  const runbook = page.getByTestId('runbook')
  await runbook.getByRole('heading', { name: 'First 5 minutes' }).waitFor({ timeout: longMs })
  expect(await runbook.locator('li').count()).toBeGreaterThan(3)
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.waitForURL((url) => !url.hash.includes('runbook='))
  await diagnose.verdict.waitFor({ timeout: longMs })
  await page.getByTestId('hop-on-graph').click()
  await page.waitForURL(/#\/graph.*selected=/)
  await page.getByTestId('inspector').getByText('Two sides').waitFor({ timeout: longMs })
  await page.goBack()
  await diagnose.verdict.waitFor()
}, 300_000)

test('groups are gone through by j and k, and an id is found whatever kind it is of', async () => {
  const { page } = window
  await diagnose.groups.first().waitFor({ timeout: longMs })
  await page.getByRole('heading', { name: 'Diagnose' }).click()
  await page.keyboard.press('k')
  await page.waitForURL(/group=/)
  await diagnose.verdict.waitFor()
  const { client, close } = connectInProcess(opened.service.router, opened.service.log)
  const found = await client.logs.find({ environment: 'playground', by: 'decision', id: idIn(page.url()) })
  close()
  const traceId = found.records.find((record) => record.traceId !== null)?.traceId ?? 'none'
  await diagnose.ask(traceId)
  await expect.poll(() => page.url()).toContain(`id=${traceId}`)
  await expect.poll(() => diagnose.verdict.textContent(), { timeout: longMs }).toMatch(/Policy denied it/)
})

test('while one is read no group moves: what is new waits until it is asked for', async () => {
  const { page } = window
  const first = () => diagnose.groups.first().locator('b').textContent()
  await diagnose.groups.first().focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(/group=/)
  const before = await first()
  const { client, close } = connectInProcess(opened.service.router, opened.service.log)
  try {
    await client.playground.inject({ fault: 'opa-down' })
    const waiting = page.getByTestId('new-refusals')
    await waiting.waitFor({ timeout: 2 * longMs })
    expect(await waiting.textContent()).toMatch(/^\d+ new/)
    expect(await first()).toBe(before)
    const shown = await diagnose.groups.count()
    await waiting.press('Enter')
    await waiting.waitFor({ state: 'detached' })
    await expect.poll(() => diagnose.groups.count()).toBeGreaterThan(shown)
  } finally {
    await client.playground.heal({})
    close()
  }
}, 240_000)

test('the window opens with this screen where somebody chose so', async () => {
  const { page } = window
  const { client, close } = connectInProcess(opened.service.router, opened.service.log)
  await client.settings.put({ startScreen: 'diagnose' })
  close()
  await page.reload()
  const cached = "JSON.parse(localStorage.getItem('everyhop.preferences') ?? '{}').startScreen"
  await expect.poll(() => page.evaluate(cached), { timeout: longMs }).toBe('diagnose')
  await page.goto(new URL('/', page.url()).href)
  await page.waitForURL(/#\/diagnose/, { timeout: longMs })
  await page.getByText('Choose what was refused').waitFor({ timeout: longMs })
})

test('a pasted line speaks for itself, stays out of the address, and what it says is text', async () => {
  const { page } = window
  const line = JSON.stringify({
    start_time: new Date().toISOString(),
    method: 'POST',
    path: '/<img src=x onerror="document.title=1">',
    response_code: 403,
    response_code_details: 'ext_authz_denied',
    response_flags: 'UAEX',
    request_id: 'not-one-of-the-playground',
  })
  await diagnose.ask(line)
  await diagnose.verdict.getByText('<img src=x', { exact: false }).waitFor({ timeout: longMs })
  expect(page.url()).not.toContain('img')
  expect(await diagnose.confidence.textContent()).not.toBe('Certain')
  expect(await diagnose.verdict.locator('img').count()).toBe(0)
  await diagnose.ask('{"this is": "no access log"}')
  await page.getByText('This cannot be diagnosed now').waitFor({ timeout: longMs })
  await diagnose.ask('no-such-request')
  await expect.poll(() => diagnose.verdict.getAttribute('data-tone'), { timeout: longMs }).toBe('unknown')
  expect(await violations(page)).toEqual([])
  // What the service refuses, Chromium reports as a resource that failed to load.
  expect(window.complaints.filter((text) => !text.includes('/rpc/diagnosis/'))).toEqual([])
})

function idIn(url: string): string {
  return new URLSearchParams(url.split('?')[1] ?? '').get('id') ?? ''
}
