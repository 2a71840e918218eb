import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCredentialProgram } from './credential-program.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-program-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const cluster = { server: 'https://k.example' }
const never = new AbortController().signal

async function program(script: string): Promise<string> {
  const path = join(folder, 'fetch')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o700)
  return path
}

async function run(script: string, more: Record<string, unknown> = {}, limitMs = 20_000, signal = never) {
  const command = await program(script)
  return runCredentialProgram({ command, ...more }, join(folder, 'kubeconfig'), cluster, signal, limitMs)
}

const answer = (status: string): string =>
  `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":${status}}'`

test('gives what the program answers, and tells it the cluster only when it asks for that', async () => {
  const script = `printf '%s' "$KUBERNETES_EXEC_INFO" > ${folder}/info; ${answer('{"token":" t-1 ","expirationTimestamp":"2030-01-01T00:00:00Z"}')}`
  expect(await run(script, { provideClusterInfo: true })).toEqual({
    token: 't-1',
    certificate: null,
    key: null,
    expiresAt: Date.UTC(2030, 0, 1),
  })
  expect(JSON.parse(await readFile(join(folder, 'info'), 'utf8'))).toMatchObject({
    spec: { interactive: false, cluster: { server: 'https://k.example' } },
  })
})

test('garbage, nothing, and half a certificate are told apart', async () => {
  await expect(run('echo welcome')).rejects.toMatchObject({
    reason: 'invalid',
    message: expect.stringContaining('no ExecCredential'),
  })
  await expect(run(answer('{}'))).rejects.toThrow('neither a token nor a certificate')
  await expect(run(answer('{"clientCertificateData":"x"}'))).rejects.toThrow('neither a token nor a certificate')
  await expect(run('yes garbage')).rejects.toThrow('more than 1 MiB')
})

test('a program that never ends is stopped with what it started, and its last words are told', async () => {
  const script = `echo 'open a browser' >&2; sleep 600 & echo $! > ${folder}/child; wait`
  await expect(run(script, {}, 700)).rejects.toMatchObject({
    reason: 'timed-out',
    message: expect.stringMatching(/did not end within 0\.7 s.*open a browser/),
  })
  const child = Number(await readFile(join(folder, 'child'), 'utf8'))
  await expect.poll(async () => isRunning(child), { timeout: 5000 }).toBe(false)
})

/** A process that ended and that nobody waited for is gone as far as we care. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return status !== '' && !/^State:\s+Z/m.test(status)
}

test('a program that asks on standard input finds nothing there', async () => {
  await expect(run('read answer || { echo "no answer" >&2; exit 3; }')).rejects.toThrow(
    /ended with code 3; it said: no answer/,
  )
  await expect(run(answer('{"token":"t"}'), { interactiveMode: 'Always' })).rejects.toMatchObject({
    reason: 'unsupported',
  })
})

test('its words are told without what may be a secret', async () => {
  const secret = 'sekrit-8f3a'
  const failed = run(`echo "bad token=abc $KEY eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl" >&2; exit 1`, {
    env: [{ name: 'KEY', value: secret }],
  })
  const message = await failed.then(
    () => '',
    (error: Error) => error.message,
  )
  expect(message).toContain('ended with code 1')
  expect(message).not.toMatch(/sekrit|eyJ|=abc/)
})

test('a program that is not there is said with the hint of the kubeconfig, and leaving ends what runs', async () => {
  const gone = { command: 'everyhop-no-such-program', installHint: 'ask the platform team' }
  await expect(runCredentialProgram(gone, join(folder, 'k'), cluster, never)).rejects.toThrow(
    /not found.*ask the platform team/,
  )
  const left = new AbortController()
  const running = run('sleep 600', {}, 20_000, left.signal)
  left.abort(new Error('left'))
  await expect(running).rejects.toThrow('left')
})
