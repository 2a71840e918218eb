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
    {
      readonly fault: FaultId
      readonly seen: () => Promise<string>
      readonly as: RegExp
      readonly healed: RegExp
      /** How the id of what "Show on the graph" selects begins. */
      readonly selected: 'hop' | 'control'
    }
  >
> = {
  refusal: {
    fault: 'policy-denies',
    seen: () => playground.hop('model-server', 'tool-runtime'),
    as: /denied/,
    healed: /mTLS verified(?!.*denied)/,
    selected: 'hop',
  },
  handshake: {
    fault: 'wrong-spiffe-id-required',
    seen: () => playground.hop('prompt-firewall', 'input-sanitiser'),
    as: /handshake failing/,
    healed: /mTLS verified/,
    selected: 'hop',
  },
  posture: {
    fault: 'plaintext-hop',
    seen: () => playground.hop('orchestrator', 'vector-store'),
    as: /plaintext/,
    healed: /mTLS verified/,
    selected: 'hop',
  },
  anomaly: {
    fault: 'spoofed-identity-header',
    seen: () => playground.hop('application', 'gateway'),
    as: /claims another identity/,
    healed: /mTLS verified(?!.*claims)/,
    selected: 'hop',
  },
  source: {
    fault: 'vault-sealed',
    seen: () => playground.control('vault'),
    as: /sealed|failing/i,
    healed: /^(?!.*(sealed|failing))./i,
    selected: 'control',
  },
}

/** A window that keeps its theme has no button for it: what is pictured and read out then would be the other one again. */
async function turnTo(theme: 'dark' | 'light'): Promise<void> {
  const { page } = window
  await page.getByRole('button', { name: `Use the ${theme} theme` }).click()
  await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe(theme)
}

beforeAll(async () => {
  opened = await openPlaygroundWindow(false)
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
  expect(window.complaints).toEqual([])
})

test('without OPA the bar says that authorisation is unknown, as every hop does; once there is one, it is known', async () => {
  const said = window.page.getByTestId('playground-authorisation')
  await expect.poll(() => said.textContent()).toContain('OPA is not on this machine')
  expect(await said.textContent()).toContain('authorisation is unknown')
  for (const { from, to } of hops) {
    await expect.poll(() => playground.authorisation(from, to), { timeout: longMs }).toBe('unknown')
  }
  await keepPicture(window.page, 'playground-without-opa')
  expect(await violations(window.page)).toEqual([])
  await opened.putOpa()
  await said.waitFor({ state: 'detached', timeout: longMs })
  for (const { from, to } of hops) {
    const known = expect.poll(() => playground.authorisation(from, to), { timeout: longMs })
    // Some users may not ask everything.
    await known.toMatch(/^(allowing|denying)$/)
  }
  await keepPicture(window.page, 'playground-dark')
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
  const { fault, seen, as, healed, selected } = played[kind]
  const { title } = faultOf(fault)

  test(`${title} is injected, seen, read out, and healed, in dark and in light`, async () => {
    const { page } = window
    await expect.poll(seen, { timeout: longMs }).toMatch(healed)
    await playground.inject(fault)
    try {
      await expect.poll(() => page.getByTestId('active-fault').textContent()).toContain(title)
      await expect.poll(seen, { timeout: longMs }).toMatch(as)
      await page.getByRole('button', { name: `Show on the graph: ${title}` }).click()
      await expect.poll(() => page.url()).toContain(`selected=${selected}`)
      for (const theme of ['light', 'dark'] as const) {
        await turnTo(theme)
        await keepPicture(page, `playground-${kind}-${theme}`)
        expect(await violations(page)).toEqual([])
      }
    } finally {
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
  expect(await card.textContent()).toContain('listens on 127.0.0.1 only')
  await page.getByTestId('add-environment').waitFor()
  for (const theme of ['light', 'dark'] as const) {
    await turnTo(theme)
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
