import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { takeDataFolder } from './data-folder.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'eh-data-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

test('a data folder has one owner at a time', async () => {
  const path = join(await folder(), 'not', 'there', 'yet')
  const first = takeDataFolder(path)
  expect(() => takeDataFolder(path)).toThrow(expect.objectContaining({ code: 'locked', subject: path }))
  first.release()
  takeDataFolder(path).release()
})

test('a process owns its folder until it ends, also when it forgot about it, and nothing once it was killed', async () => {
  const path = await folder()
  const module = JSON.stringify(join(import.meta.dirname, 'data-folder.ts'))
  const script = `const { takeDataFolder } = await import(${module}); takeDataFolder(${JSON.stringify(path)}); global.gc(); console.log('mine'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  expect(() => takeDataFolder(path)).toThrow(expect.objectContaining({ code: 'locked' }))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  takeDataFolder(path).release()
})

test('a folder that cannot be made is a failure in words', () => {
  expect(() => takeDataFolder('/dev/null/data')).toThrow(expect.objectContaining({ code: 'forbidden' }))
})
