import type { PolicyProblem } from '../../../../shared/domain/model/policy.ts'
import type { Client } from '../../../api/client.ts'
import { failureSentence } from '../../../api/environments.ts'
import type { BenchState } from './bench-state.ts'

/** Nobody has typed for so long before syntax is asked for. Milliseconds. */
const pauseMs = 30

export interface ChecksParts {
  readonly client: Client
  readonly draft: string
  readonly get: () => BenchState
  readonly set: (change: Partial<BenchState>) => void
  /** Text of an open file now; null: closed meanwhile. */
  readonly textOf: (path: string) => string | null
  readonly mark: (path: string, owner: 'typed' | 'checked', problems: readonly PolicyProblem[]) => void
}

export interface Checks {
  /** The text of a file has changed. */
  typed(path: string): void
  forget(path: string): void
  /** The draft was written. */
  whole(): Promise<void>
  tests(): Promise<void>
  stop(): void
}

/** Asks OPA about what is typed, what was written, and the tests; of each the latest question counts. */
export function createChecks({ client, draft, get, set, textOf, mark }: ChecksParts): Checks {
  const waiting = new Map<string, ReturnType<typeof setTimeout>>()
  const asking = new Map<string, AbortController>()
  const ended = new AbortController()

  /** Ends the question of this name before, and starts another. */
  function anew(name: string): AbortSignal {
    asking.get(name)?.abort()
    const question = new AbortController()
    asking.set(name, question)
    return AbortSignal.any([question.signal, ended.signal])
  }

  async function syntax(path: string): Promise<void> {
    const text = textOf(path)
    if (text === null) return
    const signal = anew(`typed ${path}`)
    try {
      const found = await client.policy.check({ draft, path, text }, { signal })
      if (signal.aborted || textOf(path) === null) return
      set({ typed: { ...get().typed, [path]: found }, checkFailure: null })
      mark(path, 'typed', found)
    } catch (error) {
      if (!signal.aborted) set({ checkFailure: failureSentence(error) })
    }
  }

  return {
    typed(path) {
      clearTimeout(waiting.get(path))
      waiting.set(
        path,
        setTimeout(() => void syntax(path), pauseMs),
      )
    },
    forget(path) {
      clearTimeout(waiting.get(path))
      asking.get(`typed ${path}`)?.abort()
      const { [path]: _gone, ...typed } = get().typed
      set({ typed })
    },
    async whole() {
      const signal = anew('whole')
      try {
        const found = await client.policy.check({ draft }, { signal })
        if (signal.aborted) return
        set({ checked: found, checkFailure: null })
        const open = get().tabs
        for (const path of open) {
          const own = found.filter((each) => each.path === path && each.code !== 'rego_parse_error')
          mark(path, 'checked', own)
        }
      } catch (error) {
        if (!signal.aborted) set({ checkFailure: failureSentence(error) })
      }
    },
    async tests() {
      const signal = anew('tests')
      set({ testing: true })
      try {
        const run = await client.policy.test({ draft }, { signal })
        if (!signal.aborted) set({ tests: { ...run, isOld: false }, testing: false })
      } catch (error) {
        if (signal.aborted) return
        set({ tests: { results: [], coverage: [], problem: failureSentence(error), isOld: false }, testing: false })
      }
    },
    stop() {
      ended.abort()
      for (const timer of waiting.values()) clearTimeout(timer)
    },
  }
}
