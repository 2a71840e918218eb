import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { composeService } from './compose.ts'
import { takeDataFolder } from './data-folder.ts'
import { connectInProcess } from './in-process.ts'
import { startRecording } from './recording.ts'

const patience = { timeout: 20_000 }

async function home(
  names: readonly string[],
): Promise<{ readonly path: string; write(name: string, more?: string): Promise<void> }> {
  const path = await temporaryFolder()
  await mkdir(join(path, 'environments'), { recursive: true })
  const write = (name: string, more = ''): Promise<void> =>
    writeFile(
      join(path, 'environments', `${name}.yaml`),
      `apiVersion: everyhop.dev/v1\nkind: Environment\nname: ${name}\nsources: { envoy: [{ id: e, admin: "http://127.0.0.1:1" }] }\n${more}`,
    )
  for (const name of names) await write(name)
  return { path, write }
}

test('environments are recorded without a window, also those that are written down later, until they are removed', async () => {
  const { path, write } = await home(['lab', 'prod'])
  const folder = takeDataFolder(join(path, 'data'))
  const service = composeService('cli', path, folder)
  onTestFinished(async () => {
    await service.stop()
    folder.release()
  })
  const recording = await startRecording({ service, log: service.log }, null)
  expect(recording.environments()).toEqual(['lab', 'prod'])
  const { client } = connectInProcess(service.router, service.log, 'test')
  await vi.waitFor(async () => {
    for (const environment of ['lab', 'prod']) {
      const range = await client.history.range({ environment })
      expect(range).toMatchObject({ recording: true, why: null, gaps: [] })
      expect(range.to).not.toBeNull()
      // The Envoy is not there: that is known, and nothing else is.
      const past = service.histories.of(environment)?.statesAt(range.to ?? 0)
      expect(past?.states.some(({ gaps }) => gaps.some(({ reason }) => reason === 'unreachable'))).toBe(true)
    }
  }, patience)
  await write('later')
  await vi.waitFor(() => expect(recording.environments()).toEqual(['lab', 'later', 'prod']), patience)
  await rm(join(path, 'environments', 'lab.yaml'))
  await vi.waitFor(() => expect(recording.environments()).toEqual(['later', 'prod']), patience)
  recording.stop()
  expect(recording.environments()).toEqual([])
})

test('as much is kept as the file of the environment says, and in memory never more than a day', async () => {
  const { path, write } = await home(['lab'])
  await write('prod', 'keep: { history: { days: 365, megabytes: 4096 } }\n')
  await write('brief', 'keep: { history: { days: 1, megabytes: 64 } }\n')
  const folder = takeDataFolder(join(path, 'data'))
  const onDisk = composeService('cli', path, folder)
  const inMemory = composeService('cli', path)
  onTestFinished(async () => {
    await Promise.all([onDisk.stop(), inMemory.stop()])
    folder.release()
  })
  const day = 86_400_000
  const kept = async ({ router, log }: typeof onDisk, environment: string) => {
    const { maxAgeMs, maxBytes } = (await connectInProcess(router, log, 'test').client.history.range({ environment }))
      .retention
    return [maxAgeMs / day, maxBytes / 1024 ** 2]
  }
  expect(await kept(onDisk, 'lab')).toEqual([30, 1024])
  expect(await kept(onDisk, 'prod')).toEqual([365, 4096])
  expect(await kept(onDisk, 'brief')).toEqual([1, 64])
  expect(await kept(inMemory, 'prod')).toEqual([1, 128])
  expect(await kept(inMemory, 'brief')).toEqual([1, 64])
})

test('only what was named is recorded, and what is not there or cannot be kept is refused', async () => {
  const { path } = await home(['lab', 'prod'])
  const folder = takeDataFolder(join(path, 'data'))
  const service = composeService('cli', path, folder)
  onTestFinished(async () => {
    await service.stop()
    folder.release()
  })
  const recording = await startRecording({ service, log: service.log }, ['prod'])
  expect(recording.environments()).toEqual(['prod'])
  expect(service.sessions.isRead('lab')).toBe(false)
  recording.stop()
  const other = startRecording({ service, log: service.log }, ['lab', 'other'])
  await expect(other).rejects.toMatchObject({ code: 'not-found' })
  const nowhere = composeService('cli', path)
  onTestFinished(() => nowhere.stop())
  const kept = startRecording({ service: nowhere, log: nowhere.log }, ['lab'])
  await expect(kept).rejects.toMatchObject({ code: 'forbidden', subject: 'lab' })
})
