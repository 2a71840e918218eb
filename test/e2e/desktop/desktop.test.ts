import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hops, spiffeIdOf, stageOf, stages } from '../../../electron/playground/pipeline/topology.ts'
import { type Lab, startLab } from '../../lab/lab.ts'
import { keepPicture } from '../open-window.ts'
import { countPorts, namesOfNode, noteNotices, noticesSeen, portsSeen } from './in-page.ts'
import { type Desktop, type Launcher, prepareDesktop } from './open-desktop.ts'
import { descendantsOf, livingOf, serviceProcess } from './processes.ts'

/** The desktop app on the real lab, in a real Electron. */
let folder: string
let home: string
let lab: Lab
let launcher: Launcher
let desktop: Desktop

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-desktop-'))
  home = join(folder, 'home')
  const [started, prepared] = await Promise.all([
    startLab({ runFolder: join(folder, 'lab'), home, tier: 1, windowSeconds: 12, requestsPerSecond: 8 }),
    prepareDesktop(),
  ])
  lab = started
  launcher = prepared
  desktop = await launcher.open({ home })
})
afterAll(async () => {
  await desktop?.close()
  await launcher?.close()
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
})

const nodeId = (stage: string): string => `node-workload/${spiffeIdOf(stageOf(stage))}`
const hopId = (from: string, to: string): string =>
  `hop-hop/workload/${spiffeIdOf(stageOf(from))}>workload/${spiffeIdOf(stageOf(to))}`
const mainProcess = () => desktop.app.process().pid ?? Number.NaN
const clockState = () => desktop.page.getByTestId('clock').getAttribute('data-state')

test('the graph of the lab appears: every workload and hop, live, and the page has nothing to complain about', async () => {
  for (const stage of stages) await desktop.page.getByTestId(nodeId(stage.id)).waitFor()
  for (const hop of hops) expect(await desktop.page.getByTestId(hopId(hop.from, hop.to)).count()).toBe(1)
  await expect.poll(clockState).toBe('live')
  await keepPicture(desktop.page, 'desktop-graph')
  expect(desktop.complaints).toEqual([])
})

test('the page is sandboxed and isolated, sees nothing of Node or Electron, and got exactly one port', async () => {
  const preferences = await desktop.app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map(({ webContents }) => {
      // Electron has it for its own tests, and no type for it.
      const all = Object(Reflect.apply(Reflect.get(webContents, 'getLastWebPreferences'), webContents, []))
      const names = ['sandbox', 'contextIsolation', 'nodeIntegration', 'webviewTag']
      return Object.fromEntries(names.map((name) => [name, Reflect.get(all, name) ?? false]))
    }),
  )
  expect(preferences).toEqual([{ sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false }])
  expect(await desktop.page.evaluate(namesOfNode)).toEqual([])
  // Load it again and count what comes.
  await desktop.page.addInitScript(countPorts)
  await desktop.page.reload()
  await desktop.page.getByTestId(nodeId('gateway')).waitFor()
  await expect.poll(clockState).toBe('live')
  expect(await desktop.page.evaluate(portsSeen)).toBe(1)
})

test('a service that is killed is started again: the window stays, says so, and goes on by itself', async () => {
  const { page } = desktop
  const first = (await serviceProcess(mainProcess())) ?? Number.NaN
  const windowBefore = await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.id)
  await page.evaluate(noteNotices)
  process.kill(first, 'SIGKILL')
  await expect.poll(() => page.evaluate(noticesSeen)).toContain('Everyhop’s service ended. It ended with')
  await expect.poll(async () => ![null, first].includes(await serviceProcess(mainProcess()))).toBe(true)
  await expect.poll(clockState).toBe('live')
  await page.getByTestId('service-notice').waitFor({ state: 'detached' })
  await page.getByTestId(nodeId('gateway')).waitFor()
  expect(await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.id)).toBe(windowBefore)
})

test('the menu asks the page: every screen, search and help open there', async () => {
  const { page, app } = desktop
  const choose = (label: string) =>
    app.evaluate(({ Menu }, wanted) => {
      const items = Menu.getApplicationMenu()?.items.flatMap((item) => item.submenu?.items ?? []) ?? []
      items.find((item) => item.label === wanted)?.click()
    }, label)
  await choose('Search…')
  await page.getByPlaceholder('Search workloads').waitFor()
  await page.keyboard.press('Escape')
  await page.getByPlaceholder('Search workloads').waitFor({ state: 'detached' })
  await choose('Keyboard and Symbols')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await choose('Connections')
  await page.getByTestId('connections').waitFor()
  await choose('Policy')
  await page.waitForURL(/#\/policy\?env=lab/)
  await choose('Graph')
  await page.getByTestId(nodeId('gateway')).waitFor()
})

test('a second start brings the first window to the front and ends', async () => {
  await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide())
  const isVisible = () =>
    desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((window) => window.isVisible()))
  expect(await isVisible()).toEqual([false])
  expect(await launcher.startAgain(home)).toBe(0)
  await expect.poll(isVisible).toEqual([true])
})

test('the window opens where it was left, and quitting leaves no process', async () => {
  const place = { x: 210, y: 140, width: 1180, height: 760 }
  const bounds = () => desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds())
  await desktop.app.evaluate(({ BrowserWindow }, wanted) => BrowserWindow.getAllWindows()[0]?.setBounds(wanted), place)
  await expect.poll(bounds).toEqual(place)
  const family = [mainProcess(), ...(await descendantsOf(mainProcess()))]
  expect(family).toContain(await serviceProcess(mainProcess()))
  await desktop.close()
  await expect.poll(() => livingOf(family)).toEqual([])
  desktop = await launcher.open({ home })
  await expect.poll(bounds).toEqual(place)
  await desktop.page.getByTestId(nodeId('gateway')).waitFor()
})
