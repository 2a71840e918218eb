import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { build } from 'vite'
import { z } from 'zod'
import { largePipeline } from '../builders/pipeline.ts'
import { launchBrowser, openWindow } from '../e2e/open-window.ts'
import { type BenchRow, within } from './row.ts'
import { serveSynthetic } from './synthetic-service.ts'

const workloads = 5000
const hops = 25_000
const size = { width: 1600, height: 900 }

/** A large graph on screen, against the same one given to React Flow whole and culled, in the same browser. */
export async function run(): Promise<readonly BenchRow[]> {
  const ours = await measureEveryhop()
  const [whole, culled] = await measureReactFlow()
  const against = (
    name: string,
    mine: number,
    other: number,
    unit: string,
    isRate: boolean,
    than: string,
  ): BenchRow => ({
    name,
    value: mine,
    unit,
    comparedWith: { name: than, value: other },
    ratio: isRate ? mine / other : other / mine,
  })
  const title = `${workloads.toLocaleString('en')} workloads, ${hops.toLocaleString('en')} hops`
  return [
    within(`${title}: painted, once the view is there`, ours.paint, 'ms', 500),
    against('the same', ours.paint, whole.paint, 'ms', false, 'React Flow drawing everything'),
    against('the same', ours.paint, culled.paint, 'ms', false, 'React Flow with culling'),
    within(`${title}: from opening the page to painted`, ours.opened, 'ms', 2000),
    against('frames a second while panning', ours.panning, 50, 'fps', true, 'promised at least'),
    against('the same', ours.panning, whole.panning, 'fps', true, 'React Flow drawing everything'),
    against('the same', ours.panning, culled.panning, 'fps', true, 'React Flow with culling'),
    against('frames a second while zooming', ours.zooming, 50, 'fps', true, 'promised at least'),
    against('the same', ours.zooming, culled.zooming, 'fps', true, 'React Flow with culling'),
  ]
}

interface Figures {
  readonly paint: number
  readonly opened: number
  readonly panning: number
  readonly zooming: number
}

async function measureEveryhop(): Promise<Figures> {
  const { service, stop } = await serveSynthetic(largePipeline(workloads, hops))
  // The facts have arrived and the graph stands: what is measured is the way from the view to the screen.
  const window = await openWindow(service, { size })
  try {
    await window.page.locator('.react-flow__node').first().waitFor({ timeout: 60_000 })
    await window.page.addInitScript(watchDom)
    const started = Date.now()
    await window.page.reload()
    await window.page.locator('.react-flow__node').first().waitFor({ timeout: 60_000 })
    const at = await settled(window.page)
    const viewArrived = z
      .number()
      .parse(
        await window.page.evaluate(
          `performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/rpc/graph/view')).at(-1).responseEnd`,
        ),
      )
    const opened = Date.now() - started - at.quiet
    return { paint: at.last - viewArrived, opened, ...(await frames(window.page)) }
  } finally {
    await window.close()
    await stop()
  }
}

async function measureReactFlow(): Promise<readonly [Figures, Figures]> {
  const folder = await mkdtemp(join(tmpdir(), 'eh-bench-page-'))
  await build({
    configFile: join(import.meta.dirname, 'page', 'vite.config.ts'),
    build: { outDir: folder, emptyOutDir: true },
  })
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    readFile(join(folder, path === '/' ? 'index.html' : path)).then(
      (content) => {
        const type = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }[extname(path) || '.html']
        response.writeHead(200, { 'content-type': type ?? 'application/octet-stream' }).end(content)
      },
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return [await measurePage(port, 'whole'), await measurePage(port, 'culled')]
  } finally {
    server.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function measurePage(port: number, mode: 'whole' | 'culled'): Promise<Figures> {
  const browser = await launchBrowser()
  try {
    const page = await (await browser.newContext({ viewport: size })).newPage()
    await page.addInitScript(watchDom)
    const started = Date.now()
    await page.goto(`http://127.0.0.1:${port}/?mode=${mode}&workloads=${workloads}&hops=${hops}`)
    await page.locator('.react-flow__node').first().waitFor({ timeout: 120_000 })
    const at = await settled(page)
    return { paint: at.last - at.first, opened: Date.now() - started - at.quiet, ...(await frames(page)) }
  } finally {
    await browser.close()
  }
}

/** Runs in the page before anything else: remembers when elements were last added or taken away, a frame later. */
const watchDom = `
  window.drawn = { first: null, last: 0 }
  new MutationObserver((records) => {
    if (!records.some((record) => record.target.closest?.('#root, .react-flow') && record.addedNodes.length > 0)) return
    if (window.drawn.first === null) window.drawn.first = performance.now()
    requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn.last = performance.now() }))
  }).observe(document, { childList: true, subtree: true })
`

const drawn = z.object({ first: z.number(), last: z.number(), now: z.number() })

/** Waits until nothing was added for 700 ms. `quiet` is how long that has been, milliseconds. */
async function settled(page: Page): Promise<{ first: number; last: number; quiet: number }> {
  for (;;) {
    const at = drawn.parse(await page.evaluate('({ ...window.drawn, now: performance.now() })'))
    if (at.last > 0 && at.now - at.last > 700) return { first: at.first, last: at.last, quiet: at.now - at.last }
    await page.waitForTimeout(100)
  }
}

async function frames(page: Page): Promise<{ panning: number; zooming: number }> {
  const pane = await page.locator('.react-flow').first().boundingBox()
  const x = (pane?.x ?? 0) + (pane?.width ?? size.width) / 2
  const y = (pane?.y ?? 0) + (pane?.height ?? size.height) / 2
  await page.evaluate(countFrames)
  // On empty canvas, so that a card is not pressed: the corner of the pane.
  const corner = { x: (pane?.x ?? 0) + 6, y: (pane?.y ?? 0) + (pane?.height ?? 0) - 60 }
  await page.mouse.move(corner.x, corner.y)
  await page.mouse.down()
  const panning = await rateWhile(page, async (step) => {
    await page.mouse.move(corner.x + 60 + 50 * Math.sin(step / 6), corner.y - 60 + 50 * Math.cos(step / 6))
  })
  await page.mouse.up()
  await page.mouse.move(x, y)
  const zooming = await rateWhile(page, async (step) => {
    await page.mouse.wheel(0, step % 20 < 10 ? 20 : -20)
    await page.waitForTimeout(10)
  })
  return { panning, zooming }
}

const countFrames = `
  window.frames0 = 0
  const count = () => { window.frames0 += 1; requestAnimationFrame(count) }
  requestAnimationFrame(count)
`

async function rateWhile(page: Page, act: (step: number) => Promise<void>): Promise<number> {
  const read = async () =>
    z.tuple([z.number(), z.number()]).parse(await page.evaluate('[window.frames0, performance.now()]'))
  const [before, from] = await read()
  const until = Date.now() + 2500
  for (let step = 0; Date.now() < until; step += 1) await act(step)
  const [after, to] = await read()
  return ((after - before) * 1000) / (to - from)
}
