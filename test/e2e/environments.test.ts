import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { hops, spiffeIdOf, stageOf, trustDomain } from '../../electron/playground/pipeline/topology.ts'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { keepPicture, type OpenWindow, openWindow } from './open-window.ts'
import { violations } from './pages/accessibility.ts'
import { applyManifest } from './pages/apply-manifest.ts'
import { type ConnectionsPage, connectionsPage } from './pages/connections.ts'

/** Somebody who has the lab's kubeconfig and nothing else, in a real browser. */
const startLimitMs = 30 * 60 * 1000
let folder: string
let home: string
let lab: Lab
let service: Composed
let window: OpenWindow
let page: Page
let connections: ConnectionsPage
const kubeconfigBefore = process.env['KUBECONFIG']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-environments-'))
  home = join(folder, 'home')
  lab = await startLab({
    tier: 2,
    runFolder: join(folder, 'run'),
    // Not where Everyhop looks: nothing is written down for it.
    home: join(folder, 'other-home'),
    windowSeconds: 12,
    requestsPerSecond: 8,
    bundleStaleAfterSeconds: 6,
  })
  if (lab.cluster === null) throw new Error('no cluster in the lab of tier 2')
  process.env['KUBECONFIG'] = lab.cluster.files.viewerKubeconfig
  service = composeService('web', home)
  window = await openWindow(service)
  page = window.page
  connections = connectionsPage(page)
}, startLimitMs)

afterAll(async () => {
  if (kubeconfigBefore === undefined) delete process.env['KUBECONFIG']
  else process.env['KUBECONFIG'] = kubeconfigBefore
  await window?.close()
  await service?.stop()
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

const hopId = (from: string, to: string): string =>
  `hop-hop/workload/${spiffeIdOf(stageOf(from))}>workload/${spiffeIdOf(stageOf(to))}`

async function everyHopVerified(): Promise<void> {
  for (const { from, to } of hops) {
    const hop = page.getByTestId(hopId(from, to)).first()
    await expect.poll(() => hop.getAttribute('aria-label'), { timeout: 60_000 }).toContain('mTLS verified')
  }
}

async function contextOf(kubeconfig: string): Promise<string> {
  return String(parse(await readFile(kubeconfig, 'utf8'))['current-context'])
}

test('with nothing connected the first step is one button, and the lab is named beside it', async () => {
  await page.getByRole('button', { name: 'Add an environment' }).waitFor()
  await connections.open()
  await page.getByText('npm run lab').first().waitFor()
  await keepPicture(page, 'connections-first')
})

test('from its kubeconfig alone the lab is added through the screen: proposed, tested, previewed, saved, and its graph is whole', async () => {
  await connections.add(await contextOf(process.env['KUBECONFIG'] ?? ''))
  await connections.name('from-screen')
  await connections.intent(lab.plan.files.intent)
  await connections.checked()
  const reader = (file: string): string => join(lab.plan.files.readerFolder, file)
  await connections.spire({
    trustDomain,
    certificate: reader('svid.pem'),
    key: reader('key.pem'),
    bundle: reader('bundle.pem'),
  })
  await connections.check()
  const spire = connections.result('spire', 'spire')
  await expect.poll(() => spire.getAttribute('data-outcome')).toMatch(/usable|partly/)
  expect(await connections.result('kubernetes', 'cluster').getAttribute('data-outcome')).toBe('usable')
  await keepPicture(page, 'connections-checked')
  await connections.previewGraph()
  await everyHopVerified()
  await keepPicture(page, 'connections-preview')
  await connections.save()
  await everyHopVerified()
  const file = join(home, 'environments', 'from-screen.yaml')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const text = await readFile(file, 'utf8')
  expect(text).not.toContain('PRIVATE KEY')
  expect(environmentSchema.parse(parse(text)).sources).toMatchObject({
    kubernetes: [{ id: 'cluster' }],
    spire: [{ cluster: 'cluster' }],
  })
  expect(window.complaints).toEqual([])
})

test('missing rights are exactly the named gaps, the manifest asks for these alone, and once it is applied nothing is missing', async () => {
  const kubeconfig = await lab.withRights(['networkpolicies', 'pods/log'])
  const name = await contextOf(kubeconfig)
  await connections.open()
  await connections.add(name, { kubeconfig })
  await connections.name('lacking')
  await connections.checked()
  const cluster = connections.result('kubernetes', 'cluster')
  expect(await cluster.getAttribute('data-outcome')).toBe('partly')
  const told = (await cluster.textContent()) ?? ''
  expect(told).toContain('Which NetworkPolicy admits a hop will be unknown.')
  expect(told).toContain('Requests, decisions and integrity events in the logs of pods will be unknown.')
  expect(told).toMatch(/2 missing/)
  expect(told).toMatch(/networkpolicies.* is forbidden: User "/)
  await keepPicture(page, 'connections-missing')
  const manifest = await connections.missingRights('kubernetes', 'cluster')
  expect(manifest.match(/resources:[\s\S]*?verbs/g)?.length).toBe(2)
  expect(manifest).toContain('networkpolicies')
  expect(manifest).toContain('pods/log')
  await applyManifest(manifest, lab.cluster?.files.adminKubeconfig ?? '')
  await expect
    .poll(
      async () => {
        await connections.check()
        return cluster.getAttribute('data-outcome')
      },
      { timeout: 60_000 },
    )
    .toBe('usable')
  await connections.save()
  await everyHopVerified()
})

test('a SPIRE server of another trust domain is refused by name', async () => {
  await connections.open()
  await page.getByRole('button', { name: 'Change from-screen' }).click()
  await connections.checked()
  await page.getByTestId('spire-trust-domain').fill('other.example')
  const spire = connections.result('spire', 'spire')
  // A busy cluster may be late with the way to it: then it is checked again, as a person would.
  await expect
    .poll(
      async () => {
        await connections.check()
        return spire.textContent()
      },
      { timeout: 90_000 },
    )
    .toContain(`presents spiffe://${trustDomain}/spire/server, expected spiffe://other.example/spire/server`)
  expect(await spire.getAttribute('data-outcome')).toBe('unusable')
  await page.getByRole('button', { name: 'Cancel' }).click()
})

test('a file that somebody changes meanwhile is not overwritten', async () => {
  const file = join(home, 'environments', 'from-screen.yaml')
  await connections.open()
  await page.getByRole('button', { name: 'Change from-screen' }).click()
  await page.getByTestId('environment-name').waitFor()
  const theirs = `${await readFile(file, 'utf8')}# theirs\n`
  await writeFile(file, theirs)
  await connections.production()
  await page.getByTestId('save-environment').click()
  await page.getByText('was changed by somebody else').waitFor()
  expect(await readFile(file, 'utf8')).toBe(theirs)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Change from-screen' }).click()
  await connections.production()
  await connections.save()
  const after = await readFile(file, 'utf8')
  expect(after).toContain('# theirs')
  expect(after).toContain('production: true')
  await expect.poll(() => page.getByTestId('environment-menu').getAttribute('data-production')).toBe('true')
})

test('a broken file is shown with line and column, does not stop the others, and can be removed', async () => {
  await writeFile(
    join(home, 'environments', 'broken.yaml'),
    'apiVersion: everyhop.dev/v1\nkind: Environment\nname: broken\nsources: 3\n',
  )
  await connections.open()
  await connections.row('broken').waitFor({ timeout: 30_000 })
  expect(await connections.row('broken').textContent()).toContain('line 4, column 10')
  await page.getByTestId('environment-menu').click()
  await page.getByTestId('open-lacking').waitFor()
  expect(await page.getByTestId('open-from-screen').getAttribute('data-production')).toBe('true')
  await page.keyboard.press('Escape')
  await connections.remove('broken')
  await expect.poll(() => connections.row('broken').count()).toBe(0)
  expect(await stat(join(home, 'environments', 'broken.yaml.removed'))).toBeDefined()
})

test('a program of a kubeconfig runs only after it was shown and allowed, and what it does wrong is said', async () => {
  const made = join(folder, 'programs')
  await mkdir(made)
  const ran = join(made, 'ran')
  const garbage = join(made, 'garbage')
  await writeFile(garbage, `#!/bin/sh\necho ran >> ${ran}\necho this is no credential\n`)
  await chmod(garbage, 0o700)
  const content = parse(await readFile(process.env['KUBECONFIG'] ?? '', 'utf8'))
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: garbage,
    args: ['--cluster', 'lab one'],
    interactiveMode: 'Never',
  }
  content.users[0].user = { exec }
  const kubeconfig = join(made, 'exec.kubeconfig')
  await writeFile(kubeconfig, JSON.stringify(content))
  await connections.open()
  await connections.add(content['current-context'], { kubeconfig, allowProgram: false })
  expect(await stat(ran).catch(() => null)).toBeNull()
  await page.getByTestId(`context-${content['current-context']}`).first().click()
  expect(await page.getByTestId('program').textContent()).toBe(`${garbage} --cluster 'lab one'`)
  await keepPicture(page, 'connections-program')
  await page.getByRole('button', { name: 'Run garbage' }).click()
  await page.getByTestId('cluster-not-read').waitFor({ timeout: 60_000 })
  expect(await page.getByTestId('cluster-not-read').textContent()).toMatch(
    /printed something that is no ExecCredential/,
  )
  await page.getByRole('button', { name: 'Cancel' }).click()
  // Changed between looking and confirming.
  await page.getByTestId('contexts').waitFor()
  await page.getByLabel('Another kubeconfig').fill(kubeconfig)
  await page.getByRole('button', { name: 'Look there' }).click()
  await page.getByTestId(`context-${content['current-context']}`).first().click()
  content.users[0].user.exec.args = ['--something-else']
  await writeFile(kubeconfig, JSON.stringify(content))
  await page.getByRole('button', { name: 'Run garbage' }).click()
  await page.getByText('The kubeconfig changed since').waitFor()
})

test('keys lead to the screen, to a new environment, and back', async () => {
  await page.keyboard.press('Escape')
  await page.locator('body').click({ position: { x: 5, y: 400 } })
  await page.keyboard.press('g')
  await page.keyboard.press('g')
  await page.waitForURL(/#\/graph/)
  await page.keyboard.press('g')
  await page.keyboard.press('c')
  await page.getByTestId('environment-list').waitFor()
  await page.keyboard.press('n')
  await page.getByTestId('contexts').waitFor()
})

for (const theme of ['dark', 'light'] as const) {
  test(`nothing on the ${theme} screen breaks WCAG 2.2 AA as far as a program can tell`, async () => {
    const other = await openWindow(service, { theme })
    try {
      const screen = connectionsPage(other.page)
      await screen.open()
      await other.page.getByTestId('environment-list').waitFor()
      expect(await violations(other.page)).toEqual([])
      await screen.add(await contextOf(process.env['KUBECONFIG'] ?? ''))
      await screen.checked()
      await keepPicture(other.page, `connections-${theme}`)
      expect(await violations(other.page)).toEqual([])
    } finally {
      await other.close()
    }
  })
}
