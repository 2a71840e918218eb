import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../electron/core/ports.ts'
import { systemClock } from '../../electron/platform/clock.ts'
import { createRouter } from '../../electron/service/router.ts'
import { startWebHost, type WebHost } from '../../electron/service/web.ts'
import { suiteHandlers } from './doors-handlers.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const codeHint = 'Press Enter where Everyhop runs for a new one.'
const question = JSON.stringify({ json: {} })
let folder: string
let host: WebHost
let port: number
let aheadMs = 0
let cookie: string
const clock: Clock = { now: () => 1_700_000_000_000 + aheadMs, sleep: systemClock.sleep }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-web-'))
  await mkdir(join(folder, 'window', 'assets'), { recursive: true })
  await writeFile(join(folder, 'secret.html'), 'outside')
  await writeFile(join(folder, 'window', 'index.html'), '<!doctype html><title>window</title>')
  await writeFile(join(folder, 'window', 'assets', 'app-1.js'), 'export {}')
  await writeFile(join(folder, 'window', 'tool.exe'), 'MZ')
  await symlink(join(folder, 'secret.html'), join(folder, 'window', 'link.html'))
  const router = createRouter(suiteHandlers())
  const log = { info() {}, warn() {}, error() {} }
  host = await startWebHost({ router, clock, log, files: join(folder, 'window'), port: 0, codeHint })
  port = Number(new URL(host.origin).port)
})
afterAll(async () => {
  await host.close()
  await rm(folder, { recursive: true })
})
beforeEach(async () => {
  aheadMs = 0
  cookie = cookieFrom(await ask(pathOf(host.newAddress())))
})

test('a code opens the window once, and gives a cookie that scripts and other sites cannot use', async () => {
  const path = pathOf(host.newAddress())
  const first = await ask(path)
  expect([first.status, first.headers['location']]).toEqual([303, '/'])
  expect(String(first.headers['set-cookie'])).toMatch(/^everyhop-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/)
  expect((await ask('/', { cookie: cookieFrom(first) })).body).toContain('window')
  const second = await ask(path)
  expect([second.status, second.headers['set-cookie']]).toEqual([401, undefined])
  expect(second.body).toContain(codeHint)
})

test('a code is refused after a minute', async () => {
  const path = pathOf(host.newAddress())
  aheadMs = 60_000
  expect((await ask(path)).status).toBe(401)
  const stillGood = pathOf(host.newAddress())
  aheadMs = 119_999
  expect((await ask(stillGood)).status).toBe(303)
})

test('a made-up code and an empty one are refused', async () => {
  for (const path of ['/enter', '/enter?code=', `/enter?code=${'A'.repeat(43)}`]) {
    expect((await ask(path)).status).toBe(401)
  }
})

test('without the cookie nothing is answered, and the one line says how to get a code', async () => {
  for (const path of ['/', '/index.html', '/assets/app-1.js', '/nothing']) {
    const answer = await ask(path)
    expect([path, answer.status, answer.body]).toEqual([
      path,
      401,
      `Everyhop does not know this browser. ${codeHint}\n`,
    ])
  }
  const asked = await ask('/rpc/system/info', { 'content-type': 'application/json' }, 'POST', question)
  expect([asked.status, JSON.parse(asked.body)]).toEqual([
    401,
    { json: expect.objectContaining({ code: 'unauthenticated', data: { subject: 'web host', advice: codeHint } }) },
  ])
  expect((await ask('/', { cookie: `everyhop-${port}=${'A'.repeat(43)}` })).status).toBe(401)
})

test('another name for this machine leads nowhere, with a valid cookie too', async () => {
  for (const name of [`localhost:${port}`, '127.0.0.1', `evil.example:${port}`, `127.0.0.1:${port}.evil.example`]) {
    const answer = await ask('/', { cookie, host: name })
    expect([name, answer.status]).toEqual([name, 421])
  }
})

test('questions of other pages are refused', async () => {
  const json = { cookie, 'content-type': 'application/json' }
  for (const foreign of [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: `http://localhost:${port}` },
    { origin: host.origin, 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
  ]) {
    const answer = await ask('/rpc/system/info', { ...json, ...foreign }, 'POST', question)
    expect([foreign, answer.status]).toEqual([foreign, 403])
  }
  const own = { origin: host.origin, 'sec-fetch-site': 'same-origin' }
  expect((await ask('/rpc/system/info', { ...json, ...own }, 'POST', question)).status).toBe(200)
})

test('a question is asked by POST and JSON only: nothing a form or a link could send', async () => {
  expect((await ask('/rpc/system/info?data=%7B%7D', { cookie })).status).toBe(400)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    expect((await ask('/rpc/system/info', { cookie, 'content-type': type }, 'POST', question)).status).toBe(400)
  }
})

test('broken, deep and huge questions are refused and the next one is answered', async () => {
  const json = { cookie, 'content-type': 'application/json' }
  for (const body of [
    '{"json":',
    '',
    'null',
    '[]',
    '{"json":1,"meta":[[99,"x"]]}',
    '{"json":{},"meta":"__proto__"}',
    '['.repeat(50_000),
  ]) {
    const answer = await ask('/rpc/graph/view', json, 'POST', body)
    expect([body.slice(0, 20), answer.status]).toEqual([body.slice(0, 20), 400])
    expect(JSON.parse(answer.body)).toMatchObject({ json: { defined: true, code: 'invalid' } })
  }
  expect((await ask('/rpc/graph/view', json, 'POST', 'x'.repeat(1024 * 1024 + 1))).status).toBe(429)
  expect((await ask('/rpc/system/info', json, 'POST', question)).status).toBe(200)
})

test('only files of the window are served, whatever the path says', async () => {
  for (const path of [
    '/../secret.html',
    '/..%2fsecret.html',
    '/%2e%2e/secret.html',
    '/assets/../../secret.html',
    '/assets/..%5c..%5csecret.html',
    '/link.html',
    '//secret.html',
    '/secret.html%00.js',
    '/%ff',
    '/assets',
    '/assets/',
    '/tool.exe',
    '/.env.json',
  ]) {
    const answer = await ask(path, { cookie })
    expect([path, answer.status]).toEqual([path, path.startsWith('//') ? 400 : 404])
    expect(answer.body).not.toContain('outside')
  }
})

test('the window’s files have their types; the page is never stored', async () => {
  const page = await ask('/', { cookie })
  expect([page.status, page.headers['content-type'], page.headers['cache-control']]).toEqual([
    200,
    'text/html; charset=utf-8',
    'no-store',
  ])
  const script = await ask('/assets/app-1.js', { cookie })
  expect([script.headers['content-type'], script.headers['cache-control']]).toEqual([
    'text/javascript; charset=utf-8',
    'private, max-age=31536000, immutable',
  ])
  expect((await ask('/', { cookie }, 'HEAD')).body).toBe('')
  expect((await ask('/', { cookie }, 'DELETE')).status).toBe(405)
})

test('every answer carries the policy that only our own files run', async () => {
  for (const answer of [await ask('/', { cookie }), await ask('/'), await ask('/x', { cookie }), await ask('/enter')]) {
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/script-src[^;]*unsafe|unsafe-eval/)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.headers['referrer-policy']).toBe('no-referrer')
  }
})

test('a link followed from another site comes back as a page of our own, once', async () => {
  const answer = await ask('/', { 'sec-fetch-site': 'cross-site' })
  expect([answer.status, answer.body.includes('http-equiv="refresh"')]).toEqual([200, true])
  expect((await ask('/', { 'sec-fetch-site': 'same-origin' })).status).toBe(401)
})

test('a port that is taken is a sentence that says what to do', async () => {
  const router = createRouter(suiteHandlers())
  const log = { info() {}, warn() {}, error() {} }
  await expect(startWebHost({ router, clock, log, files: folder, port, codeHint })).rejects.toMatchObject({
    code: 'conflict',
    message: `Port ${port} is in use.`,
    advice: expect.stringContaining('--port'),
  })
})

function pathOf(address: string): string {
  const { pathname, search } = new URL(address)
  return pathname + search
}

function cookieFrom(answer: Answer): string {
  return String(answer.headers['set-cookie']).split(';')[0] ?? ''
}

/** Sends exactly this path and these headers: fetch would tidy both up. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
