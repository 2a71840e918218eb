import { join } from 'node:path'
import type { Clock, Files, Log } from '../../core/ports.ts'
import type { ForwardState } from '../../core/receiver-state.ts'
import type { FoundFrame } from '../stores/segments/segment-files.ts'
import { type ForwardQueue, openForwardQueue } from './forward-queue.ts'
import { postJson } from './post.ts'

export interface ForwardSettings {
  /** The organisation's service: the path of each upload is put behind it. */
  readonly url: URL
  readonly tokenFile: string | null
  readonly caFile: string | null
  /** Of this queue alone. */
  readonly folder: string
  /** What may wait on the disk, with what was refused. Bytes; beyond it senders are asked to come again. */
  readonly maxBytes: number
}

export interface Forwarder {
  readonly queue: ForwardQueue
  /** Something was put into the queue. */
  wake(): void
  state(): ForwardState
  close(): Promise<void>
}

const firstBackOffMs = 500
const longestBackOffMs = 60_000
const deadlineMs = 30_000
/** What was refused is sent again after, and when this starts: the service may have been mended. Milliseconds. */
const refusedAgainMs = 3_600_000
/**
 * The service does not take this upload as it is. Everything else may be a service, or a proxy before it, that is away or set up
 * wrongly for the moment: a 404 or 405 too.
 */
const final: ReadonlySet<number> = new Set([400, 413, 415, 422])

/** Sends what was received on, unchanged and in order, each at least once, for as long as it takes. */
export async function startForwarder(
  settings: ForwardSettings,
  ports: { readonly clock: Clock; readonly log: Log; readonly files: Files },
): Promise<Forwarder> {
  const refusedQueue = await openForwardQueue(join(settings.folder, 'refused'), () => Number.POSITIVE_INFINITY)
  const queue = await openForwardQueue(settings.folder, () => settings.maxBytes - refusedQueue.size())
  const ending = new AbortController()
  let wake: () => void = () => {}
  let sent = 0
  let refused = 0
  let refusal: string | null = null
  let problem: string | null = null
  let refusedAgainAt = Number.NEGATIVE_INFINITY

  async function send(frame: FoundFrame): Promise<'sent' | 'refused' | 'again'> {
    try {
      const status = await postJson(targetOf(settings.url, frame.header.path ?? '/logs'), frame.payload, {
        contentEncoding: frame.header.encoding,
        token: settings.tokenFile === null ? null : (await ports.files.readText(settings.tokenFile)).trim(),
        ca: settings.caFile === null ? null : await ports.files.readText(settings.caFile),
        deadlineMs,
        signal: ending.signal,
      })
      if (status >= 200 && status < 300) return 'sent'
      const words = `${settings.url.host} answered ${status}`
      if (!final.has(status)) {
        report(words)
        return 'again'
      }
      if (refusal !== words) ports.log.warn('decision logs are refused where they are sent on', { why: words })
      refusal = words
      return 'refused'
    } catch (thrown) {
      report(`${settings.url.host}: ${wordsOf(thrown)}`)
      return 'again'
    }
  }

  function report(words: string): void {
    // Once for each new problem: a service that is down for a day must not fill the log.
    if (words !== problem && !ending.signal.aborted) ports.log.warn('decision logs wait to be sent on', { why: words })
    problem = words
  }

  /** The oldest of a queue; `refused` keeps it aside. Answers null when the queue is empty. */
  async function sendNext(from: ForwardQueue): Promise<'sent' | 'refused' | 'again' | null> {
    const frame = await from.next()
    if (frame === null) return null
    const outcome = await send(frame)
    if (outcome === 'again') return outcome
    // A crash in between sends or keeps it twice, and loses nothing.
    if (outcome === 'refused') await refusedQueue.add(frame.header, frame.payload)
    await from.confirm(frame)
    if (outcome === 'sent') {
      sent += 1
      problem = null
    } else if (from === queue) refused += 1
    return outcome
  }

  /** Each that was refused until now once more. */
  async function sendRefused(): Promise<'again' | null> {
    // Those that are refused again come behind the others.
    const end = refusedQueue.end()
    while (!ending.signal.aborted) {
      const place = (await refusedQueue.next())?.place ?? end
      if (place.segment > end.segment || (place.segment === end.segment && place.offset >= end.offset)) break
      if ((await sendNext(refusedQueue)) === 'again') return 'again'
    }
    refusedAgainAt = ports.clock.now() + refusedAgainMs
    return null
  }

  async function sendAll(): Promise<'again' | null> {
    if (ports.clock.now() >= refusedAgainAt && (await sendRefused()) === 'again') return 'again'
    let outcome = await sendNext(queue)
    while (outcome === 'sent' || outcome === 'refused') {
      if (ending.signal.aborted) return null
      outcome = await sendNext(queue)
    }
    if (outcome === null) problem = null
    return outcome
  }

  async function run(): Promise<void> {
    let backOff = firstBackOffMs
    while (!ending.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const before = sent
      // A full disk, such as for what is kept aside, must not end it: senders are still answered.
      const outcome = await sendAll().catch((thrown: unknown) => {
        report(`sending on failed here: ${wordsOf(thrown)}`)
        return 'again' as const
      })
      if (outcome === null) {
        backOff = firstBackOffMs
        await woken
        continue
      }
      if (sent > before) backOff = firstBackOffMs
      await ports.clock.sleep(backOff, ending.signal).catch(() => {}) // the loop's condition ends it
      backOff = Math.min(backOff * 2, longestBackOffMs)
    }
  }

  /** What was refused comes to its turn also while nothing new arrives. */
  async function keepWaking(): Promise<void> {
    while (!ending.signal.aborted) {
      await ports.clock.sleep(refusedAgainMs, ending.signal).catch(() => {}) // the loop's condition ends it
      wake()
    }
  }

  const running = run()
  void keepWaking()
  return {
    queue,
    wake: () => wake(),
    state: () => ({
      to: settings.url.host,
      sent,
      refused,
      refusedBytes: refusedQueue.size(),
      refusal,
      waitingBytes: queue.size(),
      problem,
    }),
    async close() {
      ending.abort()
      wake()
      await running
      await queue.close()
      await refusedQueue.close()
    },
  }
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

function targetOf(base: URL, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`
  return url
}
