import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type FaultId, faultOf } from '../../shared/faults/index.ts'
import { keepPicture, type OpenWindow } from './open-window.ts'
import { violations } from './pages/accessibility.ts'
import { type DiagnosePage, diagnosePage } from './pages/diagnose.ts'
import { type HandshakePage, handshakePage } from './pages/handshake.ts'
import type { PlaygroundPage } from './pages/playground.ts'
import { openPlaygroundWindow, type PlaygroundWindow } from './playground-window.ts'

/** The incidents of docs/guides/incidents.md, played on the playground by somebody new: through the window only. */
const longMs = 60_000
// Each is a whole incident: broken, seen, looked at in two themes, healed.
vi.setConfig({ testTimeout: 300_000 })
let opened: PlaygroundWindow
let window: OpenWindow
let playground: PlaygroundPage
let diagnose: DiagnosePage
let handshake: HandshakePage

beforeAll(async () => {
  opened = await openPlaygroundWindow()
  ;({ window, playground } = opened)
  diagnose = diagnosePage(window.page)
  handshake = handshakePage(window.page)
  await playground.banner.waitFor({ timeout: longMs })
})
afterAll(async () => {
  await opened?.close()
})

test('a 403 after a deploy: from the hop that denies over the refused line to the rule, and to the policy', async () => {
  const { page } = window
  await whileBroken('policy-denies', async () => {
    await expect.poll(() => playground.hop('model-server', 'tool-runtime'), { timeout: longMs }).toMatch(/denied/)
    await diagnoseRefusal('model-server', 'tool-runtime', /^Policy denied it/)
    await expect.poll(() => diagnose.confidence.textContent(), { timeout: longMs }).toBe('Certain')
    // Everything before the rule was passed, by evidence of this very request; nothing came behind it.
    for (const kind of ['tls-server', 'ext-authz', 'decision']) {
      expect(await diagnose.link(kind).getAttribute('data-state')).toBe('passed')
    }
    expect(await diagnose.link('rule').getAttribute('data-state')).toBe('broken')
    expect(await diagnose.link('application').getAttribute('data-state')).toBe('not-reached')
    await diagnose.rule.waitFor({ timeout: longMs })
    await look('incident-deploy')
    await page.getByTestId('simulate-decision').click()
    await page.waitForURL(/#\/policy.*decision=/)
    await page.getByTestId('release-panel').waitFor({ timeout: longMs })
  })
})

test('a handshake that fails after a rotation: which side lacks which root, and who else does', async () => {
  const { page } = window
  await whileBroken('untrusted-bundle-after-rotation', async () => {
    const name = () => playground.hop('orchestrator', 'vector-store')
    await expect.poll(name, { timeout: longMs }).toMatch(/handshake failing/)
    await playground.openHop('orchestrator', 'vector-store')
    await page.getByTestId('diagnose-handshake').click({ timeout: longMs })
    await page.waitForURL(/#\/diagnose.*tab=handshakes/)
    await expect
      .poll(() => handshake.verdict.textContent(), { timeout: longMs })
      .toMatch(/vector-store does not trust the issuer of what orchestrator presents/)
    await expect.poll(() => handshake.confidence.textContent(), { timeout: longMs }).toBe('Certain')
    // The side that is wrong, and in words what was said on the wire.
    expect(await handshake.row('server', 'Issuer of the peer')).toMatchObject({ state: 'wrong' })
    expect(await handshake.row('client', 'Own certificate')).toMatchObject({ state: 'fine' })
    expect(await handshake.wire.textContent()).toMatch(/server verifies, refuses/)
    await handshake.leaf.waitFor()
    await handshake.validity.waitFor({ timeout: longMs })
    expect(await page.getByTestId('why-no-probe').textContent()).toMatch(/read-only/)
    expect(await handshake.probe.isDisabled()).toBe(true)
    expect(await handshake.note()).toMatch(/^## Handshake orchestrator → vector-store\n/)
    await look('incident-rotation')
    // Before the next rotation: who would refuse then.
    await page.getByTestId('open-forecast').click()
    await expect
      .poll(() => handshake.authorities.textContent(), { timeout: longMs })
      .toMatch(/Do not trust it yet: 1.*vector-store/)
    await look('incident-rotation-readiness')
    await page.goBack()
    await page.getByTestId('hop-on-graph').click()
    await page.waitForURL(/#\/graph.*selected=/)
  })
  await handshakeVerifies('orchestrator', 'vector-store')
})

test('an old bundle: denied by a revision that is not the newest, and which OPA has it', async () => {
  const { page } = window
  await whileBroken('old-bundle', async () => {
    await expect.poll(() => playground.hop('model-server', 'tool-runtime'), { timeout: longMs }).toMatch(/denied/)
    await diagnoseRefusal('model-server', 'tool-runtime', /^An old bundle denied it/)
    expect(await diagnose.link('bundle-revision').getAttribute('data-state')).toBe('broken')
    await look('incident-old-bundle')
    await page.getByTestId('simulate-decision').click()
    await page.waitForURL(/#\/policy.*decision=/)
    // The policy screen names the OPA that is behind.
    await expect.poll(() => page.getByTestId('convergence').textContent(), { timeout: longMs }).toMatch(/tool-runtime/)
    await keepPicture(page, 'incident-old-bundle-policy')
  })
})

test('a workload without identity: from its card to the entry that is missing, and the manifest that would fit', async () => {
  const { page } = window
  await whileBroken('hop-without-identity', async () => {
    const card = playground.workload('input-sanitiser')
    await expect.poll(() => card.getAttribute('aria-label'), { timeout: longMs }).toMatch(/no identity|No SVID/i)
    await card.press('Enter')
    const link = page.getByTestId('inspector').getByTestId('diagnose-identity')
    await link.waitFor({ timeout: longMs })
    await link.press('Enter')
    await page.waitForURL(/#\/diagnose.*tab=identities/)
    // The same card on every tab.
    await handshake.verdict.waitFor({ timeout: longMs })
    expect(await handshake.verdict.getAttribute('data-tone')).toBe('warn')
    expect(await handshake.verdict.textContent()).toMatch(/input-sanitiser/)
    expect(await handshake.confidence.textContent()).not.toBe('Unknown')
    const candidate = page.getByTestId('identity').getByRole('table').first()
    expect(await candidate.getByRole('columnheader').allTextContents()).toEqual(['State', 'Of', 'Want', 'Have'])
    expect(await candidate.locator('tbody tr').count()).toBeGreaterThan(0)
    await page
      .getByRole('button', { name: /^Copy (manifest|command)$/ })
      .first()
      .press('Enter')
    await page.getByTestId('diagnose-status').getByText('Copied.').waitFor()
    expect(String(await page.evaluate('navigator.clipboard.readText()'))).toMatch(/input-sanitiser/)
    await look('incident-no-identity')
    await page.getByRole('link', { name: 'Show on the graph' }).press('Enter')
    await page.waitForURL(/#\/graph.*selected=/)
  })
  expect(window.complaints).toEqual([])
})

/** Breaks it by the panel beside the graph, and heals it there, also when what is done meanwhile fails. */
async function whileBroken(fault: FaultId, during: () => Promise<void>): Promise<void> {
  const { page } = window
  await page.getByRole('link', { name: 'Graph', exact: true }).click()
  await playground.workload('gateway').waitFor({ timeout: longMs })
  // Traffic flows again after what was broken before.
  await expect
    .poll(() => playground.hop('model-server', 'tool-runtime'), { timeout: longMs })
    .toMatch(/mTLS verified(?!.*denied)/)
  if ((await playground.panel.count()) === 0) await playground.openFaults()
  await playground.inject(fault)
  try {
    await expect.poll(() => page.getByTestId('active-fault').textContent()).toContain(faultOf(fault).title)
    await during()
  } finally {
    // From wherever one is: the bar above every screen has it.
    await playground.banner.getByRole('button', { name: /^Heal/ }).click()
    await expect.poll(() => page.getByTestId('active-fault').textContent(), { timeout: longMs }).toBe('')
  }
}

/**
 * The newest request that was refused may be older than the fault, or than the last step of making it: its verdict is another one, and
 * stays that. Then there will be a newer one.
 */
async function diagnoseRefusal(from: string, to: string, verdict: RegExp): Promise<void> {
  const { page } = window
  const tries = 3
  for (let number = 1; ; number += 1) {
    await openRefusedRequest(from, to)
    try {
      await expect
        .poll(() => diagnose.verdict.textContent(), { timeout: number === tries ? longMs : longMs / tries })
        .toMatch(verdict)
      return
    } catch (error) {
      if (number === tries) throw error
      await page.getByRole('link', { name: 'Graph', exact: true }).click()
      await playground.workload(from).waitFor({ timeout: longMs })
    }
  }
}

/** Graph → hop → the newest request that it refused → Diagnose. */
async function openRefusedRequest(from: string, to: string): Promise<void> {
  const { page } = window
  await playground.openHop(from, to)
  const refused = page.getByTestId('refused-of-hop').locator('details')
  await refused.first().waitFor({ timeout: longMs })
  // Newer ones come in above it: the one that was opened goes down the list while one reads.
  await expect
    .poll(
      async () => {
        if (page.url().includes('#/diagnose')) return page.url()
        const opened = page.getByTestId('refused-of-hop').locator('details[open]')
        if ((await opened.count()) === 0) await refused.first().locator('summary').press('Enter', { timeout: 5000 })
        // By the keyboard: nothing moves under it.
        await opened.first().getByTestId('diagnose-refused').press('Enter', { timeout: 5000 })
        return page.url()
      },
      { timeout: longMs },
    )
    .toMatch(/#\/diagnose/)
  await diagnose.verdict.waitFor({ timeout: longMs })
}

/** Healed, the same screen says that nothing is wrong. */
async function handshakeVerifies(from: string, to: string): Promise<void> {
  const { page } = window
  await page.getByRole('link', { name: 'Diagnose', exact: true }).click()
  await page.getByTestId('tab-handshakes').click()
  await handshake.ask(`${from} ${to}`)
  await expect
    .poll(() => handshake.verdict.textContent(), { timeout: longMs })
    .toMatch(/Nothing is wrong now|verify each other/)
}

/** In both themes: kept for looking at, and read by axe. */
async function look(name: string): Promise<void> {
  const { page } = window
  for (const theme of ['light', 'dark'] as const) {
    await page.getByRole('button', { name: `Use the ${theme} theme` }).click()
    await keepPicture(page, `${name}-${theme}`)
    expect(await violations(page), `${name} in ${theme}`).toEqual([])
  }
}
