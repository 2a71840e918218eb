import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openSharedService } from '../../electron/service/shared-service.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'

const environment = 'lab'

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; !(await isSo()); round += 1) {
    if (round > 600) throw new Error('it never came to that')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A signing program that answers once, as it is asked whether it can sign, and then never again. */
function writeSigner(home: string): readonly string[] {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(join(home, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(join(home, 'pub.pem'), publicKey.export({ type: 'spki', format: 'pem' }))
  const program = join(home, 'sign.sh')
  const lines = [
    '#!/bin/sh',
    `cd "${home}" || exit 1`,
    'cat > digest.bin',
    'if [ -e asked ]; then touch waiting; exec sleep 600; fi',
    'touch asked',
    'exec openssl pkeyutl -sign -inkey key.pem -in digest.bin',
  ]
  writeFileSync(program, `${lines.join('\n')}\n`)
  chmodSync(program, 0o700)
  return ['--sign-command', program, '--public-key', join(home, 'pub.pem')]
}

test('Ctrl-C in a terminal stops the Everyhop that makes the pack for it, and nothing of it is kept', {
  timeout: 120_000,
}, async () => {
  const home = await temporaryFolder()
  mkdirSync(join(home, 'environments'))
  const text = `apiVersion: everyhop.dev/v1\nkind: Environment\nname: ${environment}\nsources: {}\n`
  writeFileSync(join(home, 'environments', `${environment}.yaml`), text)
  const service = await openSharedService({ host: 'cli', home })
  onTestFinished(() => service.stop())
  const owner = await service.client('owner')
  await until(async () => (await owner.environments.list({})).some(({ name }) => name === environment))
  await owner.graph.view({ environment })
  await until(async () => (await owner.history.range({ environment })).from !== null)

  const everyhop = join(import.meta.dirname, '../../bin/everyhop.js')
  const words = ['evidence', 'create', '--env', environment, '--last', '1m', ...writeSigner(home)]
  const child = spawn(process.execPath, [everyhop, ...words], {
    env: { ...process.env, EVERYHOP_HOME: home },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await until(() => existsSync(join(home, 'waiting')) || child.exitCode !== null)
  expect(child.exitCode).toBeNull()
  const folder = join(home, 'data', 'evidence', environment)
  const left = (): readonly string[] => readdirSync(folder)
  expect(left().some((name) => name.includes('.partial-'))).toBe(true)
  child.kill('SIGINT')
  if (child.exitCode === null) await once(child, 'exit')
  expect(child.exitCode).toBe(1)
  await until(() => left().length === 0)
  const ended = async () => (await owner.changes.journal({ environment })).find(({ phase }) => phase === 'failed')
  await until(async () => (await ended()) !== undefined)
  expect(await ended()).toMatchObject({ action: 'evidence.create', details: { why: 'stopped' } })
  expect(await owner.evidence.packs({ environment })).toEqual([])
})
