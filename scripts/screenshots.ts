import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { type Composed, composeService } from '../electron/service/compose.ts'
import { takeDataFolder } from '../electron/service/data-folder.ts'
import { connectInProcess, type ServiceClient } from '../electron/service/in-process.ts'
import { startWebHost } from '../electron/service/web.ts'
import type { Period } from '../shared/domain/evidence/model.ts'
import { ensureBrowser } from '../test/e2e/browser.ts'
import { diagnosePage } from '../test/e2e/pages/diagnose.ts'
import { playgroundPage } from '../test/e2e/pages/playground.ts'
import { policyPage } from '../test/e2e/pages/policy-release.ts'
import { ensureBinaries } from '../test/lab/provision/binaries.ts'
import { buildPage, pinnedTarget } from './build-desktop.ts'
import { root } from './run-tool.ts'

/**
 * `npm run screenshots`: makes every picture of README and docs, in docs/screenshots, from a playground of its own. Needs a
 * Chromium (see test/e2e/browser.ts) and OPA: where EVERYHOP_OPA says, or the one that the lab builds.
 */

type Theme = 'dark' | 'light'
const pictures = join(root, 'docs', 'screenshots')
const longMs = 60_000

async function makePictures(): Promise<void> {
  await buildPage(pinnedTarget)
  process.env['EVERYHOP_OPA'] ??= (await ensureBinaries(['opa-envoy'], { log: console.log }))['opa-envoy'].path
  const home = await mkdtemp(join(tmpdir(), 'eh-pictures-'))
  const data = takeDataFolder(join(home, 'data'))
  const service = composeService('web', home, data)
  const { client, close } = connectInProcess(service.router, service.log)
  try {
    await mkdir(pictures, { recursive: true })
    const state = await client.playground.start({})
    if (state.phase !== 'running') throw new Error(state.phase === 'failed' ? state.message : 'it does not run')
    const began = Date.now()
    if (state.authorisation !== 'deciding') throw new Error('without OPA the pictures would be of unknowns')
    await withWindow(service, 'dark', (page) => graphPictures(page, client))
    await clear(client, [])
    await withWindow(service, 'light', async (page) => {
      await open(page, '/graph?env=playground')
      await playgroundPage(page).workload('gateway').waitFor()
      await page.keyboard.press('0')
      await keep(page, 'graph-light')
    })
    await withWindow(service, 'dark', (page) => pastPicture(page, client))
    await withWindow(service, 'dark', (page) => policyPictures(page, client))
    await withWindow(service, 'dark', (page) => requestPicture(page, client))
    await withWindow(service, 'light', (page) => handshakePicture(page, client))
    await withWindow(service, 'dark', (page) => evidencePicture(page, home, { from: began, to: Date.now() }))
  } finally {
    close()
    await service.stop()
    data.release()
    await rm(home, { recursive: true, force: true })
  }
}

async function graphPictures(page: Page, client: ServiceClient): Promise<void> {
  const playground = playgroundPage(page)
  await open(page, '/graph?env=playground')
  await clear(client, [])
  await page.keyboard.press('0')
  await keep(page, 'graph-dark')
  await playground.openFaults()
  await playground.inject('expired-svid')
  await until(async () => (await playground.hop('model-server', 'tool-runtime')).includes('handshake failing'))
  await clear(client, ['failing'])
  await playground.openHop('model-server', 'tool-runtime')
  await page.getByTestId('inspector').getByText('presents a certificate that expired').waitFor({ timeout: longMs })
  await page.keyboard.press('0')
  await keep(page, 'playground-fault')
  await page.getByRole('button', { name: 'Close the list of faults' }).click()
  await page.keyboard.press('0')
  await keep(page, 'graph-failing')
  await page.getByTestId('open-faults').click()
  await playground.heal('expired-svid')
  await open(page, '/environments?env=playground')
  await page.getByRole('button', { name: 'Check its sources' }).click()
  await page.locator('[data-testid="check-results"][data-status="done"]').waitFor({ timeout: longMs })
  await keep(page, 'connections')
}

/** A fault that is over, at its time, with what is otherwise now. */
async function pastPicture(page: Page, client: ServiceClient): Promise<void> {
  await clear(client, [])
  // What is read at first is no event: until sources told nothing new for a while.
  const begin = Date.now()
  await until(async () => Date.now() > begin + 13_000)
  await client.playground.inject({ fault: 'expired-svid' })
  await until(async () => {
    const { workloads } = await client.graph.document({ environment: 'playground' })
    return workloads.some(({ name, state }) => name === 'tool-runtime' && state.state === 'failing')
  })
  // What is known is written down within seconds.
  const at = Math.ceil(Date.now() / 1000) * 1000 + 5000
  await until(async () => Date.now() > at + 5000)
  await client.playground.heal({})
  await clear(client, [])
  await open(page, `/graph?env=playground&at=${at}&with=now`)
  await page
    .getByTestId('compare-panel')
    .getByText('handshake failing → mTLS verified')
    .first()
    .waitFor({ timeout: longMs })
  await page.keyboard.press('0')
  await keep(page, 'graph-past')
}

/** A draft that would refuse what is called now, as far as the dialog that says so. */
async function policyPictures(page: Page, client: ServiceClient): Promise<void> {
  const environment = 'playground'
  await clear(client, [])
  await open(page, `/policy?env=${environment}`)
  const policy = policyPage(page)
  await policy.startDraft()
  await policy.append('authz.rego', refusal)
  await policy.takeFirstRefusal()
  await page.getByTestId('decision-draft').waitFor({ timeout: longMs })
  await keep(page, 'policy-workbench')
  await client.changes.enable({ environment, minutes: 15, typed: environment })
  const dialog = await policy.openPublish()
  await dialog.getByTestId('plan-changes').getByText('authz.rego').waitFor({ timeout: longMs })
  await keep(page, 'publish')
}

/** A hop that the policy denies since its data changed: the verdict with its rule, and the change that was tried. */
async function requestPicture(page: Page, client: ServiceClient): Promise<void> {
  const fault = 'policy-denies'
  await client.playground.inject({ fault })
  let id = ''
  await until(async () => {
    const { groups } = await client.diagnosis.refusals({ environment: 'playground', minutes: 1 })
    id = groups.find(({ to }) => to.name === 'tool-runtime')?.latest.requestId ?? ''
    return id !== ''
  })
  await open(page, `/diagnose?env=playground&by=request&id=${id}`)
  await diagnosePage(page).change.getByText('Tried: it allows it').first().waitFor({ timeout: longMs })
  await keep(page, 'diagnose-request')
  await client.playground.heal({})
}

async function handshakePicture(page: Page, client: ServiceClient): Promise<void> {
  const fault = 'untrusted-bundle-after-rotation'
  await client.playground.inject({ fault })
  await until(async () => {
    const asked = { environment: 'playground', from: 'orchestrator', to: 'vector-store' }
    return (await client.diagnosis.handshake(asked)).verdict.cause === 'client-issuer-not-trusted'
  })
  await open(page, '/diagnose?env=playground&tab=handshakes&from=orchestrator&to=vector-store')
  await diagnosePage(page).verdict.waitFor({ timeout: longMs })
  await keep(page, 'diagnose-handshake')
  await client.playground.heal({})
}

/** A pack of everything that the other pictures needed, with what it lacks. */
async function evidencePicture(page: Page, home: string, { from, to }: Period): Promise<void> {
  const key = join(home, 'organisation.pem')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await open(page, `/evidence?env=playground&period=other&from=${from}&to=${to}`)
  await page.getByTestId('evidence-key-kind').selectOption('file')
  await page.getByTestId('evidence-key-file').fill(key)
  await page.getByTestId('evidence-build').click()
  await page.getByTestId('evidence-verdicts').getByText('Integrity: intact').waitFor({ timeout: longMs })
  await page.getByTestId('evidence-period').scrollIntoViewIfNeeded()
  await keep(page, 'evidence')
}

const refusal = 'reasons contains "closed for a rehearsal" if endswith(callee, "/sa/tool-runtime")'

async function withWindow(service: Composed, theme: Theme, work: (page: Page) => Promise<void>): Promise<void> {
  const { router, clock, log } = service
  const files = join(root, pinnedTarget.folder, 'renderer')
  const host = await startWebHost({ router, clock, log, files, port: 0, codeHint: '' })
  const browser = await chromium.launch({ executablePath: await ensureBrowser(console.log), args: ['--no-sandbox'] })
  try {
    const size = { viewport: { width: 1440, height: 900 }, colorScheme: theme } as const
    const page = await (await browser.newContext({ ...size, reducedMotion: 'reduce' })).newPage()
    await page.goto(host.newAddress())
    await work(page)
  } finally {
    await browser.close()
    await host.close()
  }
}

async function open(page: Page, address: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(address)}`)
  await page.waitForTimeout(500)
}

/** Everything is read, and every hop verified or what a fault is to make of it. */
async function clear(client: ServiceClient, broken: readonly string[]): Promise<void> {
  await until(async () => {
    const { hops, gaps } = await client.graph.document({ environment: 'playground' })
    const isClear = hops.every(({ transport }) => ['verified', ...broken].includes(transport.state))
    return hops.length > 0 && gaps.length === 0 && isClear
  })
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 3 * longMs; performance.now() < end; ) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('what the picture is to show did not come')
}

async function keep(page: Page, name: string): Promise<void> {
  // What fades in has done so.
  await page.waitForTimeout(800)
  await page.screenshot({ path: join(pictures, `${name}.png`) })
  console.log(`docs/screenshots/${name}.png`)
}

await makePictures()
process.exit(0)
