import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ManagedOpa, startManagedOpa } from '../tools/managed-opa.ts'
import { type OpaCommand, OpaProblem } from '../tools/opa-command.ts'
import { writeBundleFolder } from './bundle-archive.ts'
import type { Subject } from './subjects.ts'
import { writeWhole } from './write-whole.ts'

/** OPAs of our own that stay up, each with one policy: starting one takes longer than a hundred decisions. */
export interface ManagedOpas {
  /**
   * Rejects with `PolicyRefused` when OPA does not take the policy or it would reach out, with `OpaProblem` when OPA does not
   * start.
   */
  use<Value>(subject: Subject, work: (opa: ManagedOpa) => Promise<Value>): Promise<Value>
  close(): Promise<void>
}

/** Why a policy cannot be evaluated here, in OPA's words; it stays so. */
export class PolicyRefused extends OpaProblem {}

interface Kept {
  /** A draft, or a revision: of a draft that was edited only the newest stays. */
  readonly of: string
  readonly running: Promise<Running>
  users: number
}

interface Running {
  readonly opa: ManagedOpa
  readonly folder: string
}

/** Beyond it those end that are not in use, the one used longest ago first. */
const mostKept = 4
const idleMs = 10 * 60_000

export function createManagedOpas(opa: () => Promise<OpaCommand>, workFolder: string): ManagedOpas {
  /** By content: an edited draft is another policy. */
  const kept = new Map<string, Kept>()
  const idle = setTimeout(() => void endUnused(0), idleMs)
  idle.unref()

  async function start(command: OpaCommand, subject: Subject): Promise<Running> {
    await mkdir(workFolder, { recursive: true, mode: 0o700 })
    const folder = await mkdtemp(join(workFolder, 'managed-'))
    try {
      await writeBundleFolder(folder, subject)
      const capabilitiesFile = join(workFolder, `capabilities-${command.version}.json`)
      await writeWhole(capabilitiesFile, await command.capabilities())
      // Beside each other: nothing is evaluated before it is known that nothing in it reaches out.
      const [checked, started] = await Promise.allSettled([
        command.check(folder, { strict: false, capabilitiesFile }),
        startManagedOpa(command.path, folder),
      ])
      const problems = checked.status === 'fulfilled' ? checked.value : []
      if (checked.status === 'fulfilled' && started.status === 'fulfilled' && problems.length === 0)
        return { opa: started.value, folder }
      if (started.status === 'fulfilled') await started.value.stop()
      if (problems.length > 0) throw refusal(problems)
      throw checked.status === 'rejected' ? checked.reason : started.status === 'rejected' ? started.reason : null
    } catch (reason) {
      await rm(folder, { recursive: true, force: true })
      throw reason
    }
  }

  async function end(key: string): Promise<void> {
    const found = kept.get(key)
    kept.delete(key)
    const running = await found?.running.catch(() => null)
    if (running === null || running === undefined) return
    await running.opa.stop()
    await rm(running.folder, { recursive: true, force: true })
  }

  async function endUnused(most: number): Promise<void> {
    const unused = [...kept].filter(([, { users }]) => users === 0).map(([key]) => key)
    await Promise.all(unused.slice(0, Math.max(0, kept.size - most)).map(end))
  }

  /** Counted as used by the caller, so that it does not end in between. */
  function take(key: string, subject: Subject): Kept {
    const known = kept.get(key)
    const found: Kept = known ?? {
      of: subject.from.kind === 'draft' ? subject.from.draft : key,
      running: opa().then((command) => start(command, subject)),
      users: 0,
    }
    if (known === undefined) {
      found.running.catch((reason: unknown) => {
        // What OPA refuses it refuses again.
        if (!(reason instanceof PolicyRefused) && kept.get(key) === found) kept.delete(key)
      })
      for (const [other, { of, users }] of kept) if (of === found.of && users === 0) void end(other)
    }
    found.users += 1
    kept.delete(key)
    kept.set(key, found) // used last
    return found
  }

  async function runningFor(
    key: string,
    subject: Subject,
  ): Promise<{ readonly found: Kept; readonly opa: ManagedOpa }> {
    for (;;) {
      const found = take(key, subject)
      try {
        const running = await found.running
        if (running.opa.alive) return { found, opa: running.opa }
      } catch (reason) {
        found.users -= 1
        throw reason
      }
      // It was stopped for the memory it took, or ended by itself.
      found.users -= 1
      if (kept.get(key) === found) await end(key)
    }
  }

  return {
    async use(subject, work) {
      idle.refresh()
      const { found, opa: running } = await runningFor(contentKey(subject), subject)
      try {
        return await work(running)
      } finally {
        found.users -= 1
        await endUnused(mostKept)
      }
    },
    async close() {
      clearTimeout(idle)
      await Promise.all([...kept.keys()].map(end))
    },
  }
}

function refusal(problems: Awaited<ReturnType<OpaCommand['check']>>): PolicyRefused {
  const words = problems.map(({ path, row, message }) => `${path === null ? '' : `${path}:${row ?? 1}: `}${message}`)
  return new PolicyRefused(words.join('\n').slice(0, 4000))
}

function contentKey({ id, files, roots, manifest }: Subject): string {
  if (id.digest !== null) return id.digest
  const hash = createHash('sha256').update(JSON.stringify([roots, manifest]))
  for (const [path, content] of [...files].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    hash.update(`${path.length} ${path} ${hashOf(content)} `)
  }
  return hash.digest('hex')
}

/** Of bytes that stay as they are: a file that has not changed is the same object. */
const hashes = new WeakMap<Uint8Array, string>()

function hashOf(content: Uint8Array): string {
  const known = hashes.get(content) ?? createHash('sha256').update(content).digest('hex')
  hashes.set(content, known)
  return known
}
