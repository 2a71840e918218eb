import { join } from 'node:path'
import type { Clock, Files, Log } from '../../core/ports.ts'
import type { FoundFrame } from '../stores/segments/segment-files.ts'
import { openSegmentWriter } from '../stores/segments/segment-writer.ts'
import { type ForwardQueue, openForwardQueue } from './forward-queue.ts'
import { postJson } from './post.ts'

export interface ForwardSettings {
  /** The organisation's service: the path of each upload is put behind it. */
  readonly url: URL
  readonly tokenFile: string | null
  readonly caFile: string | null
  /** Of this queue alone. */
  readonly folder: string
  /** What may wait on the disk. Bytes; beyond it senders are asked to come again. */
  readonly maxBytes: number
}

export interface Forwarder {
  readonly queue: ForwardQueue
  /** Something was put into the queue. */
  wake(): void
  state(): ForwardState
  close(): Promise<void>
}

export interface ForwardState {
  readonly sent: number
  /** The service said that it will never take them: kept in the folder `refused`, not sent again. */
  readonly refused: number
  readonly waitingBytes: number
  /** Why the oldest does not get through; null while it does. */
  readonly problem: string | null
}

const firstBackOffMs = 500
const longestBackOffMs = 60_000
const deadlineMs = 30_000
/** Sending the same again would get the same answer. */
const final: ReadonlySet<number> = new Set([400, 404, 405, 410, 413, 415, 422])

/** Sends what was received on, unchanged and in order, each at least once, for as long as it takes. */
export async function startForwarder(
  settings: ForwardSettings,
  ports: { readonly clock: Clock; readonly log: Log; readonly files: Files },
): Promise<Forwarder> {
  const queue = await openForwardQueue(settings.folder, settings.maxBytes)
  const ending = new AbortController()
  let wake: () => void = () => {}
  let sent = 0
  let refused = 0
  let problem: string | null = null

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
      report(`${settings.url.host} answered ${status}`)
      return final.has(status) ? 'refused' : 'again'
    } catch (thrown) {
      report(`${settings.url.host}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      return 'again'
    }
  }

  function report(words: string): void {
    // Once for each new problem: a service that is down for a day must not fill the log.
    if (words !== problem && !ending.signal.aborted) ports.log.warn('decision logs wait to be sent on', { why: words })
    problem = words
  }

  async function keepRefused(frame: FoundFrame): Promise<void> {
    const writer = await openSegmentWriter({
      folder: join(settings.folder, 'refused'),
      readFrom: { segment: 0, offset: 0 },
    })
    await writer.append(frame.header, frame.payload, () => {})
    await writer.close()
  }

  async function run(): Promise<void> {
    let backOff = firstBackOffMs
    while (!ending.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const frame = await queue.next()
      if (frame === null) {
        problem = null
        await woken
        continue
      }
      const outcome = await send(frame)
      if (outcome === 'again') {
        await ports.clock.sleep(backOff, ending.signal).catch(() => {})
        backOff = Math.min(backOff * 2, longestBackOffMs)
        continue
      }
      if (outcome === 'refused') await keepRefused(frame)
      await queue.confirm(frame)
      if (outcome === 'sent') sent += 1
      else refused += 1
      if (outcome === 'sent') problem = null
      backOff = firstBackOffMs
    }
  }

  const running = run().catch((thrown: unknown) => {
    problem = `sending on has stopped: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    ports.log.error('sending decision logs on has stopped', { why: problem })
  })
  return {
    queue,
    wake: () => wake(),
    state: () => ({ sent, refused, waitingBytes: queue.size(), problem }),
    async close() {
      ending.abort()
      wake()
      await running
      await queue.close()
    },
  }
}

function targetOf(base: URL, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`
  return url
}
