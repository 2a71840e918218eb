import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { hops } from '../../electron/playground/pipeline/topology.ts'
import { faultIds } from '../../shared/faults/index.ts'

/** The playground from the terminal, as processes: one that runs it, and others that reach it. */
const program = join(import.meta.dirname, '..', '..', 'bin', 'everyhop.js')
const longMs = 180_000
let folder: string
let foreground: ChildProcessByStdio<null, Readable, Readable> | null

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-play-cli-'))
  foreground = null
})
afterEach(async () => {
  if (foreground !== null && foreground.exitCode === null) {
    foreground.kill('SIGKILL')
    await once(foreground, 'exit')
  }
  await rm(folder, { recursive: true, force: true })
})

/** Without OPA, and with a folder for temporary files of its own, so that what is left is seen. */
function start(words: readonly string[]) {
  const { PATH: _path, EVERYHOP_OPA: _opa, ...rest } = process.env
  const env = { ...rest, EVERYHOP_HOME: join(folder, 'home'), EVERYHOP_CACHE: join(folder, 'cache'), TMPDIR: folder }
  return spawn(process.execPath, [program, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function run(...words: readonly string[]) {
  const child = start(words)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const [code] = z.tuple([z.number().nullable(), z.unknown()]).parse(await once(child, 'close'))
  return { code, out, err }
}

const playgroundFolders = async () => (await readdir(folder)).filter((name) => name.startsWith('everyhop-play'))

test(
  'one process runs it, others break, mend and stop it, and nothing is left',
  async () => {
    foreground = start(['playground', 'start', '--fault', 'expired-svid'])
    let said = ''
    foreground.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    let listed = ''
    foreground.stdout.setEncoding('utf8').on('data', (text: string) => (listed += text))
    await expect.poll(() => said, { timeout: longMs }).toContain('Ctrl-C stops it')
    expect(said).toContain('Broken now: expired-svid.')
    expect(said).toContain('authorisation is unknown')
    for (const id of faultIds) expect(listed).toContain(id)
    expect(await playgroundFolders()).toHaveLength(1)

    const injected = await run('playground', 'inject', 'plaintext-hop')
    expect([injected.code, injected.err]).toEqual([0, expect.stringContaining('Broken now: plaintext-hop.')])
    expect((await run('env', 'list')).out).toContain('playground')
    const handshake = await run(
      'diagnose',
      'handshake',
      'gateway',
      'prompt-firewall',
      '--env',
      'playground',
      '--note',
      '--wait',
      '2',
    )
    expect(handshake.out).toMatch(/^## Handshake gateway → prompt-firewall\n\nAs of /)
    const identity = await run('diagnose', 'identity', 'gateway', '--env', 'playground', '--note', '--wait', '2')
    expect(identity.out).toMatch(/^## Identity of gateway\n\nAs of /)
    const healed = await run('playground', 'heal')
    expect([healed.code, healed.err]).toEqual([0, expect.not.stringContaining('Broken now')])
    expect((await run('playground', 'stop')).code).toBe(0)
    if (foreground.exitCode === null) await once(foreground, 'exit')
    expect(foreground.exitCode).toBe(0)
    expect(await playgroundFolders()).toEqual([])
    const none = await run('playground', 'heal')
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('everyhop playground start')])
  },
  longMs * 2,
)

test(
  'the terminal that it runs in may go away: then nothing is left either',
  async () => {
    foreground = start(['playground', 'start'])
    let said = ''
    foreground.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    await expect.poll(() => said, { timeout: longMs }).toContain('Ctrl-C stops it')
    expect(await playgroundFolders()).toHaveLength(1)
    foreground.kill('SIGHUP')
    const [code] = await once(foreground, 'exit')
    expect(code).toBe(0)
    expect(await playgroundFolders()).toEqual([])
  },
  longMs,
)

test(
  'graph show starts one for the moment, without OPA and without a decision, and leaves nothing',
  async () => {
    const shown = await run('graph', 'show', '--env', 'playground', '--json')
    const document = z
      .object({
        environment: z.literal('playground'),
        hops: z.array(z.object({ authorisation: z.object({ state: z.string() }) })),
      })
      .parse(JSON.parse(shown.out))
    expect(document.hops.length).toBeGreaterThanOrEqual(hops.length)
    expect(new Set(document.hops.map(({ authorisation }) => authorisation.state))).toEqual(new Set(['unknown']))
    expect(await playgroundFolders()).toEqual([])
  },
  longMs,
)

test('the faults are listed for programs, and a wrong one is told', async () => {
  const faults = z
    .array(z.object({ id: z.enum(faultIds), lookFor: z.string().min(1), notHere: z.string().nullable() }))
    .parse(JSON.parse((await run('playground', 'faults', '--json')).out))
  expect(faults.map(({ id }) => id).toSorted()).toEqual([...faultIds].toSorted())
  const wrong = await run('playground', 'inject', 'nonsense')
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('there is no fault "nonsense"')])
})
