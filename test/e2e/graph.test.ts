import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { hops, spiffeIdOf, stageOf, stages } from '../../electron/playground/pipeline/topology.ts'
import { type EveryhopOnLab, startEveryhopOnLab } from '../truth/everyhop-on-lab.ts'
import { keepPicture, type OpenWindow, openWindow, serveWindow } from './open-window.ts'
import { violations } from './pages/accessibility.ts'

/** The window on the real lab, in a real browser. */
let on: EveryhopOnLab
let window: OpenWindow
let page: Page

beforeAll(async () => {
  on = await startEveryhopOnLab()
  window = await openWindow(on.service)
  page = window.page
})
afterAll(async () => {
  await window?.close()
  await on?.stop()
})

const nodeId = (stage: string): string => `node-workload/${spiffeIdOf(stageOf(stage))}`
const hopId = (from: string, to: string): string =>
  `hop-hop/workload/${spiffeIdOf(stageOf(from))}>workload/${spiffeIdOf(stageOf(to))}`

test('every workload and hop of the lab is drawn, and the page has nothing to complain about', async () => {
  for (const stage of stages) await page.getByTestId(nodeId(stage.id)).waitFor()
  for (const hop of hops) expect(await page.getByTestId(hopId(hop.from, hop.to)).count()).toBe(1)
  await expect.poll(() => page.getByTestId('status-bar').textContent()).toContain('9 workloads')
  await expect.poll(() => hopName('application', 'gateway')).toContain('mTLS verified')
  await keepPicture(page, 'graph-dark')
  expect(window.complaints).toEqual([])
})

test('the address with the code opens the window once', async () => {
  const address = window.host.newAddress()
  const stranger = await window.context.browser()?.newContext()
  const first = await stranger?.newPage()
  await first?.goto(address)
  expect(first?.url()).not.toContain('code=')
  const other = await window.context.browser()?.newContext()
  const second = await other?.newPage()
  const answer = await second?.goto(address)
  expect(answer?.status()).toBe(401)
  await Promise.all([stranger?.close(), other?.close()])
})

test('a hop opens with its two sides, and every fact says how it is known', async () => {
  await page.getByTestId(hopId('model-server', 'tool-runtime')).click({ force: true })
  const inspector = page.getByTestId('inspector')
  await inspector.getByText('Two sides').waitFor()
  const text = await inspector.textContent()
  expect(text).toContain('tool-runtime')
  await page.keyboard.press('p')
  await inspector
    .getByText(/GET \/(config_dump|certs|stats|listeners)/)
    .first()
    .waitFor()
  expect(page.url()).toContain('tool-runtime')
})

test('the keyboard reaches what the pointer reaches: next, back, table, filter, help', async () => {
  await page.keyboard.press('Escape')
  await page.keyboard.press('j')
  await expect.poll(() => page.url()).toMatch(/hop|workload/)
  await page.keyboard.press('Escape')
  await page.keyboard.press('4')
  const table = page.getByTestId('table-view')
  await table.waitFor()
  for (const stage of stages) expect(await table.textContent()).toContain(stage.id)
  await page.keyboard.press('4')
  await page.getByTestId(nodeId('gateway')).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('tls:plaintext')
  await expect.poll(() => page.locator('body').textContent()).toContain('No workload or hop matches')
  await page.getByTestId('filter-input').fill('')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
})

test('what was refused is a list, with who refused it and why', async () => {
  await page.keyboard.press('r')
  await page.getByText('Refused requests').first().waitFor()
  await page.getByText('Policy decision').nth(1).waitFor({ timeout: 30_000 })
  await expect.poll(() => page.locator('body').textContent()).toContain('input-sanitiser')
  await keepPicture(page, 'refused')
  await page.keyboard.press('r')
  await page.getByTestId(nodeId('gateway')).waitFor()
})

test('a fault shows on the hop it breaks within seconds, in words, and heals', async () => {
  await on.lab.inject('wrong-spiffe-id-required')
  try {
    await expect
      .poll(() => hopName('prompt-firewall', 'input-sanitiser'), { timeout: 20_000 })
      .toContain('handshake failing')
    // Beside the broken hop others may need a look for a moment, while their Envoy is started again: from one to the next.
    await expect
      .poll(
        async () => {
          await page.keyboard.press('n')
          return page.getByTestId('inspector').textContent()
        },
        { timeout: 20_000, interval: 300 },
      )
      .toContain('Handshake failing')
    await keepPicture(page, 'graph-fault')
  } finally {
    await on.lab.heal()
  }
  await expect.poll(() => hopName('prompt-firewall', 'input-sanitiser'), { timeout: 30_000 }).toContain('mTLS verified')
  await page.keyboard.press('Escape')
})

test('a known workload never moves on the screen when the graph changes and a banner comes and goes', async () => {
  const banner = page.getByTestId('banners').locator('> *')
  // What the fault before has left on the screen shall be gone, and nobody has touched the map.
  await expect.poll(() => banner.count(), { timeout: 30_000 }).toBe(0)
  await page.keyboard.press('0')
  const before = await placesAtRest()
  await watchPlaces()
  await on.lab.inject('opa-down')
  try {
    await expect
      .poll(() => hopName('orchestrator', 'model-server'), { timeout: 20_000 })
      .toMatch(/no answer|without a decision|no decision/i)
    await banner.first().waitFor({ timeout: 20_000 })
    await keepPicture(page, 'graph-banner')
    expect(await placesAtRest()).toEqual(before)
  } finally {
    await on.lab.heal()
  }
  await expect.poll(() => banner.count(), { timeout: 30_000 }).toBe(0)
  expect(await placesAtRest()).toEqual(before)
  expect(await placesSeen()).toEqual([before.join('\n')])
})

test('the service goes and returns: the page says so and goes on by itself', async () => {
  const port = Number(new URL(window.host.origin).port)
  await window.host.close()
  await page
    .getByText(/cannot be reached|not answer|lost|reconnect/i)
    .first()
    .waitFor({ timeout: 30_000 })
  const again = await serveWindow(on.service, port)
  try {
    await page.goto(again.newAddress())
    await page.getByTestId(nodeId('gateway')).waitFor({ timeout: 30_000 })
  } finally {
    await again.close()
  }
})

for (const theme of ['dark', 'light'] as const) {
  test(`nothing in the ${theme} window breaks WCAG 2.2 AA as far as a program can tell`, async () => {
    const other = await openWindow(on.service, { theme })
    try {
      await other.page.getByTestId(nodeId('gateway')).waitFor()
      await other.page.keyboard.press('j')
      await other.page.getByTestId('inspector').getByText('Two sides').waitFor()
      await keepPicture(other.page, `inspector-${theme}`)
      expect(await violations(other.page)).toEqual([])
      // Also seen from far away, where only the marks of hops keep their size.
      for (let turn = 0; turn < 5; turn += 1) await other.page.getByRole('button', { name: 'Zoom out' }).click()
      await expect.poll(() => other.page.getByRole('button', { name: 'Zoom to 100 %' }).textContent()).toMatch(/^[1-4]/)
      expect(await violations(other.page)).toEqual([])
      const marks = await other.page
        .locator('button[data-line]')
        .evaluateAll((all) =>
          all
            .map((mark) => mark.getBoundingClientRect())
            .map(({ width, height }) => Math.round(Math.min(width, height))),
        )
      expect(marks.length).toBeGreaterThan(0)
      expect(Math.min(...marks)).toBeGreaterThanOrEqual(24)
    } finally {
      await other.close()
    }
  })
}

async function hopName(from: string, to: string): Promise<string> {
  const element = page.getByTestId(hopId(from, to)).first()
  return (await element.getAttribute('aria-label')) ?? (await element.textContent()) ?? ''
}

/** Where every stage's card is on the screen, in whole CSS pixels. Text for the page, so that all are of one moment. */
const placesScript = `[${stages.map((stage) => JSON.stringify(nodeId(stage.id))).join(',')}].map((id) => {
  const box = document.querySelector('[data-testid="' + id + '"]')?.getBoundingClientRect()
  return box === undefined ? id + ' is not drawn' : id + ' ' + Math.round(box.x) + ' ' + Math.round(box.y)
})`

const places = async (): Promise<readonly string[]> => z.array(z.string()).parse(await page.evaluate(placesScript))

/** The places once they are the same three times in a row: the window may still be at work on what came before. */
async function placesAtRest(): Promise<readonly string[]> {
  let last = await places()
  let same = 0
  for (let turn = 0; turn < 100 && same < 3; turn += 1) {
    await page.waitForTimeout(50)
    const now = await places()
    same = now.join() === last.join() ? same + 1 : 0
    last = now
  }
  expect(same, 'the cards do not come to rest').toBe(3)
  return last
}

/**
 * Writes down, in the page, each arrangement of the cards that stands for two frames: a jump that is taken back is a jump too.
 * One frame alone may be read while the page is still at work on it, before anything is painted.
 */
async function watchPlaces(): Promise<void> {
  await page.evaluate(`(() => {
    const seen = (window.placesSeen = [])
    let last = ''
    const look = () => {
      const now = ${placesScript}.join('\\n')
      if (now === last && !seen.includes(now)) seen.push(now)
      last = now
      requestAnimationFrame(look)
    }
    look()
  })()`)
}

const placesSeen = async (): Promise<readonly string[]> =>
  z.array(z.string()).parse(await page.evaluate('window.placesSeen'))
