import type { ServerResponse } from 'node:http'
import { badRequest, quoted, type Refusal, refuse } from './status.ts'

/** A line of a container's log with the time that its runtime gave it. */
export interface StampedLine {
  /** RFC 3339 with nanoseconds. */
  readonly stamp: string
  readonly text: string
}

/** What a kubelet has of one container's log. */
export interface ContainerLog {
  lines(): readonly StampedLine[]
  /** Hears of lines from now on, and of the end of the log when its container is replaced; gives what ends following. */
  follow(listener: (lines: readonly StampedLine[]) => void, ended: () => void): () => void
}

/** So much may wait for a reader that does not read; then it has to ask again. */
const mostWaitingBytes = 16 * 1024 * 1024

/** Answers `GET …/pods/<name>/log`. */
export function serveLog(log: ContainerLog, url: URL, response: ServerResponse): void {
  const query = url.searchParams
  const refusal = unserved(query)
  if (refusal !== null) {
    refuse(response, refusal)
    return
  }
  const hasStamps = query.get('timestamps') === 'true'
  const written = (lines: readonly StampedLine[]): string =>
    lines.map(({ stamp, text }) => (hasStamps ? `${stamp} ${text}\n` : `${text}\n`)).join('')
  const lines = log.lines()
  const since = query.get('sinceTime')
  const from = since === null ? Number.NEGATIVE_INFINITY : Date.parse(since)
  const kept = since === null ? lines : lines.filter(({ stamp }) => Date.parse(stamp) >= from)
  const tail = Number(query.get('tailLines') ?? Number.POSITIVE_INFINITY)
  const text = written(kept.slice(Math.max(0, kept.length - tail)))
  response.writeHead(200, { 'content-type': 'text/plain' })
  if (query.get('follow') !== 'true') {
    response.end(text)
    return
  }
  // As a kubelet does: not even the status line goes out before there is a line.
  if (text !== '') response.write(text)
  const take = (more: readonly StampedLine[]): void => {
    if (response.writableLength > mostWaitingBytes) response.destroy()
    else if (!response.writableEnded) response.write(written(more))
  }
  const unfollow = log.follow(take, () => response.end())
  response.on('close', unfollow)
}

function unserved(query: URLSearchParams): Refusal | null {
  const since = query.get('sinceTime')
  if (since !== null && Number.isNaN(Date.parse(since))) return badRequest(`invalid sinceTime ${quoted(since)}`)
  if (query.get('previous') === 'true') {
    return badRequest(`previous terminated container ${quoted(query.get('container') ?? '')} not found`)
  }
  return null
}
