import { ORPCError } from '@orpc/client'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { EnvironmentDraft, ProgramQuestion, SourceNamed } from '../../shared/contract/environment-setup.ts'
import type { SourceTestReport } from '../../shared/contract/environments.ts'
import { errorSentence } from '../../shared/words/errors.ts'
import { useApi } from './api-context.tsx'
import { failureOf } from './failure.ts'
import { useMoment } from './moment.tsx'

/** What went wrong, as the service says it; a service that does not answer is said in our own words. */
export function failureSentence(error: unknown): string {
  const { code, subject, advice } = failureOf(error)
  if (error instanceof ORPCError && error.defined) return advice === null ? error.message : `${error.message} ${advice}`
  return errorSentence(code, subject, advice)
}

/** The contexts of this machine; asked again each time they are looked at, and never by themselves. */
export function useContexts(kubeconfig: string | null) {
  const { queries } = useApi()
  return useQuery(queries.environments.contexts.queryOptions({ input: { kubeconfig }, staleTime: 0, retry: false }))
}

/** Programs that sources want to run and that nobody allowed as they are now; a kubeconfig may change at any time. */
export function useProgramQuestions(environment: string | null): readonly ProgramQuestion[] {
  const { queries } = useApi()
  const { snapshot } = useMoment()
  const { data } = useQuery(
    queries.environments.programs.queryOptions({
      input: { environment: environment ?? '-' },
      enabled: environment !== null && snapshot === null,
      refetchInterval: 5000,
      retry: false,
    }),
  )
  return environment === null ? [] : (data ?? [])
}

/** Writes into environment.yaml that a program may run, as it was shown. */
export function useAllowProgram(environment: string | null) {
  const { client, queries } = useApi()
  const queryClient = useQueryClient()
  const { busy, failure, run } = useCommand()
  return {
    busy,
    failure,
    allow: ({ source, program }: ProgramQuestion) =>
      run(async () => {
        if (environment === null) return
        try {
          await client.environments.allowProgram({ environment, source, mark: program.mark })
        } finally {
          await queryClient.invalidateQueries({ queryKey: queries.environments.programs.key() })
        }
      }),
  }
}

/** After something was written: the list, and with it the menus, are asked again. */
export function useListAgain(): () => Promise<void> {
  const { queries } = useApi()
  const queryClient = useQueryClient()
  return useCallback(
    () => queryClient.invalidateQueries({ queryKey: queries.environments.list.key() }),
    [queries, queryClient],
  )
}

export interface Testing {
  readonly status: 'idle' | 'running' | 'done' | 'stopped' | 'failed'
  /** Sources that were asked and have not answered yet. */
  readonly waiting: readonly SourceNamed[]
  readonly reports: readonly SourceTestReport[]
  readonly tookMs: number | null
  readonly failure: string | null
}

const idle: Testing = { status: 'idle', waiting: [], reports: [], tookMs: null, failure: null }

/** Tests as they come in. Starting again, stopping and leaving the screen end what still runs. */
export function useTesting(): {
  readonly testing: Testing
  readonly start: (environment: string) => void
  readonly stop: () => void
  readonly clear: () => void
} {
  const { client } = useApi()
  const [testing, setTesting] = useState<Testing>(idle)
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])

  const stop = useCallback(() => {
    running.current?.abort()
    setTesting((before) => (before.status === 'running' ? { ...before, status: 'stopped' } : before))
  }, [])
  const clear = useCallback(() => {
    running.current?.abort()
    setTesting(idle)
  }, [])
  const start = useCallback(
    (environment: string) => {
      running.current?.abort()
      const ended = new AbortController()
      running.current = ended
      const change = (next: (before: Testing) => Testing) => {
        if (!ended.signal.aborted) setTesting(next)
      }
      const listen = async () => {
        change(() => ({ ...idle, status: 'running' }))
        try {
          for await (const event of await client.environments.testing({ environment }, { signal: ended.signal })) {
            if (event.type === 'asking')
              change((before) => ({ ...before, waiting: [...before.waiting, ...event.sources] }))
            if (event.type === 'answered') change((before) => answered(before, event.report))
            if (event.type === 'done')
              change((before) => ({ ...before, status: 'done', tookMs: event.tookMs, waiting: [] }))
          }
          // A stream that ends without its last word was cut.
          change((before) =>
            before.status === 'running' ? { ...before, status: 'failed', failure: 'The connection was lost.' } : before,
          )
        } catch (error) {
          change((before) => ({ ...before, status: 'failed', failure: failureSentence(error) }))
        }
      }
      void listen()
    },
    [client],
  )
  return { testing, start, stop, clear }
}

/** A later report of a source replaces the one before. */
export function answered(before: Testing, report: SourceTestReport): Testing {
  const isSame = (one: { readonly source: string; readonly instance: string }) =>
    one.source === report.source && one.instance === report.instance
  const at = before.reports.findIndex(isSame)
  return {
    ...before,
    waiting: before.waiting.filter((one) => !isSame(one)),
    reports: at < 0 ? [...before.reports, report] : before.reports.with(at, report),
  }
}

/** A kept preview is asked for again well before the service forgets it. Milliseconds. */
const keepMs = 60_000

/** Observes drafts under one name, keeps that alive, and lets it be forgotten when the screen is left. */
export function usePreview(edits: string | null): {
  readonly environment: string | null
  readonly show: (draft: EnvironmentDraft) => Promise<string>
} {
  const { client } = useApi()
  const [environment, setEnvironment] = useState<string | null>(null)
  const shown = useRef<{ readonly name: string; readonly draft: EnvironmentDraft } | null>(null)
  useEffect(() => {
    const keep = setInterval(() => {
      const now = shown.current
      // What is forgotten by the service is shown anew when somebody asks for it.
      if (now !== null)
        client.environments.preview({ draft: now.draft, edits, preview: now.name }).catch(() => {
          shown.current = null
        })
    }, keepMs)
    return () => {
      clearInterval(keep)
      const now = shown.current
      shown.current = null
      if (now !== null) client.environments.forget({ preview: now.name }).catch(() => {}) // it forgets by itself too
    }
  }, [client, edits])
  const show = useCallback(
    async (draft: EnvironmentDraft) => {
      const ask = (preview: string | null) => client.environments.preview({ draft, edits, preview })
      const before = shown.current?.name ?? null
      const preview = await ask(before).catch((error: unknown) => {
        if (before !== null && failureOf(error).code === 'not-found') return ask(null)
        throw error
      })
      shown.current = { name: preview.environment, draft }
      setEnvironment(preview.environment)
      return preview.environment
    },
    [client, edits],
  )
  return { environment, show }
}

/** A command that somebody gives: runs one at a time, and keeps in words what went wrong. */
export function useCommand(): {
  readonly busy: boolean
  readonly failure: string | null
  /** False: it failed, or another one runs. */
  readonly run: (work: () => Promise<void>) => Promise<boolean>
  readonly forget: () => void
} {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const isRunning = useRef(false)
  const run = useCallback(async (work: () => Promise<void>) => {
    if (isRunning.current) return false
    isRunning.current = true
    setBusy(true)
    setFailure(null)
    try {
      await work()
      return true
    } catch (error) {
      setFailure(failureSentence(error))
      return false
    } finally {
      isRunning.current = false
      setBusy(false)
    }
  }, [])
  return { busy, failure, run, forget: useCallback(() => setFailure(null), []) }
}
