import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { PowerEvent, Shell } from '../../shared/shell.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { placelessShell } from '../platform/shell.ts'
import { connectInProcess } from './in-process.ts'
import { openWindowService, type WindowService } from './window-service.ts'

async function open(home: string): Promise<WindowService> {
  const service = await openWindowService({ host: 'desktop', home })
  onTestFinished(() => service.stop())
  return service
}

async function infoOf({ router, log }: WindowService) {
  const { client, close } = connectInProcess(router, log)
  onTestFinished(() => close())
  return client.system.info({})
}

test('a data folder that cannot be used leaves a window that works, and says what is not kept, why and what to do', async () => {
  const home = await temporaryFolder()
  await mkdir(home, { recursive: true })
  // As when somebody else's file, or a disk that is not there, stands in its place.
  await writeFile(join(home, 'data'), 'no folder')
  const { notKept } = await infoOf(await open(home))
  expect(notKept).toEqual({
    folder: join(home, 'data'),
    reason: expect.stringMatching(/cannot be used: .*\.$/),
    advice: 'Let this user write to it. Then start Everyhop again.',
  })
})

test('a window whose data folder can be used has nothing to say about it, and the next one beside it neither', async () => {
  const home = await temporaryFolder()
  expect((await infoOf(await open(home))).notKept).toBeNull()
  expect((await infoOf(await open(home))).notKept).toBeNull()
})

test('a window that sleeps and wakes tells those who read, until it ends', async () => {
  const heard = new Set<(event: PowerEvent) => void>()
  const shell: Shell = {
    ...placelessShell('terminal'),
    place: 'desktop',
    onPower(told) {
      heard.add(told)
      return () => heard.delete(told)
    },
  }
  const service = await openWindowService({ host: 'desktop', home: await temporaryFolder(), shell })
  expect(heard.size).toBe(1)
  await service.stop()
  expect(heard.size).toBe(0)
})
