import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { dial } from './dial.ts'

test('a unix socket is dialled, and one that is gone is refused with the system’s own error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-dial-'))
  const path = join(folder, 's')
  const server = createServer((socket) => socket.end('hello'))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const stream = await dial({ kind: 'unix', path }, new AbortController().signal)
  expect(String((await stream.toArray())[0])).toBe('hello')
  await new Promise((resolve) => server.close(resolve))
  await expect(dial({ kind: 'unix', path }, new AbortController().signal)).rejects.toMatchObject({ code: 'ENOENT' })
  await rm(folder, { recursive: true })
})

test('an aborted dial and an aborted sleep reject with the reason', async () => {
  const abort = new AbortController()
  const reason = new Error('enough')
  const sleeping = systemClock.sleep(100_000, abort.signal)
  // A blackhole by definition (RFC 5737): nothing answers, nothing refuses.
  const dialling = dial({ kind: 'tcp', host: '192.0.2.1', port: 9 }, abort.signal)
  abort.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
  await expect(dialling).rejects.toBe(reason)
  await expect(dial({ kind: 'tcp', host: '127.0.0.1', port: 9 }, abort.signal)).rejects.toBe(reason)
})
