import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { composeService } from '../../electron/service/compose.ts'
import { connectInProcess } from '../../electron/service/in-process.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'
import { keepPicture, openWindow } from './open-window.ts'
import { violations } from './pages/accessibility.ts'

const passphrase = 'CANARY-pass-52b1'
const value = 'CANARY-value-90c7'

async function start() {
  const home = await temporaryFolder()
  const service = composeService('web', home)
  const { client, close } = connectInProcess(service.router, service.log)
  onTestFinished(async () => {
    close()
    await service.stop()
  })
  return { home, service, client }
}

test('locked secrets are asked for once, a wrong passphrase is told, and no value comes to the page', async () => {
  const { service, client } = await start()
  await client.secrets.setPassphrase({ passphrase })
  await client.secrets.put({ name: 'vault.token', value })
  await client.secrets.lock({})
  const window = await openWindow(service)
  onTestFinished(() => window.close())
  const { page } = window
  const received: string[] = []
  page.on(
    'response',
    (response) =>
      void response.text().then(
        (text) => received.push(text),
        () => {},
      ),
  )
  const dialog = page.getByTestId('unlock-dialog')
  await dialog.getByLabel('Passphrase').fill('not this one')
  await dialog.getByRole('button', { name: 'Unlock' }).click()
  await dialog.getByText('The passphrase is wrong').waitFor()
  await keepPicture(page, 'unlock')
  await dialog.getByRole('button', { name: 'Not now' }).click()
  await page.getByTestId('secrets-locked').click()
  await dialog.getByLabel('Passphrase').fill(passphrase)
  await dialog.getByRole('button', { name: 'Unlock' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await client.secrets.state({})).toMatchObject({ condition: 'open' })
  expect(await page.getByTestId('secrets-locked').count()).toBe(0)
  const kept = await page.evaluate('JSON.stringify(localStorage)')
  for (const secret of [passphrase, value]) {
    expect(await page.content()).not.toContain(secret)
    expect(String(kept)).not.toContain(secret)
    expect(received.join('\n')).not.toContain(secret)
  }
})

test('what is chosen in the window is a setting of this person, and another window has it too', async () => {
  const { home, service, client } = await start()
  const window = await openWindow(service)
  onTestFinished(() => window.close())
  const themeOf = () => window.page.locator('html').getAttribute('data-theme')
  await expect.poll(themeOf).toBe('dark')
  await window.page.getByRole('button', { name: /light/i }).first().click()
  await expect.poll(themeOf).toBe('light')
  await expect.poll(async () => (await client.settings.get({})).settings.theme).toBe('light')
  expect(JSON.parse(await readFile(join(home, 'settings.json'), 'utf8'))).toMatchObject({ theme: 'light' })
  const other = await openWindow(service)
  onTestFinished(() => other.close())
  await expect.poll(() => other.page.locator('html').getAttribute('data-theme')).toBe('light')
  expect(window.complaints).toEqual([])
})

test('settings that cannot be understood are told in the window, with where they are kept', async () => {
  const home = await temporaryFolder()
  await writeFile(join(home, 'settings.json'), '{ "version": 3, "theme": ')
  const service = composeService('web', home)
  onTestFinished(() => service.stop())
  const window = await openWindow(service)
  onTestFinished(() => window.close())
  const trouble = window.page.getByTestId('settings-trouble')
  await trouble.waitFor()
  const said = await trouble.textContent()
  expect(said).toMatch(/could not be understood .*it is not JSON/)
  expect(said).toContain('settings.json.broken')
  await keepPicture(window.page, 'settings-trouble')
  await window.page.getByTestId('notices').getByRole('button', { name: 'Close' }).click()
  await trouble.waitFor({ state: 'detached' })
})

test('a choice that cannot be kept holds in this window, which says so', async () => {
  const home = await temporaryFolder()
  await writeFile(join(home, 'settings.json'), JSON.stringify({ version: 99, theme: 'dark' }))
  const service = composeService('web', home)
  onTestFinished(() => service.stop())
  const window = await openWindow(service)
  onTestFinished(() => window.close())
  const trouble = window.page.getByTestId('settings-trouble')
  await expect.poll(() => trouble.textContent()).toContain('A newer Everyhop wrote')
  await window.page.getByRole('button', { name: /light/i }).first().click()
  await expect.poll(() => trouble.textContent()).toContain('holds until this window closes, and was not kept')
  expect(await window.page.locator('html').getAttribute('data-theme')).toBe('light')
  expect(JSON.parse(await readFile(join(home, 'settings.json'), 'utf8'))).toEqual({ version: 99, theme: 'dark' })
})

test('where there is no keyring the first passphrase is chosen in the window, where the first secret is needed', async () => {
  const { home, client, service } = await start()
  const environment = { apiVersion: 'everyhop.dev/v1', kind: 'Environment', name: 'some' }
  const sources = { opa: [{ id: 'o', api: 'http://127.0.0.1:9' }] }
  await mkdir(join(home, 'environments'), { recursive: true })
  await writeFile(join(home, 'environments', 'some.yaml'), JSON.stringify({ ...environment, sources }))
  const window = await openWindow(service)
  onTestFinished(() => window.close())
  const { page } = window
  await page.getByRole('link', { name: 'Connections' }).click()
  await page.getByRole('button', { name: 'Change some' }).click()
  await page.getByTestId('vault-way').selectOption('token-secret')
  const first = page.getByTestId('first-passphrase')
  const choose = first.getByRole('button', { name: 'Choose it' })
  await first.getByLabel('Passphrase').fill('short')
  await first.getByText('At least 8 characters').waitFor()
  await first.getByLabel('Passphrase').fill(passphrase)
  await first.getByLabel('Once more').fill('another one')
  await first.getByText('two different passphrases').waitFor()
  expect(await choose.isEnabled()).toBe(false)
  await keepPicture(page, 'first-passphrase')
  await first.getByLabel('Once more').fill(passphrase)
  await choose.click()
  await first.waitFor({ state: 'detached' })
  expect(await client.secrets.state({})).toMatchObject({ condition: 'open', protection: 'passphrase' })
  await page.getByTestId('vault-secret-name').fill('vault.token')
  await page.getByLabel('Token', { exact: true }).fill(value)
  await page.getByRole('button', { name: 'Keep the token' }).click()
  await page.getByText('A value is kept under this name').waitFor()
  expect((await client.secrets.list({})).map(({ name }) => name)).toEqual(['vault.token'])
  const kept = await readFile(join(home, 'secrets.json'), 'utf8')
  for (const secret of [passphrase, value]) {
    expect(kept).not.toContain(secret)
    expect(await page.content()).not.toContain(secret)
  }
})

test('settings and secrets are changed in the window as in the terminal, and what is half typed is not kept', async () => {
  const { service, client } = await start()
  await client.secrets.setPassphrase({ passphrase })
  for (const name of ['vault.token', 'loki.password']) await client.secrets.put({ name, value })
  const window = await openWindow(service)
  onTestFinished(() => window.close())
  const { page } = window
  const settings = async () => (await client.settings.get({})).settings
  await page.locator('body').press('Control+,')
  const dialog = page.getByTestId('settings')
  await dialog.getByTestId('setting-start-screen').selectOption('diagnose')
  await dialog.getByTestId('setting-motion').selectOption('reduced')
  await expect.poll(settings).toMatchObject({ startScreen: 'diagnose', motion: 'reduced' })
  const opa = dialog.getByTestId('setting-opaPath')
  await opa.fill('bin/opa')
  await opa.press('Enter')
  await dialog.getByText('A whole path, such as /usr/local/bin/opa').waitFor()
  expect((await settings()).opaPath).toBeNull()
  await opa.fill('/opt/opa')
  await opa.press('Enter')
  await dialog.getByTestId('setting-lock-after').fill('15')
  await dialog.getByTestId('setting-regalPath').fill('/opt/regal')
  await dialog.getByTestId('setting-motion').focus()
  await expect
    .poll(settings)
    .toMatchObject({ opaPath: '/opt/opa', regalPath: '/opt/regal', lockSecretsAfterMinutes: 15 })
  await keepPicture(page, 'settings')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Remove loki.password' }).click()
  await dialog.getByRole('button', { name: 'Forget it' }).click()
  await expect.poll(async () => (await client.secrets.list({})).map(({ name }) => name)).toEqual(['vault.token'])
  const another = dialog.getByTestId('another-passphrase')
  const next = 'CANARY-pass-77aa'
  const give = async (current: string) => {
    await another.getByLabel('Present one').fill(current)
    await another.getByLabel('New one').fill(next)
    await another.getByLabel('Once more').fill(next)
    await another.getByRole('button', { name: 'Seal everything anew' }).click()
  }
  await dialog.getByRole('button', { name: 'Another passphrase' }).click()
  await give('not the present one')
  await dialog.getByText('The passphrase is wrong').waitFor()
  await give(passphrase)
  await another.waitFor({ state: 'detached' })
  await dialog.getByRole('button', { name: 'Lock now' }).click()
  await expect.poll(async () => (await client.secrets.state({})).condition).toBe('locked')
  await dialog.getByText('They are locked').waitFor()
  // Whoever locked them is not asked for the passphrase at once.
  expect(await page.getByTestId('unlock-dialog').count()).toBe(0)
  expect(await client.secrets.unlock({ passphrase: next })).toMatchObject({ condition: 'open' })
})

test('a program of a kubeconfig that nobody allowed as it is now is asked for above every screen, and another one after it again', async () => {
  const { home, service } = await start()
  const folder = join(home, 'environments')
  await mkdir(folder, { recursive: true })
  const ran = join(home, 'ran')
  await writeFile(join(folder, 'fetch'), `#!/bin/sh\necho "$1" >> '${ran}'\n`, { mode: 0o700 })
  const place = (word: string) =>
    writeFile(
      join(folder, 'kubeconfig'),
      JSON.stringify({
        'current-context': 'work',
        contexts: [{ name: 'work', context: { cluster: 'eu', user: 'reader' } }],
        clusters: [{ name: 'eu', cluster: { server: 'https://127.0.0.1:9' } }],
        users: [
          {
            name: 'reader',
            user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './fetch', args: [word] } },
          },
        ],
      }),
    )
  const ranWith = async () => [...new Set((await readFile(ran, 'utf8').catch(() => '')).split('\n'))].filter(Boolean)
  await place('first')
  // As an earlier version wrote it.
  const kubernetes = [{ id: 'cluster', kubeconfig: 'kubeconfig', allowExec: true }]
  const environment = { apiVersion: 'everyhop.dev/v1', kind: 'Environment', name: 'some', sources: { kubernetes } }
  await writeFile(join(folder, 'some.yaml'), JSON.stringify(environment))
  const window = await openWindow(service)
  onTestFinished(() => window.close())
  const { page } = window
  const question = page.getByTestId('program-question')
  await expect.poll(() => question.textContent()).toContain('did not keep what it allowed')
  expect(await ranWith()).toEqual([])
  await page.getByTestId('look-at-program').click()
  expect(await page.getByTestId('program').textContent()).toBe('./fetch first')
  await page.getByRole('button', { name: 'Run fetch' }).click()
  await question.waitFor({ state: 'detached' })
  await expect.poll(ranWith).toEqual(['first'])
  expect(await readFile(join(folder, 'some.yaml'), 'utf8')).toMatch(/sha256:[0-9a-f]{64}/)
  await place('second')
  await expect.poll(() => question.textContent()).toContain('something else than what was allowed')
  await keepPicture(page, 'program-question')
  await page.getByTestId('look-at-program').click()
  expect(await page.getByTestId('program').textContent()).toBe('./fetch second')
  await page.getByRole('button', { name: 'Do not run it' }).click()
  expect(await ranWith()).toEqual(['first'])
})
