import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { builtAt, envoyProxy, scope } from '../../test/builders/facts.ts'
import { smallPipeline } from '../../test/builders/pipeline.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { type LastKnownOptions, openLastKnown } from './state-facts.ts'

const quiet = { info() {}, warn() {}, error() {} }

function options(folder: string, over: Partial<LastKnownOptions> = {}): LastKnownOptions {
  return { path: join(folder, 'kept', 'lab.sqlite'), mark: 'one', now: () => builtAt, log: quiet, ...over }
}

test('what is kept comes back as last known, with its age and without its gaps', async () => {
  const folder = await temporaryFolder()
  const { scopes } = smallPipeline()
  const first = openLastKnown(options(folder))
  expect(first.load()).toEqual([])
  first.save(scopes, [])
  first.close()
  const again = openLastKnown(options(folder))
  const byId = new Map(again.load().map((state) => [state.scope, state]))
  expect(byId.size).toBe(scopes.length)
  for (const { scope: id, facts, readAt, triedAt } of scopes) {
    expect(byId.get(id)).toEqual({ scope: id, facts, gaps: [], readAt, triedAt, current: false })
  }
  const [gone] = scopes
  again.save([], [gone?.scope ?? ''])
  expect(again.load()).toHaveLength(scopes.length - 1)
  again.close()
})

test('the files are readable by this user only', async () => {
  const folder = await temporaryFolder()
  const kept = openLastKnown(options(folder))
  kept.save(smallPipeline().scopes, [])
  for (const name of await readdir(join(folder, 'kept'))) {
    expect([name, (await stat(join(folder, 'kept', name))).mode & 0o777]).toEqual([name, 0o600])
  }
  kept.close()
})

test('facts of another version are forgotten', async () => {
  const folder = await temporaryFolder()
  const before = openLastKnown(options(folder))
  before.save(smallPipeline().scopes, [])
  before.close()
  const after = openLastKnown(options(folder, { mark: 'two' }))
  expect(after.load()).toEqual([])
  after.close()
  const back = openLastKnown(options(folder, { mark: 'one' }))
  expect(back.load()).toEqual([])
  back.close()
})

test('what is older than a month is not shown', async () => {
  const folder = await temporaryFolder()
  const kept = openLastKnown(options(folder, { now: () => builtAt + 31 * 86_400_000 }))
  kept.save(smallPipeline().scopes, [])
  expect(kept.load()).toEqual([])
  kept.close()
})

test('a file that is damaged, or something else, is replaced', async () => {
  const folder = await temporaryFolder()
  const first = openLastKnown(options(folder))
  first.save(smallPipeline().scopes, [])
  first.close()
  const { path } = options(folder)
  const bytes = await readFile(path)
  const damages = [
    Buffer.from('not a database at all, but long enough to be read as one'.repeat(20)),
    bytes.subarray(0, 5000),
  ]
  for (const damage of damages) {
    await writeFile(path, damage)
    const next = openLastKnown(options(folder))
    expect(next.load()).toEqual([])
    next.save([scope('envoy/gateway/proxy', [envoyProxy('gateway')])], [])
    expect(next.load()).toHaveLength(1)
    next.close()
  }
})

test('more than its share of the disk is refused, and what was kept stays', async () => {
  const folder = await temporaryFolder()
  const kept = openLastKnown(options(folder, { maxBytes: 200 * 1024 }))
  kept.save([scope('envoy/small/proxy', [envoyProxy('small')])], [])
  // Names that cannot be packed into less.
  const noise = Array.from({ length: 20_000 }, () => envoyProxy(randomUUID()))
  expect(() => kept.save([scope('envoy/large/proxy', noise)], [])).toThrow(expect.objectContaining({ code: 'full' }))
  expect(kept.load().map((state) => state.scope)).toEqual(['envoy/small/proxy'])
  kept.save([], ['envoy/small/proxy'])
  expect(kept.load()).toEqual([])
  kept.close()
})

test('a process that is killed while it keeps leaves whole saves only', async () => {
  const folder = await temporaryFolder()
  const { path } = options(folder)
  const root = join(import.meta.dirname, '..', '..')
  const script = `const { openLastKnown } = await import(${JSON.stringify(join(import.meta.dirname, 'state-facts.ts'))});
    const { envoyProxy, scope } = await import(${JSON.stringify(join(root, 'test', 'builders', 'facts.ts'))});
    const log = { info() {}, warn() {}, error() {} };
    const kept = openLastKnown({ path: ${JSON.stringify(path)}, mark: 'one', now: () => ${builtAt}, log });
    for (let round = 0; ; round += 1) {
      const states = ['a', 'b', 'c'].map((name) => scope('envoy/' + name + '/proxy', [envoyProxy(name + round)]));
      kept.save(states, []);
      if (round === 3) console.log('keeping');
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  const kept = openLastKnown(options(folder))
  const rounds = kept.load().map(({ facts }) => facts.map((fact) => fact.from.instance.replace(/\D/g, '')).join())
  expect(rounds).toHaveLength(3)
  expect(new Set(rounds).size).toBe(1)
  kept.close()
})
