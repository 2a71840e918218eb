import { Worker } from 'node:worker_threads'
import type { LogStore } from '../../core/log-store.ts'
import type { EmbeddedStoreOptions } from './embedded/embedded-store.ts'
import { isAnswer, type Method } from './worker/messages.ts'

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
  const worker = new Worker(new URL('./worker/store-worker.ts', import.meta.url), { workerData: options })
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
