import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { composeService } from '../../electron/service/compose.ts'
import { keepPicture, openWindow } from './open-window.ts'

test('with nothing configured the window says how to start the lab and where environments go', async () => {
  const home = await mkdtemp(join(tmpdir(), 'eh-empty-'))
  const service = composeService('web', home)
  const window = await openWindow(service)
  try {
    await window.page.getByText('npm run lab').first().waitFor()
    expect(await window.page.locator('body').textContent()).toContain('environments')
    await keepPicture(window.page, 'first-start')
    expect(window.complaints).toEqual([])
  } finally {
    await window.close()
    await service.stop()
    await rm(home, { recursive: true, force: true })
  }
})
