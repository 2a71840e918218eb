import { appendFile, mkdir, open, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { growingStamps } from '../../../electron/playground/simulators/kubernetes/stamps.ts'
import { type ClusterPlan, containerLog } from './plan.ts'

/**
 * Stands for the container runtime: what the servers write to their files becomes the logs of the pods' containers, in the
 * runtime's format (`<RFC 3339 with nanoseconds> stdout F <line>`), from where kwok serves them.
 */
export interface PodLogs {
  close(): Promise<void>
}

interface Source {
  readonly file: string
  readonly targets: readonly { readonly target: string; readonly stage?: string }[]
  inode: number
  position: number
  /** Bytes of a line whose end has not been written yet. */
  rest: Buffer
}

const everyMs = 100
const mostBytesAtOnce = 1024 * 1024
/** A container's log larger than this is put aside, as the kubelet does; one older file is kept. */
const largestLogBytes = 10 * 1024 * 1024
const stageWire = z.object({ stage: z.string() })

export async function startPodLogs(cluster: ClusterPlan, onError: (error: Error) => void): Promise<PodLogs> {
  const sources = new Map<string, Source>()
  for (const pod of cluster.pods) {
    for (const container of pod.containers) {
      const target = containerLog(cluster, pod, container.name)
      await mkdir(path.dirname(target), { recursive: true })
      await writeFile(target, '')
      for (const { file, stage } of container.logs) {
        const known = sources.get(file)?.targets ?? []
        const targets = [...known, stage === undefined ? { target } : { target, stage }]
        sources.set(file, { file, targets, inode: 0, position: 0, rest: Buffer.alloc(0) })
      }
    }
  }
  const time = nanosecondClock()
  // One for all files, which are read one after the other.
  const buffer = Buffer.alloc(mostBytesAtOnce)
  let closed = false
  const round = async (): Promise<void> => {
    for (const source of sources.values()) {
      const lines = await newLines(source, buffer).catch((error: Error) => {
        onError(error)
        return []
      })
      if (lines.length > 0) await passOn(source, lines, time).catch(onError)
    }
  }
  const running = (async () => {
    while (!closed) {
      await round()
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  return {
    close: async () => {
      closed = true
      await running
    },
  }
}

/** Whole lines that were written since the last time, also when the file was replaced or cut meanwhile. */
async function newLines(source: Source, buffer: Buffer): Promise<readonly string[]> {
  const found = await stat(source.file).catch(() => undefined)
  if (found === undefined) return []
  const left = found.ino !== source.inode && source.inode !== 0 ? await restOfReplaced(source, buffer) : []
  if (found.ino !== source.inode || found.size < source.position) {
    source.inode = found.ino
    source.position = 0
    source.rest = Buffer.alloc(0)
  }
  if (found.size === source.position) return left
  return [...left, ...(await readOn(source, source.file, buffer))]
}

/** The end of a file that was put aside as `.1` since it was read. */
async function restOfReplaced(source: Source, buffer: Buffer): Promise<readonly string[]> {
  const aside = `${source.file}.1`
  const found = await stat(aside).catch(() => undefined)
  return found?.ino === source.inode ? readOn(source, aside, buffer) : []
}

async function readOn(source: Source, file: string, buffer: Buffer): Promise<readonly string[]> {
  const handle = await open(file, 'r')
  try {
    const { bytesRead } = await handle.read(buffer, 0, mostBytesAtOnce, source.position)
    source.position += bytesRead
    const text = Buffer.concat([source.rest, buffer.subarray(0, bytesRead)])
    const end = text.lastIndexOf(0x0a)
    source.rest = text.subarray(end + 1)
    return end < 0 ? [] : text.subarray(0, end).toString('utf8').split('\n')
  } finally {
    await handle.close()
  }
}

async function passOn(source: Source, lines: readonly string[], time: () => string): Promise<void> {
  const written = new Map<string, string>()
  for (const line of lines) {
    for (const { target, stage } of source.targets) {
      if (stage !== undefined && stageOfLine(line) !== stage) continue
      written.set(target, `${written.get(target) ?? ''}${time()} stdout F ${line}\n`)
    }
  }
  for (const [target, text] of written) {
    const size = (await stat(target).catch(() => undefined))?.size ?? 0
    if (size > largestLogBytes) await rename(target, `${target}.1`)
    // Opened anew each time, so that the file may be put aside.
    await appendFile(target, text)
  }
}

function stageOfLine(line: string): string | undefined {
  try {
    const parsed = stageWire.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data.stage : undefined
  } catch {
    return undefined
  }
}

export function nanosecondClock(now: () => number = Date.now): () => string {
  const stamp = growingStamps()
  return () => stamp(now())
}
