import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer as createPlainServer, type Server as PlainServer, type RequestListener } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { createTestAuthority, type TestAuthority, type TestLeaf } from '../../test/builders/test-authority.ts'
import { downloadTool } from './download-tool.ts'
import { downloadedPath } from './find-tool.ts'
import { publishedSha256, type Release, releaseOf } from './release.ts'

let authority: TestAuthority
let leaf: TestLeaf
beforeAll(async () => {
  authority = await createTestAuthority()
  leaf = await authority.issue({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] })
})

const servers: (Server | PlainServer)[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => void server.close(resolve))
  }
})

async function listening(server: Server | PlainServer): Promise<string> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serve = (listener: RequestListener): Promise<string> =>
  listening(createServer({ cert: leaf.certificate, key: leaf.key }, listener))

const program = '#!/bin/sh\necho "Version: 1.19.1"\n'
const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const sum = sumOf(program)

/** A publisher of OPA's releases, as the real one: what is asked for lies elsewhere. */
async function publisher(text = program, sums = `${sum}  opa_linux_amd64_static\n`) {
  const asked: string[] = []
  const store = await serve((request, answer) => {
    asked.push(request.url ?? '')
    answer.end(request.url?.endsWith('.sha256') === true ? sums : text)
  })
  const host = await serve((request, answer) => {
    asked.push(request.url ?? '')
    answer.writeHead(302, { location: `https://${store}/objects${request.url ?? ''}` }).end()
  })
  return { asked, release: releaseAt(host) }
}

function releaseAt(host: string): Release {
  const release = releaseOf('opa', 'linux-x64', () => `https://${host}/opa`)
  if (release === null) throw new Error('there is a release of OPA for this machine')
  return release
}

const never = new AbortController().signal
const trust = () => ({ signal: never, ca: [authority.certificate] })

async function download(release: Release, sha256 = sum, changes: object = {}) {
  const folder = await temporaryFolder()
  const told: string[] = []
  const options = { ...trust(), folder, sha256, progress: (line: string) => void told.push(line), ...changes }
  const path = await downloadTool(release, options).catch((reason: unknown) => reason)
  return { path, folder, told, left: await readdir(folder) }
}

test('the pinned release is asked of its publisher, by the names that its files have there', () => {
  expect(releaseOf('opa', 'linux-x64')).toMatchObject({
    url: 'https://github.com/open-policy-agent/opa/releases/download/v1.19.1/opa_linux_amd64_static',
    checksums: 'https://github.com/open-policy-agent/opa/releases/download/v1.19.1/opa_linux_amd64_static.sha256',
  })
  expect(releaseOf('regal', 'darwin-arm64')).toMatchObject({
    url: 'https://github.com/open-policy-agent/regal/releases/download/v0.42.0/regal_Darwin_arm64',
    checksums: 'https://github.com/open-policy-agent/regal/releases/download/v0.42.0/checksums.txt',
  })
  expect(releaseOf('opa', 'aix-ppc64')).toBeNull()
  expect(releaseOf('opa', 'constructor')).toBeNull()
})

test('a release is followed to where it lies, has the published sum, and is a program when it is whole', async () => {
  const { release, asked } = await publisher()
  expect(await publishedSha256(release, trust())).toBe(sum)
  const { path, folder, left } = await download(release)
  expect(path).toBe(downloadedPath('opa', folder))
  expect(left).toHaveLength(1)
  expect(await readFile(String(path), 'utf8')).toBe(program)
  expect((await stat(String(path))).mode & 0o777).toBe(0o755)
  const file = '/opa/v1.19.1/opa_linux_amd64_static'
  expect(asked).toEqual([`${file}.sha256`, `/objects${file}.sha256`, file, `/objects${file}`])
})

test.each([
  ['alone', `${sum.toUpperCase()}\n`, sum],
  ['among those of other files', `${'0'.repeat(64)}  opa_darwin_amd64\n${sum} *opa_linux_amd64_static\r\n`, sum],
  ['twice the same', `${sum}  opa_linux_amd64_static\n${sum}  ./opa_linux_amd64_static\n`, sum],
  ['not at all', `${sum}  opa_linux_amd64\n`, /has no SHA-256 of opa_linux_amd64_static\.$/],
  ['too short', `${sum.slice(1)}  opa_linux_amd64_static\n`, /has no SHA-256/],
  ['as a page of a proxy', '<html>Sign in</html>', /has no SHA-256/],
  ['with two answers', `${sum}  opa_linux_amd64_static\n${'1'.repeat(64)}  opa_linux_amd64_static\n`, /more than one/],
])('the sum of a file that is told %s is read strictly', async (_what, sums, expected) => {
  const { release } = await publisher(program, sums)
  if (typeof expected === 'string') expect(await publishedSha256(release, trust())).toBe(expected)
  else await expect(publishedSha256(release, trust())).rejects.toThrow(expected)
})

test('what has another sum than was agreed to is thrown away unstarted, and what was there before stays', async () => {
  const folder = await temporaryFolder()
  const trace = join(folder, 'started')
  const evil = `#!/bin/sh\ntouch ${trace}\necho "Version: 1.19.1"\n`
  const { release } = await publisher(evil)
  await writeFile(downloadedPath('opa', folder), 'as it was')
  await expect(downloadTool(release, { ...trust(), folder, sha256: sum, progress: () => {} })).rejects.toThrow(
    `its SHA-256 is ${sumOf(evil)} and should be ${sum}. It was thrown away.`,
  )
  expect(await readdir(folder)).toEqual(['opa-1.19.1-release'])
  expect(await readFile(downloadedPath('opa', folder), 'utf8')).toBe('as it was')
})

test.each([
  [
    'says another version',
    '#!/bin/sh\necho "Version: 1.18.0"\n',
    /it says that it is 1\.18\.0\. It was thrown away\.$/,
  ],
  ['does not run here', 'MZ', /is not opa 1\.19\.1: it /],
])('a release with the right sum that %s is not kept', async (_what, text, words) => {
  const { release } = await publisher(text)
  const { path, left } = await download(release, sumOf(text))
  expect(String(path)).toMatch(words)
  expect(left).toEqual([])
})

const hostile: readonly [string, RequestListener, RegExp][] = [
  ['is not there', (_request, answer) => void answer.writeHead(404).end('Not Found'), /answered HTTP 404\.$/],
  [
    'is redirected to http',
    (_r, answer) => void answer.writeHead(302, { location: 'http://127.0.0.1:1/x' }).end(),
    /redirected to http:\/\/127\.0\.0\.1:1, not https/,
  ],
  [
    'is redirected to a file',
    (_r, answer) => void answer.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    /not https/,
  ],
  ['is redirected nowhere', (_r, answer) => void answer.writeHead(302).end(), /answered HTTP 302\.$/],
  [
    'is redirected for ever',
    (request, answer) => void answer.writeHead(302, { location: request.url }).end(),
    /redirected more than 5 times/,
  ],
  [
    'says that it is too large',
    (_r, answer) => answer.writeHead(200, { 'content-length': 1e12 }).flushHeaders(),
    /larger than/,
  ],
  [
    'ends in the middle',
    (_r, answer) => {
      answer.writeHead(200, { 'content-length': 100 }).write('#!/bin')
      setImmediate(() => answer.destroy())
    },
    /could not be fetched|ended in the middle/,
  ],
  [
    'stops in the middle',
    (_r, answer) => void answer.writeHead(200, { 'content-length': 100 }).write('#!/bin'),
    /nothing came for 200 ms/,
  ],
  ['says nothing', () => {}, /nothing came for 200 ms/],
]

test.each(hostile)('a release that %s leaves nothing behind', async (_what, listener, words) => {
  const release = releaseAt(await serve(listener))
  const { path, left } = await download(release, sum, words.source.includes('200 ms') ? { idleMs: 200 } : {})
  expect(String(path)).toMatch(words)
  expect(left).toEqual([])
})

test('a publisher that cannot prove who it is is not believed, and plain HTTP is not spoken', async () => {
  const { release } = await publisher()
  await expect(publishedSha256(release, { signal: never })).rejects.toThrow(/could not be fetched: .*certificate/)
  const plain = await listening(createPlainServer((_request, answer) => void answer.end(sum)))
  await expect(publishedSha256(releaseAt(plain), trust())).rejects.toThrow(/could not be fetched/)
})

test('without a network it is told that it could not be fetched, and a download that is stopped leaves nothing', async () => {
  const { release } = await publisher()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await expect(publishedSha256(release, trust())).rejects.toThrow(/could not be fetched: .*ECONNREFUSED/)
  const stop = new AbortController()
  const host = await serve((_request, answer) => {
    answer.writeHead(200, { 'content-length': 100 }).write('#!/bin')
    stop.abort()
  })
  const { path, left } = await download(releaseAt(host), sum, { signal: stop.signal })
  expect(String(path)).toContain('It was stopped.')
  expect(left).toEqual([])
})
