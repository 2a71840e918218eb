import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { decisionEvent } from '../../test/builders/log-records.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { composeService } from './compose.ts'

test('a decision that only the receiver gets is in the facts of its environment, and its OPA is told apart', async () => {
  const home = await temporaryFolder()
  await mkdir(join(home, 'environments'), { recursive: true })
  const yaml = 'apiVersion: everyhop.dev/v1\nkind: Environment\nname: lab\nsources: {}\n'
  await writeFile(join(home, 'environments', 'lab.yaml'), yaml)
  const service = composeService('cli', home)
  onTestFinished(() => service.stop())
  await service.registry.ready()
  const receiver = await service.receive('lab', {
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    tokenFile: null,
    forward: null,
  })
  onTestFinished(() => receiver.close())
  const { observation } = await service.sessions.use('lab')
  const event: Readonly<Record<string, unknown>> = {
    ...decisionEvent({ number: 1 }),
    timestamp: new Date().toISOString(),
  }
  const answer = await fetch(`http://127.0.0.1:${receiver.port}/logs`, {
    method: 'POST',
    body: JSON.stringify([event]),
  })
  expect(answer.status).toBe(200)
  await vi.waitFor(
    () => {
      const facts = observation.store.states.get('logs/everyhop serve/activity')?.facts ?? []
      expect(facts).toMatchObject([{ kind: 'decision-activity', last: { decisionId: event['decision_id'] } }])
    },
    { timeout: 20_000 },
  )
  expect(observation.health()).toMatchObject([{ source: 'logs', answering: 1, configured: 1 }])
  await receiver.close()
  expect(observation.health()).toEqual([])
})
