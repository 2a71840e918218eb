import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { spiffeIdOf, stageOf } from '../../electron/playground/pipeline/topology.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import type { GraphView } from '../../shared/domain/model/view.ts'
import { keepPicture, type OpenWindow } from './open-window.ts'
import { violations } from './pages/accessibility.ts'
import { type HistoryPage, historyPage } from './pages/history.ts'
import type { PlaygroundPage } from './pages/playground.ts'
import { openPlaygroundWindow, type PlaygroundWindow } from './playground-window.ts'

/** A fault that is over by now, and a time that nobody watched: looked at, compared and stepped through in a real browser. */
const longMs = 60_000
const environment = 'playground'
const fault = 'expired-svid'
const [from, to] = ['model-server', 'tool-runtime'] as const
const hop = `hop/workload/${spiffeIdOf(stageOf(from))}>workload/${spiffeIdOf(stageOf(to))}`
let opened: PlaygroundWindow
let window: OpenWindow
let playground: PlaygroundPage
let history: HistoryPage
let client: ServiceClient
let disconnect: () => void
let folder: string
/** While everything was well, while the fault was there, and while nobody watched. Whole seconds. */
let well = 0
let during = 0
let asleep = 0

async function until(isSo: () => Promise<boolean>, ms = longMs): Promise<void> {
  const wait = { timeout: ms, interval: 200 }
  await vi.waitFor(async () => {
    if (!(await isSo())) throw new Error('what is waited for did not come')
  }, wait)
}

type Picture = (view: GraphView) => boolean

const transportOf = (view: GraphView) =>
  view.edges.flatMap((edge) => (edge.id === hop && edge.type === 'hop' ? [edge.hop.transport.state] : []))[0]
const stateOf = (view: GraphView, stage: string) =>
  view.nodes.flatMap((node) =>
    node.type === 'workload' && node.workload.name === stage ? [node.workload.state.state] : [],
  )[0]
const isWell: Picture = (view) => transportOf(view) === 'verified' && stateOf(view, to) === 'verified'
const isBroken: Picture = (view) => transportOf(view) === 'failing' && stateOf(view, to) === 'failing'

async function isShown(at: number | null, picture: Picture): Promise<boolean> {
  return picture(await client.graph.view({ environment, at, grouping: 'none' }))
}

/** The next whole second that is recorded so, after it is so now. */
async function recorded(picture: Picture): Promise<number> {
  await until(() => isShown(null, picture))
  let at = Math.ceil(Date.now() / 1000) * 1000
  await until(async () => {
    if (Date.now() < at + 200) return false
    if (await isShown(at, picture)) return true
    at += 1000
    return false
  })
  return at
}

async function turnTo(theme: 'dark' | 'light'): Promise<void> {
  const { page } = window
  await page.getByRole('button', { name: `Use the ${theme} theme` }).click()
  await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe(theme)
}

/** How many questions of one kind were under way together, from now on. */
function mostAtOnce(page: Page, address: string): () => number {
  const underWay = new Set<Request>()
  let most = 0
  page.on('request', (request) => {
    if (!request.url().includes(address)) return
    underWay.add(request)
    most = Math.max(most, underWay.size)
  })
  const isOver = (request: Request) => underWay.delete(request)
  page.on('requestfinished', isOver)
  page.on('requestfailed', isOver)
  return () => most
}

/** Looks at it, and has it checked for those who do not see it. */
async function isSound(name: string, themes: readonly ('dark' | 'light')[] = ['light', 'dark']): Promise<void> {
  for (const theme of themes) {
    if ((await window.page.locator('html').getAttribute('data-theme')) !== theme) await turnTo(theme)
    await keepPicture(window.page, `history-${name}-${theme}`)
    expect(await violations(window.page)).toEqual([])
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-history-'))
  opened = await openPlaygroundWindow()
  ;({ window, playground } = opened)
  history = historyPage(window.page)
  ;({ client, close: disconnect } = connectInProcess(opened.service.router, opened.service.log))
  await playground.workload('gateway').waitFor({ timeout: longMs })
  await until(async () => {
    const { hops, gaps } = await client.graph.document({ environment })
    return hops.length > 0 && gaps.length === 0 && hops.every((one) => one.transport.state === 'verified')
  })
  // What is looked at is read more often.
  await client.graph.attend({ environment, selected: hop })
  well = await recorded(isWell)
})
afterAll(async () => {
  disconnect?.()
  await opened?.close()
  await rm(folder, { recursive: true, force: true })
})

describe('the timeline', () => {
  test('is a slider: by keys, by a hand, and back to live at its end', async () => {
    const { page } = window
    await page.getByTestId('show-timeline').click()
    await history.slider.focus()
    expect(await history.slider.getAttribute('aria-valuetext')).toBe('now')
    // As narrow as it gets, so that a step is not before there was anything.
    for (let step = 0; step < 4; step += 1) await history.slider.press('+')
    await history.slider.press('ArrowLeft')
    await expect.poll(() => history.at()).not.toBeNull()
    expect(await history.slider.getAttribute('aria-valuetext')).toMatch(/UTC, .* ago$/)
    await history.slider.press('End')
    await expect.poll(() => history.at()).toBeNull()
    const box = await history.slider.boundingBox()
    if (box === null) throw new Error('the timeline is not there')
    const middle = box.y + box.height / 2
    const most = mostAtOnce(page, '/rpc/graph/view')
    await page.mouse.move(box.x + box.width - 30, middle)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width - 12, middle, { steps: 20 })
    await expect.poll(() => history.at()).not.toBeNull()
    await page.mouse.move(box.x + box.width + 20, middle, { steps: 3 })
    await page.mouse.up()
    // However fast the hand is, the service is asked one thing at a time.
    expect(most()).toBe(1)
    await expect.poll(() => history.at()).toBeNull()
  })
})

/** What is read at first is no event; it is over when nothing new was read for ten seconds. */
const settlingMs = 13_000

/** Whether the hop's coming and going is on the timeline. */
async function isOnTimeline(): Promise<boolean> {
  const window = { from: well, to: Date.now() + 1000, buckets: 1 }
  const { events } = await client.history.timeline({ environment, ...window })
  return events.filter((entry) => entry.kind === 'change' && entry.event.change.element.id === hop).length >= 2
}

describe('a fault that was healed', () => {
  beforeAll(async () => {
    await until(async () => Date.now() > well + settlingMs)
    for (let attempt = 0; attempt < 3 && !(await isOnTimeline()); attempt += 1) {
      await client.playground.inject({ fault })
      during = await recorded(isBroken)
      await client.playground.heal({})
      await recorded(isWell)
      await until(isOnTimeline, 10_000).catch(() => {})
    }
    opened.service.sessions.power('suspend')
    asleep = Math.ceil(Date.now() / 1000) * 1000 + 1000
    await until(async () => Date.now() > asleep + 1500)
    opened.service.sessions.power('resume')
    await recorded(isWell)
  })

  test('is there at its time, with nothing that can be changed, and gone in live', async () => {
    const { page } = window
    await expect.poll(() => playground.hop(from, to)).toContain('mTLS verified')
    await history.goTo(during)
    await expect.poll(() => playground.hop(from, to)).toContain('handshake failing')
    expect(history.at()).toBe(during)
    expect(await history.clock.getAttribute('data-state')).toBe('past')
    expect(await history.status.textContent()).toMatch(/^Past: .*facts recorded.*are off while you look at the past/)
    await page.getByTestId('open-faults').click()
    const inject = page.getByRole('button', { name: /^Inject/ }).first()
    expect(await inject.isDisabled()).toBe(true)
    expect(await page.getByTestId('faults-said').textContent()).toContain('are off while you look at the past')
    await page.getByRole('button', { name: 'Close the list of faults' }).click()
    await page.getByTestId('scrubber').waitFor()
    await isSound('past')
    await page.keyboard.press('l')
    await expect.poll(() => playground.hop(from, to)).toContain('mTLS verified')
    expect(history.at()).toBeNull()
  })

  test('is the same in a link that is opened anew, and goes along to Diagnose', async () => {
    const { page } = window
    await history.goTo(during)
    await expect.poll(() => playground.hop(from, to)).toContain('handshake failing')
    await page.reload()
    await expect.poll(() => playground.hop(from, to), { timeout: longMs }).toContain('handshake failing')
    expect(history.at()).toBe(during)
    await playground.openHop(from, to)
    await page
      .getByTestId('inspector')
      .getByText(/handshake failing/i)
      .first()
      .waitFor()
    await page.getByRole('link', { name: 'Diagnose', exact: true }).click()
    await page.getByTestId('past-notice').waitFor()
    expect(history.at()).toBe(during)
    await page.goto(
      page.url().replace(/#.*/, `#/diagnose?env=${environment}&tab=handshakes&from=${from}&to=${to}&at=${during}`),
    )
    await expect.poll(() => page.getByRole('main').textContent(), { timeout: longMs }).toContain('expired')
    expect(await page.getByTestId('probe').isDisabled()).toBe(true)
    await page.keyboard.press('l')
    await page.getByTestId('past-notice').waitFor({ state: 'detached' })
  })

  test('is what differs between then and live, on the map, in the list, and from the other side', async () => {
    const { page } = window
    await page.goto(page.url().replace(/#.*/, `#/graph?env=${environment}&at=${during}`))
    await expect.poll(() => playground.hop(from, to)).toContain('handshake failing')
    await page.getByTestId('compare').click()
    const row = page.getByTestId(`change-${hop}`).first()
    await row.waitFor()
    expect(await row.textContent()).toContain('handshake failing → mTLS verified')
    await page.getByTestId(`sign-${hop}`).waitFor()
    await isSound('compared')
    await page.getByTestId('only-worse').or(page.getByTestId('only-better')).first().waitFor()
    await page.getByTestId('swap').click()
    await expect.poll(() => playground.hop(from, to)).toContain('mTLS verified')
    expect(history.at()).toBeNull()
    expect(await row.textContent()).toContain('handshake failing → mTLS verified')
    await page.keyboard.press('c')
    await history.comparison.waitFor({ state: 'detached' })
  })

  test('is a mark on the timeline, stepped to from event to event', async () => {
    const { page } = window
    await page.keyboard.press('[')
    await expect.poll(() => history.at()).not.toBeNull()
    const first = history.at() ?? 0
    await page.keyboard.press('[')
    await expect.poll(() => history.at() ?? first).toBeLessThan(first)
    await until(async () => {
      if ((await playground.hop(from, to)).includes('handshake failing')) return true
      await page.keyboard.press('[')
      return false
    })
    await page.getByTestId('timeline-mark').first().waitFor()
    await page.keyboard.press('l')
  })
})

describe('a time that nobody watched', () => {
  test('draws a time that nobody watched as one, and the graph says so instead of showing the last picture', async () => {
    const { page } = window
    await page.goto(page.url().replace(/#.*/, `#/graph?env=${environment}`))
    await history.goTo(asleep)
    await page.getByTestId('timeline-gap').first().waitFor({ state: 'attached' })
    const plate = page.getByTestId('gap-plate')
    await plate.waitFor()
    expect(await plate.textContent()).toContain('the computer slept')
    expect(await playground.workload('gateway').count()).toBe(0)
    await isSound('gap', ['dark'])
    await plate.getByRole('button', { name: /^Last picture before/ }).click()
    await playground.workload('gateway').waitFor()
    await history.goTo(well)
    await expect.poll(() => playground.hop(from, to)).toContain('mTLS verified')
    await page.keyboard.press('l')
  })
})

describe('a snapshot', () => {
  test('of a past time is saved, opened without any connection, and shows that time', async () => {
    const { page } = window
    const file = join(folder, 'then.everyhop-snapshot')
    await page.goto(page.url().replace(/#.*/, `#/graph?env=${environment}&at=${during}&with=now`))
    await page.getByTestId('save-snapshot').click()
    await page.getByTestId('snapshot-form').getByRole('textbox').fill(file)
    await page.getByRole('button', { name: 'Save snapshot' }).click()
    await page.getByTestId('snapshot-form').getByText(`Saved as ${file}`).waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('snapshot')
    await page.getByText('Open a snapshot…').click()
    const dialog = page.getByTestId('open-snapshot')
    await dialog.getByRole('textbox').fill(file)
    await dialog.getByRole('button', { name: 'Open snapshot' }).click()
    await expect.poll(() => history.clock.getAttribute('data-state')).toBe('snapshot')
    await expect.poll(() => playground.hop(from, to)).toContain('handshake failing')
    expect(await history.status.textContent()).toContain('Snapshot')
    await isSound('snapshot', ['dark'])
    expect(window.complaints).toEqual([])
  })
})
