import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { composeService } from '../../electron/service/compose.ts'
import { fakePlaygrounds } from '../builders/fake-playground.ts'
import { keepPicture, openWindow } from './open-window.ts'

test('where the playground must not start by itself, the window offers it first, then the ways to one’s own', async () => {
  const home = await mkdtemp(join(tmpdir(), 'eh-empty-'))
  const fakes = fakePlaygrounds()
  const service = composeService('web', home, null, undefined, { start: (options) => fakes.start(options) })
  const window = await openWindow(service)
  try {
    await window.page.getByText('Not running').waitFor()
    expect(await window.page.locator('body').textContent()).toMatch(/environments.*npm run lab/)
    await keepPicture(window.page, 'first-start')
    fakes.failing = { start: 'no port was free' }
    await window.page.getByTestId('open-playground').click()
    await window.page.getByRole('alert').getByText('no port was free').waitFor()
    fakes.failing = {}
    await window.page.getByTestId('open-playground').click()
    await window.page.getByTestId('playground-banner').waitFor()
    expect(window.complaints).toEqual([])
  } finally {
    await window.close()
    await service.stop()
    await rm(home, { recursive: true, force: true })
  }
})
