import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Playground, PlaygroundOptions } from '../../electron/playground/parts.ts'

export interface FakePlaygrounds {
  /** What happened to them, in order. */
  readonly calls: readonly string[]
  /** The next of these fails with these words. */
  failing: { start?: string; inject?: string; useOpa?: string; stop?: string }
  /** Breaking shows on no wire: it is waited for until the playground ends. */
  isHanging: boolean
  /** Starts one that is nothing but its environment file, which names no source. */
  start(options: PlaygroundOptions): Promise<Playground>
}

export function fakePlaygrounds(): FakePlaygrounds {
  const calls: string[] = []
  const told = (what: string, failure: string | undefined): void => {
    calls.push(what)
    if (failure !== undefined) throw new Error(failure)
  }
  const fakes: FakePlaygrounds = {
    calls,
    failing: {},
    isHanging: false,
    async start({ opa, signal }) {
      told(`start ${opa ?? 'without opa'}`, fakes.failing.start)
      const folder = await mkdtemp(join(tmpdir(), 'eh-fake-playground-'))
      const environmentFile = join(folder, 'environment.yaml')
      await writeFile(
        environmentFile,
        'apiVersion: everyhop.dev/v1\nkind: Environment\nname: playground\nsources: {}\n',
      )
      const now = { active: null as string | null, hasOpa: opa !== null, isAttended: true }
      return {
        environmentFile,
        get authorisation() {
          return now.hasOpa ? ('deciding' as const) : ('no-opa' as const)
        },
        heldBack: 0,
        get active() {
          return now.active
        },
        async inject(fault) {
          told(`inject ${fault}`, fakes.failing.inject)
          if (fakes.isHanging) {
            await new Promise((_resolve, reject) => {
              signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
            })
          }
          now.active = fault
        },
        async heal() {
          told('heal', undefined)
          now.active = null
        },
        async useOpa(program) {
          told(`useOpa ${program}`, fakes.failing.useOpa)
          now.hasOpa = true
        },
        attend(isAttended) {
          if (isAttended !== now.isAttended) told(isAttended ? 'attended' : 'left alone', undefined)
          now.isAttended = isAttended
        },
        async stop() {
          told('stop', fakes.failing.stop)
          await rm(folder, { recursive: true, force: true })
        },
      }
    },
  }
  return fakes
}
