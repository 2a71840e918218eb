import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hops, stages } from '../../electron/playground/pipeline/topology.ts'
import { type FaultId, type FaultKind, faultKinds, faultOf } from '../../shared/faults/index.ts'
import { keepPicture, type OpenWindow } from './open-window.ts'
import { violations } from './pages/accessibility.ts'
import type { PlaygroundPage } from './pages/playground.ts'
import { openPlaygroundWindow, type PlaygroundWindow } from './playground-window.ts'

/** The first run of somebody who has nothing configured: the playground, and one fault of each kind in it. */
const longMs = 60_000
let opened: PlaygroundWindow
let window: OpenWindow
let playground: PlaygroundPage

/** What a fault of each kind looks like, and what is there without it. */
const played: Readonly<
  Record<
    FaultKind,
    { readonly fault: FaultId; readonly seen: () => Promise<string>; readonly as: RegExp; readonly healed: RegExp }
  >
> = {
  refusal: {
    fault: 'policy-denies',
    seen: () => playground.hop('model-server', 'tool-runtime'),
    as: /denied/,
    healed: /mTLS verified(?!.*denied)/,
  },
  handshake: {
    fault: 'wrong-spiffe-id-required',
    seen: () => playground.hop('prompt-firewall', 'input-sanitiser'),
    as: /handshake failing/,
    healed: /mTLS verified/,
  },
  posture: {
    fault: 'plaintext-hop',
    seen: () => playground.hop('orchestrator', 'vector-store'),
    as: /plaintext/,
    healed: /mTLS verified/,
  },
  anomaly: {
    fault: 'spoofed-identity-header',
    seen: () => playground.hop('application', 'gateway'),
    as: /claims another identity/,
    healed: /mTLS verified(?!.*claims)/,
  },
  source: {
    fault: 'vault-sealed',
    seen: () => playground.control('vault'),
    as: /sealed|failing/i,
    healed: /^(?!.*(sealed|failing))./i,
  },
}

beforeAll(async () => {
  opened = await openPlaygroundWindow()
  ;({ window, playground } = opened)
})
afterAll(async () => {
  await opened?.close()
})

test('with nothing configured the playground opens by itself, says what it is, and moves', async () => {
  await playground.banner.waitFor({ timeout: longMs })
  expect(await playground.banner.textContent()).toContain('Nothing you see here is real')
  for (const { id } of stages) await playground.workload(id).waitFor({ timeout: longMs })
  for (const { from, to } of hops) {
    await expect.poll(() => playground.hop(from, to), { timeout: longMs }).toContain('mTLS verified')
  }
  await keepPicture(window.page, 'playground-dark')
  expect(window.complaints).toEqual([])
})

test('its faults are listed by how they are met, and the keyboard goes there and back', async () => {
  const { page } = window
  await page.getByTestId('open-faults').focus()
  await page.keyboard.press('Enter')
  await playground.panel.waitFor()
  expect(await page.evaluate('document.activeElement?.textContent')).toBe('Break something')
  for (const kind of faultKinds) {
    expect(
      await page
        .getByTestId(`faults-${kind}`)
        .getByRole('button', { name: /^Inject/ })
        .count(),
    ).toBeGreaterThan(0)
  }
  await page.keyboard.press('Escape')
  await playground.panel.waitFor({ state: 'detached' })
  expect(await page.evaluate('document.activeElement?.id')).toBe('playground-faults-button')
  await playground.openFaults()
})

describe.each(faultKinds)('a fault of the kind %s', (kind) => {
  const { fault, seen, as, healed } = played[kind]
  const { title } = faultOf(fault)

  test(`${title} is injected, seen, read out, and healed, in dark and in light`, async () => {
    const { page } = window
    await expect.poll(seen, { timeout: longMs }).toMatch(healed)
    await playground.inject(fault)
    try {
      await expect.poll(() => page.getByTestId('active-fault').textContent()).toContain(title)
      await expect.poll(seen, { timeout: longMs }).toMatch(as)
      const show = page.getByRole('button', { name: `Show on the graph: ${title}` })
      if ((await show.count()) > 0) {
        await show.click()
        await expect.poll(() => page.url()).toContain('selected=')
      }
      await keepPicture(page, `playground-${kind}-dark`)
      expect(await violations(page)).toEqual([])
      await page.getByRole('button', { name: 'Use the light theme' }).click()
      await keepPicture(page, `playground-${kind}-light`)
      expect(await violations(page)).toEqual([])
    } finally {
      await page
        .getByRole('button', { name: 'Use the dark theme' })
        .click({ timeout: 1000 })
        .catch(() => {})
      await playground.heal(fault)
    }
    await expect.poll(seen, { timeout: longMs }).toMatch(healed)
    expect(await page.getByTestId('active-fault').textContent()).toBe('')
  })
})

test('Connections offers it with the way to one’s own; stopped it is gone, and started it is back', async () => {
  const { page } = window
  await page.getByRole('link', { name: 'Connections' }).click()
  const card = page.getByTestId('playground-card')
  await card.getByText('Running').waitFor()
  await page.getByTestId('add-environment').waitFor()
  for (const theme of ['light', 'dark'] as const) {
    await page.getByRole('button', { name: `Use the ${theme} theme` }).click()
    await keepPicture(page, `first-run-${theme}`)
    expect(await violations(page)).toEqual([])
  }
  await page.getByTestId('stop-playground').click()
  await card.getByText('Not running').waitFor({ timeout: longMs })
  await playground.banner.waitFor({ state: 'detached' })
  await page.getByTestId('open-playground').click()
  await page.waitForURL(/#\/graph.*playground/, { timeout: longMs })
  await playground.workload('gateway').waitFor({ timeout: longMs })
  expect(window.complaints).toEqual([])
})
