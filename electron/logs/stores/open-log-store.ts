import { Worker } from 'node:worker_threads'
import type { KeptLine } from '../../core/log-lines.ts'
import type { LogStore } from '../../core/log-store.ts'
import type { EmbeddedStoreOptions } from './embedded/embedded-store.ts'
import { isAnswer, type LinesCall, type Method } from './worker/messages.ts'

type Result<Name extends Method> = Awaited<ReturnType<LogStore[Name]>>

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: Error) => void
}

/**
 * Opens the embedded store in a thread of its own, so that the service answers while millions of records are taken in.
 * Rejects when another process has the folder open. When the thread ends by itself, every call rejects with its words;
 * what was acknowledged is found again by opening the store anew.
 */
export async function openLogStore(options: EmbeddedStoreOptions): Promise<LogStore> {
  const worker = new Worker(new URL('./worker/store-worker.ts', import.meta.url), {
    workerData: options,
    // What passes through is short-lived and large: with more room it is only held for longer, for 90 MB and no time.
    resourceLimits: { maxYoungGenerationSizeMb: 32 },
  })
  const pending = new Map<number, Pending>()
  let calls = 0
  let ended: Error | null = null

  function end(reason: Error): void {
    ended ??= reason
    for (const { reject } of pending.values()) reject(reason)
    pending.clear()
  }

  worker.on('message', (message: unknown) => {
    if (!isAnswer(message)) return
    const waiting = pending.get(message.id)
    pending.delete(message.id)
    if (message.outcome === 'done') waiting?.resolve(message.value)
    else waiting?.reject(new Error(message.words))
  })
  worker.on('error', (thrown: unknown) => end(thrown instanceof Error ? thrown : new Error(String(thrown))))
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  void exited.then(() => end(new Error('the log store has ended')))

  function reply(id: number): Promise<unknown> {
    if (ended !== null) return Promise.reject(ended)
    return new Promise((resolve, reject) => pending.set(id, { resolve, reject }))
  }

  function call<Name extends Method>(method: Name, ...parameters: Parameters<LogStore[Name]>): Promise<Result<Name>> {
    calls += 1
    const answer = reply(calls)
    if (ended === null) worker.postMessage({ id: calls, method, parameters })
    // The other end is `store[method]` itself.
    return answer as Promise<Result<Name>>
  }

  function ask(message: Omit<LinesCall & { readonly lines: 'begin' }, 'id'> | Omit<LinesCall, 'id'>): Promise<unknown> {
    calls += 1
    const answer = reply(calls)
    if (ended === null) worker.postMessage({ ...message, id: calls })
    return answer
  }

  async function* lines(
    ...[record, after, signal]: Parameters<LogStore['lines']>
  ): AsyncGenerator<readonly KeptLine[]> {
    calls += 1
    const reading = calls
    await ask({ lines: 'begin', reading, record, after })
    // Whoever leaves does not wait for what was asked for last: it is broken off, and that nobody hears must not end the process.
    const askNext = (): Promise<unknown> => {
      const asked = ask({ lines: 'next', reading })
      asked.catch(() => {})
      return asked
    }
    try {
      let next = askNext()
      for (;;) {
        signal.throwIfAborted()
        const batch = await next
        // The other end is `store.lines` itself.
        if (batch === null) return
        // It reads on while these are worked on.
        next = askNext()
        yield batch as readonly KeptLine[]
      }
    } finally {
      if (ended === null) await ask({ lines: 'leave', reading }).catch(() => {})
    }
  }

  await reply(0)
  return {
    append: (upload) => call('append', upload),
    settle: () => call('settle'),
    find: (id, window, limit) => call('find', id, window, limit),
    raw: (record) => call('raw', record),
    records: (query) => call('records', query),
    hopActivity: (window) => call('hopActivity', window),
    refusedRequests: (query) => call('refusedRequests', query),
    refusalSums: (query) => call('refusalSums', query),
    decisionCounts: (query) => call('decisionCounts', query),
    authorisationCounts: (window) => call('authorisationCounts', window),
    denialsBy: (window, buckets) => call('denialsBy', window, buckets),
    hopCoverage: (window, bucketMs) => call('hopCoverage', window, bucketMs),
    lines,
    linesWindow: (record, window) => call('linesWindow', record, window),
    counts: () => call('counts'),
    state: () => call('state'),
    retain: (now) => call('retain', now),
    importFile: (file, record, source, now) => call('importFile', file, record, source, now),
    async close() {
      await call('close')
      // Stopping a thread in the middle of DuckDB's work would end the process: it ends by itself.
      await exited
    },
  }
}
