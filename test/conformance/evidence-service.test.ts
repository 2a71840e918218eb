import { spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { composeService } from '../../electron/service/compose.ts'
import { takeDataFolder } from '../../electron/service/data-folder.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import type { BuildEvent } from '../../shared/contract/evidence.ts'
import { artefactIds } from '../../shared/domain/evidence/model.ts'
import { decisionEvent } from '../builders/log-records.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'

const environment = 'lab'
const second = 1000

interface Running {
  readonly client: ServiceClient
  readonly home: string
  readonly log: string
  stop(): Promise<void>
}

/** Everyhop as it is composed, with a data folder, on an environment of one log of decisions. */
async function start(home: string): Promise<Running> {
  const log = join(home, 'decisions.ndjson')
  if (!existsSync(log)) {
    mkdirSync(join(home, 'environments'), { recursive: true })
    writeFileSync(log, '')
    const sources = `sources:\n  logs:\n    - { id: opa, record: opa-decisions, file: ${log} }\n`
    const text = `apiVersion: everyhop.dev/v1\nkind: Environment\nname: ${environment}\nevidence: { signing: { file: ${home}/org.key.pem } }\n`
    writeFileSync(join(home, 'environments', `${environment}.yaml`), text + sources)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(join(home, 'org.key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    writeFileSync(
      join(home, 'org.pub.pem'),
      createPublicKey(createPrivateKey(readFileSync(join(home, 'org.key.pem')))).export({
        type: 'spki',
        format: 'pem',
      }),
    )
  }
  const folder = takeDataFolder(join(home, 'data'))
  const service = composeService('cli', home, folder)
  const { client, close } = connectInProcess(service.router, service.log)
  let isStopped = false
  const running: Running = {
    client,
    home,
    log,
    async stop() {
      if (isStopped) return
      isStopped = true
      close()
      await service.stop()
      folder.release()
    },
  }
  onTestFinished(() => running.stop())
  return running
}

/** Asks again until it is so. */
async function until<Value>(ask: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> {
  for (let round = 0; ; round += 1) {
    const value = await ask()
    if (isSo(value)) return value
    if (round > 300) throw new Error(`it never came to that: ${JSON.stringify(value).slice(0, 500)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function built(
  client: ServiceClient,
  given: { readonly from: number; readonly to: number; readonly out: string | null },
) {
  const { from, to, out } = given
  const events: BuildEvent[] = []
  const stream = await client.evidence.build({ environment, period: { from, to }, out, nonce: 'of the auditor' })
  for await (const event of stream) events.push(event)
  const last = events.at(-1)
  if (last?.type !== 'sealed') throw new Error('nothing was sealed')
  return last
}

test('a list of packs that cannot be read ends nothing, and a name that somebody made up makes no folder', async () => {
  const home = await temporaryFolder()
  mkdirSync(join(home, 'data', 'evidence'), { recursive: true })
  writeFileSync(join(home, 'data', 'evidence', environment), 'a file where a folder should be')
  const unwaited: unknown[] = []
  const note = (reason: unknown): void => void unwaited.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const { client } = await start(home)
  await expect(client.evidence.packs({ environment })).rejects.toThrow()
  await expect(client.evidence.packs({ environment: '../../elsewhere' })).rejects.toThrow('no environment')
  expect(await client.evidence.packs({ environment: 'nobody' })).toEqual([])
  expect(existsSync(join(home, 'data', 'evidence', 'nobody'))).toBe(false)
  expect(existsSync(join(home, 'elsewhere'))).toBe(false)
  expect(unwaited).toEqual([])
})

test('what is read, recorded, sealed and signed by the composed service is a pack that stands by itself', {
  timeout: 120_000,
}, async () => {
  const home = await temporaryFolder()
  const { client, log, stop } = await start(home)
  await until(
    async () => (await client.environments.list({})).some(({ name }) => name === environment),
    (isThere) => isThere,
  )
  await client.graph.view({ environment })
  await until(
    () => client.history.range({ environment }),
    ({ from }) => from !== null,
  )
  const began = Date.now()
  const events = Array.from({ length: 40 }, (_, number) =>
    decisionEvent({ number, at: began, allowed: number % 4 !== 0 }),
  )
  writeFileSync(log, events.map((event) => `${JSON.stringify(event)}\n`).join(''), { flag: 'a' })
  await until(
    async () => (await client.logs.refused({ environment, minutes: 5 })).requests.length,
    (count) => count === 10,
  )
  const plan = await client.evidence.plan({ environment, period: { from: began - second, to: Date.now() } })
  expect(plan.signing).toEqual({ kind: 'file', name: join(home, 'org.key.pem') })
  expect(plan.artefacts.map(({ id }) => id)).toEqual(artefactIds)
  const first = await built(client, { from: began - second, to: Date.now() + second, out: null })
  expect(first.result.integrity).toBe('intact')
  expect(first.pack.artefacts.find(({ id }) => id === 'decisions')?.records).toBeGreaterThanOrEqual(40)
  // The same, by a program that shares no code.
  const script = join(import.meta.dirname, '../../electron/evidence/verify/verify.py')
  const python = (file: string): number | null =>
    spawnSync('python3', [script, file, '--key', join(home, 'org.pub.pem')], { encoding: 'utf8' }).status
  expect(python(first.pack.file)).toBe(first.result.exitCode)
  await stop()

  // After a restart the chain of heads and of packs goes on, and making the first pack is an action in the second.
  const again = await start(home)
  await until(
    async () => (await again.client.environments.list({})).some(({ name }) => name === environment),
    (isThere) => isThere,
  )
  const out = join(home, 'for-auditor.zip')
  const next = await built(again.client, { from: began - second, to: Date.now() + second, out })
  expect(next.pack.packId).toMatch(/-0002$/)
  expect(next.result.steps.find(({ step }) => step === 'previous-pack')?.outcome).toBe('passed')
  expect(next.pack.artefacts.find(({ id }) => id === 'actions')?.records).toBeGreaterThan(
    first.pack.artefacts.find(({ id }) => id === 'actions')?.records ?? Number.NaN,
  )
  expect(python(out)).toBe(next.result.exitCode)
  const packs = await again.client.evidence.packs({ environment })
  expect(packs.map(({ packId }) => packId.slice(-4))).toEqual(['0002', '0001'])
  const byHandler = await again.client.evidence.verify({ file: out, key: join(home, 'org.pub.pem') })
  expect(byHandler.exitCode).toBe(next.result.exitCode)
  await again.client.evidence.save({ environment, packId: packs[1]?.packId ?? '', file: join(home, 'copy.zip') })
  expect(python(join(home, 'copy.zip'))).toBe(first.result.exitCode)
  expect(readdirSync(home).filter((name) => name.includes('partial'))).toEqual([])
})
